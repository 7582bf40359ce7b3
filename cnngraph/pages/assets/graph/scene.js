// What is drawn when some blocks are open: boxes in frames, and arrows between boxes. No sizes and no places yet.

const SIGNS = { add: "+", mul: "×" };
const MANY_LONG = 80; // arrows that pass by other boxes: with more, the layout does without them

/**
 * A box: {id, index, kind, item, frame, title, rows, nodes, hidden, copies, path, shape}. kind: input, merge, rows,
 *   block (closed: `path` opens it) or output. rows: [{text, family, node}]. `nodes` are the ids of what it shows,
 *   `hidden` those in folded copies of it.
 * A frame: {id, index, item, frame, title, path, boxes}: an open block.
 * An arrow: {index, from, to, kind, edges, text, isArc}: boxes, and the indices of the edges of the model that it
 *   stands for. Where very many pass by other boxes, these are arcs: they are drawn beside, and not laid out.
 */
class Scene {
  constructor(model, opened) {
    this.model = model;
    this.opened = opened;
    this.boxes = [];
    this.frames = [];
    this.order = []; // frames and boxes as one reads them
    this.home = new Array(model.nodes.length).fill(null); // the box of each node
    this.shown = new Set(); // indices of the nodes that are not in folded copies
    this.#fill(opened.inside(model.root), null);
    for (const box of this.boxes) box.of = this.#forwardOf(box);
    this.arrows = this.#arrows();
    this.#label();
    this.count = this.boxes.length; // outputs are not counted
    this.#addOutputs();
  }

  /** The boxes of nodes, blocks or boxes, by their ids; what is not drawn leads to the closed block that hides it. */
  boxesOf(ids) {
    const found = new Set();
    for (const id of ids) {
      for (const name of this.model.nodesOf(id)) found.add(this.home[this.model.byId.get(name).index]);
    }
    found.delete(null);
    return found;
  }

