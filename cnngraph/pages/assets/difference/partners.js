// Which node or block of one graph is which of the other.

class Partners {
  /** `partner` are the ids of nodes of the first graph with those of the second; `models` the models of both. */
  constructor(partner, models) {
    this.models = models;
    this.of = [new Map(Object.entries(partner)), new Map(Object.entries(partner).map(([a, b]) => [b, a]))];
  }

  /** What a node or block of one side (0 or 1) is on the other one, or null. */
  find(side, id) {
    const partners = this.models[side].nodesOf(id).map((each) => this.of[side].get(each));
    const known = partners.filter((each) => each !== undefined);
    if (!known.length) return null;
    return this.models[side].byId.has(id) ? known[0] : this.#around(1 - side, known);
  }

  /** What shows a path of a graph: a block that holds nothing but one thing is not shown itself. */
  place(side, path) {
    if (path === null || this.models[side].find(path)) return path;
    const inner = this.models[side].nodes.filter(({ id }) => id.startsWith(`${path}.`)).map(({ id }) => id);
    return inner.length ? this.#around(side, inner) : null;
  }

  /** For what only one side has: the node of the other side behind which it would stand, or null. */
  behind(side, id) {
    if (id === null) return null;
    const model = this.models[side];
    const waiting = model.nodesOf(id).slice(0, 1);
    const seen = new Set(waiting);
    for (const each of waiting) {
      const partner = this.of[side].get(each);
      if (partner !== undefined) return partner;
      for (const input of model.byId.get(each).inputs) {
        if (!seen.has(input)) waiting.push(input);
        seen.add(input);
      }
    }
    return null;
  }

  /** The innermost block of a side that holds all these nodes; the first of them where only the whole graph does. */
  #around(side, ids) {
    const ways = ids.map((id) => this.models[side].way(id).filter((item) => item.path !== undefined));
    const [first, ...others] = ways;
    const shared = first.filter((item) => others.every((way) => way.includes(item)));
    return shared.at(-1)?.path ?? ids[0];
  }
}
