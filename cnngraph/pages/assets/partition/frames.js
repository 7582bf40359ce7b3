// The model of a divided graph: a frame around what each device runs, and bytes on the arrows between them.
//
//    conv1  pool  conv2     becomes   gpu0 {conv1 pool}  gpu1 {conv2}      a block that is cut has a part in several
//                                                                         frames

/**
 * `value` is the model that Python made, whose edges have bytes behind their shapes; `division` the number of the lane of
 * each of its nodes. Where the network goes back and forth between its devices, there are no frames: they would tear it.
 */
function dividedModel(value, lanes, division, unit) {
  const tree = visitsInOrder(value, division) ? framed(value.tree, lanes, division) : value.tree;
  const model = new GraphModel({ ...value, tree });
  const amount = (bytes) => (unit ? bytesText(bytes) : timeText(bytes, unit));
  model.textOf = (indices) => {
    const values = new Map();
    for (const [from, to, , shape, bytes] of indices.map((index) => value.edges[index])) {
      if (crosses(value.nodes, division, from, to)) values.set(`${from} ${shape}`, [shape ?? value.nodes[from].shape, bytes]);
    }
    const [first, ...more] = values.values();
    if (!first) return undefined;
    if (!more.length) return [first[0], amount(first[1])].filter(Boolean).join(", ");
    return `${values.size} values, ${amount([first, ...more].reduce((sum, [, bytes]) => sum + bytes, 0))}`;
  };
  return model;
}

/** Whether a value goes to another device for an edge. What a gradient reads beside its layer came there for the layer. */
function crosses(nodes, division, from, to) {
  const { backward, layer } = nodes[to];
  const isKept = backward && !nodes[from].backward && division[layer] === division[to];
  return division[from] !== division[to] && !isKept;
}

/** Whether the forward part visits the devices one after another. */
function visitsInOrder({ nodes, edges }, division) {
  const waits = new Map(division.map((lane) => [lane, new Set()]));
  for (const [from, to] of edges) {
    const isForward = !nodes[from].backward && !nodes[to].backward;
    if (isForward && division[from] !== division[to]) waits.get(division[to]).add(division[from]);
  }
  for (;;) {
    const free = [...waits].filter(([, before]) => [...before].every((lane) => !waits.has(lane)));
    if (!free.length) return waits.size === 0;
    for (const [lane] of free) waits.delete(lane);
  }
}

function framed(items, lanes, division) {
  const frame = ({ name, label }, lane) => {
    const prefix = frameOf(name);
    const inner = items.map((item) => partOf(item, prefix, (place) => division[place] === lane)).filter(Boolean);
    return inner.length ? { path: prefix, title: label, items: inner } : null;
  };
  return lanes.map(frame).filter(Boolean);
}

/** The path of the frame of a device. */
const frameOf = (name) => `on ${name}`;

/** What of an item `isIn`; its paths begin with that of the frame. */
function partOf(item, prefix, isIn) {
  if (item.nodes) {
    const nodes = item.nodes.filter(isIn);
    return nodes.length ? { ...item, nodes } : null;
  }
  const key = item.items ? "items" : "copies";
  const inner = item[key].map((each) => partOf(each, prefix, isIn)).filter(Boolean);
  if (!inner.length) return null;
  return key === "copies" && inner.length === 1 ? inner[0] : { ...item, path: `${prefix}: ${item.path}`, [key]: inner };
}
