// The model that Python made (`cnngraph/pages/model.py`), as objects.

/**
 * A node: {id, index, op, text, family, shape, bytes, parameters, madds, field, backward, layer, facts, inputs,
 *   readers, file, from, to, uses, item}. Sizes with symbols are texts. `inputs` and `readers` are ids; `file` is an
 *   index of `files` or null; `uses` are the uses of blocks around it, outermost first: [{block, file, from, to}];
 *   `layer` is the id of the forward node of a gradient, or null; `item` the item of the tree that it stands in.
 * An item is a box {nodes, title}, a block {path, title, items} or a repeat {path, title, copies}; each has `id` (of a
 *   box that of its first node), `parent` (null: the network itself) and `all`, the indices of the nodes in it.
 * An edge: {index, from, to, kind, shape}; `from` and `to` are indices of nodes here.
 */
class GraphModel {
  constructor(value) {
    this.value = value;
    this.name = value.name;
    this.files = value.files;
    this.nodes = value.nodes.map((node, index) => this.#node(node, index));
    this.byId = new Map(this.nodes.map((node) => [node.id, node]));
    this.edges = value.edges.map(([from, to, kind, shape], index) => {
      this.nodes[to].inputs.push(this.nodes[from].id);
      this.nodes[from].readers.push(this.nodes[to].id);
      return { index, from, to, kind, shape: shape ?? this.nodes[from].shape };
    });
    this.inputs = value.inputs.map((index) => this.nodes[index].id);
    this.outputs = value.outputs.map((output) => ({ ...output, node: this.nodes[output.node].id }));
    this.root = { id: "", path: "", title: value.name, items: value.tree };
    this.blocks = new Map(); // blocks and repeats by path
    this.#attach(this.root, null);
  }

  /** The node of an id or, failing that, the block or repeat; undefined where there is neither. */
  find(id) {
    return this.byId.get(id) ?? this.blocks.get(id) ?? this.#unframed(id);
  }

  /** What stands for a block that has no frame of its own, as it is all there is in another one, or is one box. */
  #unframed(path) {
    const isIn = (index) => this.nodes[index].id.startsWith(`${path}.`);
    const first = path ? this.nodes.findIndex((_, index) => isIn(index)) : -1;
    return first < 0 ? undefined : this.way(this.nodes[first].id).find((item) => item.all.every(isIn));
  }

  /** The ids of the nodes of a node, a block or a repeat. */
  nodesOf(id) {
    const found = this.find(id);
    if (!found) return [];
    return found.all ? found.all.map((index) => this.nodes[index].id) : [id];
  }

  /** The items around a node or block from the outermost to its own, without the network itself. */
  way(id) {
    const found = this.find(id);
    const way = [];
    for (let item = found?.item ?? found; item?.parent; item = item.parent) way.unshift(item);
    return way;
  }

  #node(node, index) {
    const [file, from, to, use] = node.place ?? [null, 0, 0, -1];
    const layer = node.layer === undefined ? null : this.value.nodes[node.layer].id;
    const known = { parameters: 0, madds: 0, field: null, backward: false, facts: {} };
    const place = { file, from, to, uses: this.#uses(use) };
    return { ...known, ...node, index, layer, ...place, inputs: [], readers: [] };
  }

  #uses(index) {
    const uses = [];
    for (let at = index; at >= 0; at = this.value.uses[at][0]) {
      const [, block, file, from, to] = this.value.uses[at];
      uses.unshift({ block, file, from, to });
    }
    return uses;
  }

  /** Gives each item its id, its parent and its nodes. */
  #attach(item, parent) {
    item.parent = parent;
    if (item.nodes) {
      item.id = this.nodes[item.nodes[0]].id;
      item.all = item.nodes;
      for (const index of item.nodes) this.nodes[index].item = item;
      return;
    }
    item.id = item.path;
    if (parent) this.blocks.set(item.path, item);
    const inner = item.items ?? item.copies;
    for (const each of inner) this.#attach(each, item);
    item.all = inner.flatMap((each) => each.all);
  }
}
