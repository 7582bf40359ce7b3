// Which blocks are open. A repeat that is open shows its first copy; unrolled, all of them.

const READABLE = 60; // boxes: what opens by itself shows no more

class Opened {
  constructor(model) {
    this.model = model;
    this.paths = new Set();
    this.unrolled = new Set();
    this.isChosen = false; // whether anyone has opened or closed something
  }

  equals(other) {
    const same = (a, b) => a.size === b.size && [...a].every((path) => b.has(path));
    return same(this.paths, other.paths) && same(this.unrolled, other.unrolled);
  }

  copy() {
    const copy = new Opened(this.model);
    copy.paths = new Set(this.paths);
    copy.unrolled = new Set(this.unrolled);
    copy.isChosen = this.isChosen;
    return copy;
  }

  isOpen(item) {
    return item === this.model.root || this.paths.has(item.path);
  }

  isUnrolled(repeat) {
    return this.unrolled.has(repeat.path);
  }

  /** What is drawn in an open block: of a folded repeat what stands in its first copy. */
  inside(item) {
    if (item.items) return item.items;
    if (this.isUnrolled(item)) return item.copies;
    const first = item.copies[0];
    return first.items ?? [first];
  }

  /** What is drawn as boxes: boxes, and blocks that are closed. */
  leaves(item = this.model.root) {
    if (item.nodes || !this.isOpen(item)) return [item];
    return this.inside(item).flatMap((each) => this.leaves(each));
  }

  /** Opens level by level what stays readable; gradients stay closed. */
  openReadable() {
    for (;;) {
      const deeper = this.copy();
      const closed = this.leaves().filter((item) => !item.nodes && item.path !== "gradient");
      for (const item of closed) deeper.paths.add(item.path);
      if (!closed.length || deeper.leaves().length > READABLE) return;
      this.paths = deeper.paths;
    }
  }

  openAll() {
    for (const path of this.model.blocks.keys()) this.paths.add(path);
  }

  /** Opens these blocks and what is around them, and closes all others. */
  openOnly(paths) {
    this.closeAll();
    for (const path of paths) this.show([...this.model.way(path), { nodes: [] }]);
  }

  closeAll() {
    this.paths.clear();
    this.unrolled.clear();
  }

  /** Opens all that hides an item, so that it is drawn itself; a copy that is not the first unrolls its repeat. */
  show(way) {
    for (const [i, item] of way.entries()) {
      const next = way[i + 1];
      if (!next) return;
      this.paths.add(item.path);
      if (item.copies?.includes(next) && next !== item.copies[0]) this.unrolled.add(item.path);
      if (item.copies && next === item.copies[0] && i + 2 === way.length && next.items) this.unrolled.add(item.path);
    }
  }

  /** What was open in an older model, as far as its paths still exist. */
  keepFrom(older) {
    this.isChosen = older.isChosen;
    for (const path of older.paths) if (this.model.blocks.has(path)) this.paths.add(path);
    for (const path of older.unrolled) if (this.model.blocks.get(path)?.copies) this.unrolled.add(path);
  }
}
