// A graph without what is far from all changes: of the rest each part in one piece becomes one box that counts it.

/** The value of a model with the nodes that `isChanged` names, what they read and what reads them, and boxes for the rest. */
function nearChanges(model, isChanged) {
  const kept = new Set();
  for (const node of model.nodes.filter(isChanged)) {
    for (const id of [node.id, ...node.inputs, ...node.readers]) kept.add(model.byId.get(id).index);
  }
  return new Reduced(model, kept).value();
}

class Reduced {
  constructor(model, kept) {
    this.model = model;
    this.kept = kept;
    this.parts = this.#parts();
    const nodes = [...[...kept].map((index) => ({ index })), ...this.parts];
    this.order = nodes.sort((a, b) => a.index - b.index); // a part stands where its first node stood
    this.place = new Map();
    this.order.forEach(({ index, members }, i) => {
      for (const each of members ?? [index]) this.place.set(each, i);
    });
    this.waiting = new Set(this.parts);
  }

  value() {
    const { value } = this.model;
    return {
      ...value,
      nodes: this.order.map((each) => (each.members ? this.#counting(each) : this.#node(value.nodes[each.index]))),
      edges: this.#edges(),
      tree: this.#items(value.tree, new Set(this.model.nodes.map((node) => node.index))),
      inputs: value.inputs.filter((index) => this.kept.has(index)).map((index) => this.place.get(index)),
      outputs: value.outputs.map((output) => ({ ...output, node: this.place.get(output.node) })),
    };
  }

  #node(node) {
    const layer = node.layer !== undefined && this.kept.has(node.layer) ? this.place.get(node.layer) : undefined;
    return { ...node, layer };
  }

  /** What is left out, in connected parts: {index of the first node, members}. */
  #parts() {
    const found = [];
    const seen = new Set(this.kept);
    for (const start of this.model.nodes) {
      if (seen.has(start.index)) continue;
      const members = [];
      const stack = [start];
      seen.add(start.index);
      while (stack.length) {
        const node = stack.pop();
        members.push(node.index);
        for (const id of [...node.inputs, ...node.readers]) {
          const other = this.model.byId.get(id);
          if (!seen.has(other.index)) {
            seen.add(other.index);
            stack.push(other);
          }
        }
      }
      members.sort((a, b) => a - b);
      found.push({ index: members[0], members });
    }
    return found;
  }

  #counting({ index, members }) {
    const count = members.length;
    const last = this.model.value.nodes[members.at(-1)];
    const text = `${counted(count)} unchanged operator${count === 1 ? "" : "s"}`;
    return { id: `${text} (${index})`, op: "", text, family: "reshape", shape: last.shape, bytes: 0 };
  }

  #edges() {
    const found = new Map();
    for (const [from, to, ...rest] of this.model.value.edges) {
      const ends = [this.place.get(from), this.place.get(to)];
      if (ends[0] !== ends[1]) found.set(ends.join(" "), [...ends, ...rest]);
    }
    return [...found.values()];
  }

  /** The items that are left, in blocks of their own; a part stands in the innermost block that holds all of it. */
  #items(items, around) {
    const found = [];
    for (const item of items) {
      if (item.nodes) {
        const nodes = item.nodes.filter((index) => this.kept.has(index)).map((index) => this.place.get(index));
        if (nodes.length) found.push({ ...item, nodes });
      } else {
        const own = new Set(allOf(item));
        const inner = this.#items(item.items ?? item.copies, own);
        const title = allOf(item).every((index) => this.kept.has(index)) ? item.title : `${item.title} (in part)`;
        if (inner.length) found.push({ path: item.path, title, items: inner });
      }
    }
    for (const part of this.waiting) {
      if (!part.members.every((index) => around.has(index))) continue;
      this.waiting.delete(part);
      found.push({ nodes: [this.place.get(part.index)] });
    }
    return found;
  }
}

/** The indices of all nodes in an item. */
function allOf(item) {
  return item.nodes ?? (item.items ?? item.copies).flatMap(allOf);
}
