// The end of the worker, behind the layout engine: it lays out what the page sends and answers with places.
// (The worker is no part of the page: nothing here is seen there.)

const engineReady = Viz.instance();
engineReady.then(() => postMessage({ ready: true }));

onmessage = async ({ data: { id, dot } }) => {
  try {
    const result = (await engineReady).render(dot, { format: "json0" });
    if (result.status !== "success") throw new Error(result.errors.map((e) => e.message).join("; ") || "no layout");
    postMessage({ id, places: placesOf(JSON.parse(result.output)) });
  } catch (cause) {
    postMessage({ id, error: String(cause?.message ?? cause) });
  }
};

/** Points from the top left corner, by the names in the DOT text: n3, f1 (a frame), e7. */
function placesOf(drawn) {
  const [, , width, height] = numbers(drawn.bb);
  const places = { width, height, nodes: {}, frames: {}, edges: {} };
  for (const object of drawn.objects ?? []) {
    if (object.name.startsWith("cluster_")) {
      const [left, bottom, right, top] = numbers(object.bb);
      const frame = { x: left, y: height - top, width: right - left, height: top - bottom };
      places.frames[object.name.slice("cluster_".length)] = frame;
    } else if (object.pos) {
      const [x, y] = numbers(object.pos);
      places.nodes[object.name] = { x, y: height - y };
    }
  }
  for (const edge of drawn.edges ?? []) {
    if (edge.id && edge.pos) places.edges[edge.id] = { ...splines(edge.pos, height), label: point(edge.lp, height) };
  }
  return places;
}

/** A text like "s,1,2 e,3,4 5,6 7,8 ...": where the arrow begins and ends, and the points of its curve. */
function splines(text, height) {
  const found = { curves: [], start: null, end: null };
  for (const part of text.split(";")) {
    const points = [];
    for (const word of part.trim().split(/\s+/)) {
      if (word.startsWith("e,")) found.end = point(word.slice(2), height);
      else if (word.startsWith("s,")) found.start = point(word.slice(2), height);
      else points.push(point(word, height));
    }
    found.curves.push(points);
  }
  return found;
}

function point(text, height) {
  if (!text) return null;
  const [x, y] = numbers(text);
  return [x, height - y];
}

function numbers(text) {
  return text.split(",").map(Number);
}
