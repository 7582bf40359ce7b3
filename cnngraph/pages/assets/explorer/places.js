// Where nodes stand in the text, both ways: from a place to the nodes that it made, and from nodes to their places.

class Places {
  constructor(net) {
    this.net = net;
    this.units = this.#units();
  }

  /** For each file its units (a layer, a use of a block), shortest first, with the nodes that they made. */
  #units() {
    const files = this.net.model.files.map(() => new Map());
    const add = (file, from, to, id) => {
      const key = `${from} ${to}`;
      if (!files[file].has(key)) files[file].set(key, { from, to, nodes: new Set() });
      files[file].get(key).nodes.add(id);
    };
    for (const node of this.net.nodes) {
      if (node.file === null) continue;
      for (const place of [node, ...node.uses]) add(place.file, place.from, place.to, node.id);
    }
    return files.map((units) => [...units.values()].sort((a, b) => a.to - a.from - (b.to - b.from)));
  }

  /** The nodes of the smallest unit around a character, with those in it: `concat { ... }` has its lanes. */
  at(file, offset) {
    const unit = this.units[file].find(({ from, to }) => from <= offset && offset < to);
    return unit ? this.between(file, unit.from, unit.to) : [];
  }

  /** The nodes of all units that begin in a stretch of the text. */
  between(file, from, to) {
    const inside = this.units[file].filter((unit) => unit.from >= from && unit.from < to);
    return [...new Set(inside.flatMap(({ nodes }) => [...nodes]))];
  }

  /** Where nodes were written: their own places, and the uses of the blocks around all of them. */
  of(ids) {
    const nodes = ids.map((id) => this.net.node(id)).filter((node) => node.file !== null);
    const own = nodes.map(({ file, from, to }) => ({ file, from, to }));
    const around = nodes.flatMap((node) => node.uses);
    return { own: distinct(own), around: distinct(around) };
  }
}

function distinct(places) {
  return [...new Map(places.map((place) => [`${place.file} ${place.from} ${place.to}`, place])).values()];
}
