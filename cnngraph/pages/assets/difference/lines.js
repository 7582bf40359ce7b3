// Which nodes a line of a source has made, and which lines a node comes from, uses of blocks around it included.

class Lines {
  constructor(model) {
    this.starts = model.files.map(({ text }) => startsOf(text));
    this.nodesAt = new Map(); // "file line" -> ids
    this.linesOf = new Map(); // id -> ["file line", ...]
    for (const node of model.nodes) {
      if (node.file === null) continue;
      const places = [node, ...node.uses].map(({ file, from }) => `${file} ${this.#line(file, from)}`);
      this.linesOf.set(node.id, [...new Set(places)]);
      for (const place of new Set(places)) {
        if (!this.nodesAt.has(place)) this.nodesAt.set(place, []);
        this.nodesAt.get(place).push(node.id);
      }
    }
  }

  /** The line of an offset, from 0. */
  #line(file, offset) {
    const starts = this.starts[file];
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Where the lines of a text begin, counted in characters as Python does. */
function startsOf(text) {
  const starts = [0];
  let count = 0;
  for (const letter of text) {
    count += 1;
    if (letter === "\n") starts.push(count);
  }
  return starts;
}
