// Arrows as elements of SVG: their curves, their heads, and what stands beside them.

function arrowElement(arrow, place, model) {
  const classes = `arrow kind-${arrow.kind}${arrow.isArc ? " arc" : ""}`;
  if (!place) return makeSvg("g", { class: classes });
  const lines = place.curves.map((points) => {
    const [start, ...rest] = points;
    const ends = place.end ? ` L${place.end.join(" ")}` : "";
    const begins = place.start ? `M${place.start.join(" ")} L${start.join(" ")}` : `M${start.join(" ")}`;
    return makeSvg("path", { class: "line", d: `${begins} C${rest.map((p) => p.join(" ")).join(" ")}${ends}` });
  });
  const head = place.end
    ? headElement(place.curves[place.curves.length - 1].slice(-1)[0], place.end)
    : place.start && headElement(place.curves[0][0], place.start);
  const words = arrow.text ? wordsElement(arrow, place) : null;
  const touched = lines.map((line) => makeSvg("path", { class: "touched", d: line.getAttribute("d") }));
  const hint = makeSvg("title", {}, travelText(arrow, model));
  return makeSvg("g", { class: classes }, hint, ...touched, ...lines, head, words);
}

/** An arc on the right of all that lies between two boxes, or below it: the further they are apart, the wider. */
function arcOf({ from, to }, direction) {
  const isDown = direction === "TB";
  const side = (box) => (isDown ? [box.x + box.width / 2, box.y] : [box.x, box.y + box.height / 2]);
  const [start, end] = [side(from), side(to)];
  const along = isDown ? 1 : 0;
  const out = Math.max(start[1 - along], end[1 - along]) + 20 + Math.abs(end[along] - start[along]) / 6;
  const turned = (point, share) => {
    const found = [...point];
    found[1 - along] = out;
    found[along] += share * (end[along] - start[along]);
    return found;
  };
  const tip = [...end];
  tip[1 - along] += 7; // the head of the arrow
  return { curves: [[start, turned(start, 0.1), turned(end, -0.1), tip]], start: null, end, label: null, reach: out };
}

/** The words of an arrow: where the layout left room, or else on its right, near where it begins. */
function wordsElement({ text, from }, { label, curves: [points] }) {
  const depth = from.frame ? ` depth-${depthOf(from.frame) % 2}` : "";
  const [x, y] = label ?? pointAfter(points, 13);
  const anchor = label ? "middle" : "start";
  const at = { x: label ? x : x + 5, y: label ? y - 1 : y + 1, "dominant-baseline": "middle", "text-anchor": anchor };
  return makeSvg("text", { class: `small${depth}`, ...at }, text);
}

/** The point of a curve that is about so far from its beginning. */
function pointAfter([a, b, c, d], distance) {
  const at = (t) => {
    const [e, f, g, h] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
    return [0, 1].map((i) => e * a[i] + f * b[i] + g * c[i] + h * d[i]);
  };
  for (let t = 0.1; t < 1; t += 0.1) {
    const point = at(t);
    if (Math.hypot(point[0] - a[0], point[1] - a[1]) >= distance) return point;
  }
  return at(0.5);
}

/** What travels along an arrow: `conv1 → maxpool 3x3/2: 64@112x112`. */
function travelText({ from, to, edges }, model) {
  const [source, target] = [from, to].map((box) => box.title || box.lines.map((line) => line.text).join(", "));
  const shapes = [...new Set(edges.map((index) => model.edges[index].shape))];
  const more = shapes.length > 3 ? [`${shapes.length - 3} more`] : [];
  return `${source} → ${target}: ${edges.length ? [...shapes.slice(0, 3), ...more].join(", ") : to.shape}`;
}

/** The head of an arrow from the end of its curve to its point. */
function headElement([fromX, fromY], [toX, toY]) {
  const length = Math.hypot(toX - fromX, toY - fromY) || 1;
  const [x, y] = [(-(toY - fromY) / length) * 3, ((toX - fromX) / length) * 3];
  const d = `M${toX} ${toY} L${fromX + x} ${fromY + y} L${fromX - x} ${fromY - y} Z`;
  return makeSvg("path", { class: "head", d });
}
