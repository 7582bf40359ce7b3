// A scene with its places as elements of SVG. Words of a file stand in text nodes and attributes, never in markup.

const CORNER = 4;

/** Puts places on boxes (their middle) and frames (their corner), and gives each its `element`; arrows too. */
function drawScene(scene, places, direction) {
  for (const box of scene.boxes) {
    Object.assign(box, places.nodes[`n${box.index}`]);
    box.element = box.kind === "output" ? outputElement(box) : boxElement(box, scene.model);
  }
  for (const frame of scene.frames) {
    Object.assign(frame, places.frames[frame.index]);
    frame.element = frameElement(frame);
    frame.handle = handleElement(frame, scene.opened);
  }
  const extent = direction === "TB" ? "width" : "height";
  for (const arrow of scene.arrows) {
    const place = arrow.isArc ? arcOf(arrow, direction) : places.edges[`e${arrow.index}`];
    arrow.element = arrowElement(arrow, place, scene.model);
    places[extent] = Math.max(places[extent], place?.reach ?? 0);
  }
  return [
    makeSvg("g", { class: "frames" }, ...scene.frames.map((frame) => frame.element)),
    makeSvg("g", { class: "arrows", "aria-hidden": "true" }, ...scene.arrows.map((arrow) => arrow.element)),
    makeSvg("g", { class: "boxes" }, ...scene.order.map((thing) => thing.handle ?? thing.element)),
  ];
}

function boxElement(box, model) {
  const { width, height } = box;
  const left = -width / 2;
  const top = -height / 2;
  const isBlock = box.kind === "block";
  const corner = isBlock || box.kind === "rows" ? CORNER : Math.min(13, height / 2);
  const shape = { x: left, y: top, width, height, rx: corner };
  const behind = (isBlock && box.copies > 1 ? [6, 3] : []).map((by) =>
    makeSvg("rect", { ...shape, x: left + by, y: top - by, class: "behind" }),
  );
  const lines = box.lines.map((line, i) => lineElement(box, line, i, left, top));
  const outline = makeSvg("rect", { ...shape, class: "outline" });
  return makeSvg(
    "g",
    {
      class: `box kind-${box.kind} family-${box.lines[0]?.family ?? "plain"}${box.backward ? " backward" : ""}`,
      role: "button",
      tabindex: "-1",
      "aria-label": nameOf(box, model),
      "aria-expanded": isBlock ? "false" : null,
      "aria-pressed": isBlock ? null : "false",
      "data-id": box.id,
      transform: `translate(${box.x} ${box.y})`,
    },
    ...behind,
    makeSvg("rect", { ...shape, class: "ground" }),
    ...lines,
    outline,
    isBlock ? foldElement(box.path, "▸", left + 2, top + 3) : null,
  );
}

function outputElement(box) {
  const shape = { x: -box.width / 2, y: -box.height / 2, width: box.width, height: box.height, rx: box.height / 2 };
  const middle = { y: 1, "dominant-baseline": "middle", "text-anchor": "middle" };
  const attributes = { class: "box kind-output", role: "button", tabindex: "-1", "aria-pressed": "false" };
  return makeSvg(
    "g",
    {
      ...attributes,
      "aria-label": `output ${box.lines[0].text}`,
      "data-id": box.id,
      transform: `translate(${box.x} ${box.y})`,
    },
    makeSvg("rect", { ...shape, class: "ground" }),
    makeSvg("rect", { ...shape, class: "outline" }),
    makeSvg("text", { class: "row", ...middle }, box.lines[0].text),
  );
}

function lineElement(box, line, i, left, top) {
  const count = box.lines.length;
  const isFilled = box.kind === "rows";
  const height = isFilled ? box.height / count : ROW;
  const y = isFilled ? top + i * height : top + (box.height - count * ROW) / 2 + i * ROW;
  const ground = makeSvg("path", {
    class: "fill",
    d: rounded(left, y, box.width, height, i === 0 ? CORNER : 0, i === count - 1 ? CORNER : 0),
  });
  const at = { x: 0, y: y + height / 2 + 1, "dominant-baseline": "middle", "text-anchor": "middle" };
  return makeSvg(
    "g",
    { class: `line family-${line.family}`, "data-node": line.node },
    isFilled ? ground : null,
    makeSvg("text", { ...at, class: line.font }, line.text),
  );
}