  #fill(items, frame) {
    for (const item of items) {
      if (item.nodes || !this.opened.isOpen(item)) this.#box(item, frame);
      else {
        const { id, title, path } = item;
        const made = { id, index: this.frames.length, item, frame, title, path, boxes: [] };
        this.frames.push(made);
        this.order.push(made);
        this.#fill(this.opened.inside(item), made);
        if (item.copies && !this.opened.isUnrolled(item)) this.#hide(item);
      }
    }
  }

  #box(item, frame) {
    const nodes = item.all.map((index) => this.model.nodes[index]);
    const last = nodes[nodes.length - 1];
    const box = { id: item.id, index: this.boxes.length, item, frame, title: item.title ?? "", rows: [], hidden: [] };
    box.nodes = nodes.map((node) => node.id);
    box.copies = item.copies?.length ?? 1;
    box.backward = nodes[0].backward;
    box.first = item.all[0];
    if (!item.nodes) Object.assign(box, { kind: "block", path: item.path, shape: this.#result(item).shape });
    else if (nodes.length === 1 && last.family === "input") box.kind = "input";
    else if (nodes.length === 1 && last.family === "merge") box.kind = "merge";
    else box.kind = "rows";
    if (item.nodes) {
      box.shape = last.shape;
      box.rows = rowsOf(nodes, box.kind);
    }
    for (const index of item.all) {
      this.home[index] = box;
      this.shown.add(index);
    }
    this.boxes.push(box);
    this.order.push(box);
    for (let around = frame; around; around = around.frame) around.boxes.push(box);
  }

  /** The nodes of all copies but the first are at home where their counterparts are. */
  #hide(repeat) {
    const [first, ...others] = repeat.copies;
    for (const copy of others) {
      copy.all.forEach((index, i) => {
        const box = this.home[first.all[Math.min(i, first.all.length - 1)]];
        this.home[index] = box;
        box.hidden.push(this.model.nodes[index].id);
      });
    }
    for (const box of new Set(first.all.map((index) => this.home[index]))) box.copies *= repeat.copies.length;
  }

  /** The last node of an item whose value leaves it. */
  #result(item) {
    const own = new Set(item.all.map((index) => this.model.nodes[index].id));
    const leaving = item.all.filter((index) => this.model.nodes[index].readers.some((id) => !own.has(id)));
    return this.model.nodes[leaving[leaving.length - 1] ?? item.all[item.all.length - 1]];
  }

  /** The one box whose gradients a box holds, or null; of all gradients in one box that with which they begin. */
  #forwardOf(box) {
    if (!box.backward) return null;
    const known = box.nodes.map((id) => this.model.byId.get(id).layer).filter((id) => id !== null);
    const layers = known.map((id) => this.model.byId.get(id).index);
    if (box.path === "gradient") return this.home[Math.max(...layers)] ?? null;
    const homes = new Set(layers.map((index) => this.home[index]));
    return homes.size === 1 ? [...homes][0] : null;
  }

  #arrows() {
    const forward = this.#joined((edge, from, to) => !to.backward && this.shown.has(edge.to));
    sortOut(forward, this.boxes);
    const mirrored = new Set(forward.map((arrow) => pairOf(arrow.to, arrow.from)));
    const isBetween = (from, to) => !from.of || !to.of || mirrored.has(pairOf(from.of, to.of));
    const gradients = this.#joined((edge, from, to) => from.backward && to.backward && isBetween(from, to));
    const saved = this.#joined((edge, from, to) => !from.backward && to.of, ({ of: from }) => from);
    for (const arrow of gradients) arrow.kind = "gradient";
    for (const arrow of saved) arrow.kind = "saved";
    const skips = new Set(forward.filter(({ kind }) => kind === "skip").map(({ from, to }) => pairOf(to, from)));
    const isLong = ({ from, to, kind }) => kind === "skip" || (from.of && to.of && skips.has(pairOf(from.of, to.of)));
    const arrows = [...forward, ...gradients, ...saved];
    const long = arrows.filter(isLong);
    if (long.length > Math.max(MANY_LONG, 1.5 * this.boxes.length)) for (const arrow of long) arrow.isArc = true;
    arrows.forEach((arrow, index) => Object.assign(arrow, { index }));
    return arrows;
  }

  /** One arrow for all edges from one box to another of which `isWanted` says yes; `source` may say another box. */
  #joined(isWanted, source = (to, from) => from) {
    const found = new Map();
    for (const edge of this.model.edges) {
      const to = this.home[edge.to];
      if (this.home[edge.from] === to || !isWanted(edge, this.home[edge.from], to)) continue;
      const from = source(to, this.home[edge.from]);
      const key = pairOf(from, to);
      if (!found.has(key)) found.set(key, { from, to, kind: "flow", edges: [], text: "" });
      found.get(key).edges.push(edge.index);
    }
    return [...found.values()];
  }

  /** Writes shapes where they are new: on an arrow, or in a box from which several arrows go. */
  #label() {
    const ways = new Map();
    for (const { from, kind } of this.arrows) {
      if (kind === "flow" || kind === "skip") ways.set(from, (ways.get(from) ?? 0) + 1);
    }
    for (const box of this.boxes) {
      const forks = (ways.get(box) ?? 0) > 1 && this.#changesShape(box);
      box.saysShape = box.kind === "block" || box.kind === "input" || (forks && !box.backward);
    }
    for (const arrow of this.arrows) {
      const { from, to, kind } = arrow;
      const isPlain = kind === "flow" && !from.saysShape && (to.kind !== "merge" || from.kind === "merge");
      if (isPlain && this.#changesShape(from)) arrow.text = this.model.edges[arrow.edges[0]].shape;
      arrow.text = this.model.textOf?.(arrow.edges) ?? arrow.text; // a page may have more to say
    }
  }

  #changesShape(box) {
    const [before] = this.model.nodes[box.first].inputs;
    return box.kind === "merge" || (before !== undefined && this.model.byId.get(before).shape !== box.shape);
  }

  #addOutputs() {
    for (const output of this.model.outputs) {
      const from = this.home[this.model.byId.get(output.node).index];
      const text = output.name === output.node ? output.shape : `${output.name} ${output.shape}`;
      const row = { text, family: "output", node: output.node };
      const box = { id: `output ${output.name}`, index: this.boxes.length, kind: "output", item: null, frame: null };
      Object.assign(box, { title: "", rows: [row], nodes: [output.node], hidden: [], copies: 1, shape: output.shape });
      this.boxes.push(box);
      this.order.push(box);
      this.arrows.push({ index: this.arrows.length, from, to: box, kind: "flow", edges: [], text: "" });
    }
  }
}

function pairOf(from, to) {
  return `${from.index} ${to.index}`;
}

function rowsOf(nodes, kind) {
  if (nodes[0].backward) return gradientRows(nodes);
  return nodes.map(({ id, op, text, family }) => ({
    text: kind === "merge" ? SIGNS[op] ?? op : text,
    family,
    node: id,
  }));
}

/** One row for the gradients of a layer, `conv: x, weight`, and one for equal updates, `sgd × 2`. */
function gradientRows(nodes) {
  const rows = new Map();
  for (const { id, op, text, family, layer } of nodes) {
    const key = op === "gradient" ? `gradient ${layer}` : op;
    const row = rows.get(key);
    if (!row) rows.set(key, { text: op === "gradient" ? text : op, family, node: id, count: 1 });
    else if (op === "gradient") row.text += text.slice(text.indexOf(":")).replace(":", ",");
    else row.count += 1;
  }
  return [...rows.values()].map((row) => ({ ...row, text: row.count > 1 ? `${row.text} × ${row.count}` : row.text }));
}

/** Says which arrows are skips: from a box of several arrows, where a longer way leads to the same box. */
function sortOut(arrows, boxes) {
  const ranks = new Map(boxes.map((box) => [box, 0]));
  const ways = new Map();
  for (const arrow of [...arrows].sort((a, b) => a.from.first - b.from.first)) {
    const { from, to } = arrow;
    ways.set(from, (ways.get(from) ?? 0) + 1);
    if (from.first < to.first) ranks.set(to, Math.max(ranks.get(to), ranks.get(from) + 1));
  }
  for (const arrow of arrows) {
    if (ways.get(arrow.from) > 1 && ranks.get(arrow.to) - ranks.get(arrow.from) > 1) arrow.kind = "skip";
  }
}
