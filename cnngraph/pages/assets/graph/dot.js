// A scene in the DOT language: only sizes and numbers. No word of a file stands in it.

const LOOKS = {
  flow: "weight=4",
  skip: "weight=0",
  gradient: "weight=2 dir=back",
  saved: "weight=1 minlen=0",
};

const MANY_ARROWS = 400; // with more, the layout takes less trouble

function dotOf(scene, direction) {
  const effort = scene.arrows.length > MANY_ARROWS ? 2 : 20;
  const lines = [
    `digraph { rankdir=${direction}; nodesep=0.25; ranksep=0.36; nslimit=${effort}; nslimit1=${effort}; mclimit=0.6;`,
    'node [shape=box fixedsize=true label=""]; edge [arrowsize=0.7];',
    ...inside(null, scene),
  ];
  for (const { index, from, to, kind, textWidth } of scene.arrows.filter((arrow) => !arrow.isArc)) {
    const label = textWidth && direction === "LR" ? ` label=${room(textWidth, 15)}` : ""; // else beside the arrow
    const [tail, head] = kind === "gradient" ? [to, from] : [from, to]; // from below, beside what it differentiates
    lines.push(`n${tail.index} -> n${head.index} [id=e${index} ${LOOKS[kind]}${label}];`);
  }
  return [...lines, "}"].join("\n");
}

/** The boxes and frames that stand directly in a frame, or in none. */
function inside(frame, scene) {
  const boxes = scene.boxes.filter((box) => box.frame === frame);
  const lines = boxes.map((box) => `n${box.index} [width=${inches(box.width)} height=${inches(box.height)}];`);
  for (const inner of scene.frames.filter((each) => each.frame === frame)) {
    lines.push(`subgraph cluster_${inner.index} { margin=10; labeljust=l; label=${room(inner.titleWidth, 20)};`);
    lines.push(...inside(inner, scene), "}");
  }
  if (frame && !boxes.some((box) => box.backward)) lines.push(...lanes(boxes, scene));
  return lines;
}

/** The branches that leave one box into a frame stand beside each other in the order of the file. */
function lanes(boxes, scene) {
  const merges = new Map();
  for (const { to, kind } of scene.arrows) if (kind !== "saved") merges.set(to, (merges.get(to) ?? 0) + 1);
  const own = new Set(boxes.filter((box) => merges.get(box) === 1));
  const heads = new Map();
  for (const { from, to, kind } of scene.arrows) {
    if (kind === "flow" && own.has(to)) heads.set(from, [...(heads.get(from) ?? []), `n${to.index}`]);
  }
  return [...heads.values()]
    .filter((row) => row.length > 1)
    .map((row) => `{ rank=same; ${row.join(" -> ")} [style=invis]; }`);
}

/** A label that is nothing but room. */
function room(width, height) {
  return `<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="${width}" HEIGHT="${height}"><TR><TD></TD></TR></TABLE>>`;
}

function inches(points) {
  return (points / 72).toFixed(3);
}