function frameElement(frame) {
  const { x, y, width, height, item } = frame;
  const ground = makeSvg("rect", { class: "ground", x, y, width, height, rx: 8 });
  return makeSvg("g", { class: `frame depth-${depthOf(frame) % 2}${item.copies ? " repeats" : ""}` }, ground);
}

/** The title of an open block, with what closes it and, for a repeat, what shows its copies. */
function handleElement(frame, opened) {
  const { x, y, item } = frame;
  const name = `${frame.title}, open block of ${counted(item.all.length)} operators`;
  const button = { role: "button", tabindex: "-1", "aria-expanded": "true", "aria-label": name };
  const title = makeSvg(
    "g",
    { class: "title", "data-id": frame.id, ...button },
    makeSvg("rect", { class: "hit", x: x + 3, y: y + 4, width: frame.ownWidth, height: 21, rx: 3 }),
    makeSvg("text", { class: "title", x: x + FOLD + 4, y: y + 15, "dominant-baseline": "middle" }, frame.title),
    foldElement(frame.path, "▾", x + 4, y + 4),
  );
  const unroll = item.copies ? unrollElement(frame, opened.isUnrolled(item)) : null;
  return makeSvg("g", { class: `handle depth-${depthOf(frame) % 2}` }, title, unroll);
}

/** The small mark that opens or closes a block at a click. */
function foldElement(path, sign, x, y) {
  return makeSvg(
    "g",
    { class: "fold", "data-path": path },
    makeSvg("rect", { class: "hit", x, y, width: FOLD - 2, height: 20, rx: 3 }),
    makeSvg("text", { x: x + 8, y: y + 11, "dominant-baseline": "middle", "text-anchor": "middle" }, sign),
  );
}

function unrollElement(frame, isUnrolled) {
  const count = frame.item.copies.length;
  const x = frame.x + frame.ownWidth + 7;
  const label = `Show ${isUnrolled ? "one of" : "all"} ${count} copies of ${frame.title}`;
  return makeSvg(
    "g",
    { class: "unroll", role: "button", tabindex: "-1", "aria-label": label, "data-unroll": frame.id },
    makeSvg("rect", { class: "hit", x, y: frame.y + 5, width: UNROLL, height: 18, rx: 9 }),
    makeSvg(
      "text",
      { class: "small", x: x + UNROLL / 2, y: frame.y + 15, "dominant-baseline": "middle", "text-anchor": "middle" },
      isUnrolled ? "one" : `all ${count}`,
    ),
  );
}

function rounded(x, y, width, height, top, bottom) {
  return [
    `M${x + top} ${y} h${width - 2 * top} a${top} ${top} 0 0 1 ${top} ${top} v${height - top - bottom}`,
    `a${bottom} ${bottom} 0 0 1 ${-bottom} ${bottom} h${2 * bottom - width}`,
    `a${bottom} ${bottom} 0 0 1 ${-bottom} ${-bottom} v${top + bottom - height} a${top} ${top} 0 0 1 ${top} ${-top} Z`,
  ].join(" ");
}

function depthOf(frame) {
  let depth = 0;
  for (let around = frame.frame; around; around = around.frame) depth += 1;
  return depth;
}

/** What a screen reader says of a box: `conv 6, 5x5, 6@28x28, 156 parameters`. */
function nameOf(box, model) {
  const nodes = box.nodes.map((id) => model.byId.get(id));
  if (box.kind === "block") {
    const words = box.lines.slice(1).map((line) => line.text);
    return [box.title, `closed block of ${counted(nodes.length)} operators`, ...words].join(", ");
  }
  const counts = nodes.map((node) => node.parameters).filter((count) => count !== 0);
  const shape = box.kind === "input" ? [] : [box.shape];
  const copies = box.copies > 1 ? [`one of ${box.copies} copies`] : [];
  const texts = nodes.map((node) => node.text);
  return [box.title, ...texts, ...shape, ...counts.map(parametersText), ...copies].filter(Boolean).join(", ");
}
