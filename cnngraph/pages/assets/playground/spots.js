// Which node comes from which characters of the text, and back.

/** Offsets of Python count letters; those of a browser units, two for a letter beyond the first 65,536. */
function unitsOf(text) {
  const wide = [];
  let count = 0;
  for (const letter of text) {
    if (letter.length > 1) wide.push(count);
    count += 1;
  }
  return (offset) => offset + wide.filter((place) => place < offset).length;
}

/** Where the nodes of a model stand in the text of the editor, which is the first of its files. */
class Spots {
  constructor(model) {
    this.ranges = new Map();
    const units = unitsOf(model.files[0]?.text ?? "");
    for (const node of model.nodes) {
      const ranges = this.own(node.place, model.uses).map(([from, to]) => [units(from), units(to)]);
      if (ranges.length) this.ranges.set(node.id, ranges);
    }
  }

  /** The place of a node in the file itself, then those of the uses of blocks around it: the innermost comes first. */
  own(place, uses) {
    const found = [];
    let [file, from, to, use] = place ?? [-1, 0, 0, -1];
    for (;;) {
      if (file === 0) found.push([from, to]);
      if (use < 0) return found;
      [use, , file, from, to] = uses[use];
    }
  }

  /** The ranges of some nodes, each once and in order. */
  of(nodes) {
    const all = nodes.map((id) => this.ranges.get(id)?.[0]).filter(Boolean);
    const unique = new Map(all.map((range) => [range.join(), range]));
    return [...unique.values()].sort((a, b) => a[0] - b[0]);
  }

  /** The nodes of the narrowest piece of text around an offset. */
  at(offset) {
    let best = Infinity;
    let found = [];
    for (const [id, ranges] of this.ranges) {
      for (const [from, to] of ranges) {
        if (offset < from || offset > to || to - from > best) continue;
        if (to - from < best) found = [];
        best = to - from;
        found.push(id);
      }
    }
    return found;
  }
}
