// How a timeline is reached: by pointer (hover, click, drag, wheel, two fingers) and by keys.

const STILL = 4; // pixels that a click may move

class Pointing {
  #down = null; // where the pointer went down
  #fingers = new Map();

  constructor(line) {
    this.line = line;
    const { stage } = line;
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.#lift(event));
    stage.addEventListener("pointerleave", () => this.#tell(null));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => this.#closer(event));
  }

  #at(event) {
    const { left, top } = this.line.svg.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #press(event) {
    if (event.button !== 0) return;
    this.#fingers.set(event.pointerId, event.clientX);
    this.#down = { x: event.clientX, y: event.clientY, window: this.line.window, spread: this.#spread() };
  }

  #move(event) {
    if (this.#fingers.has(event.pointerId)) {
      this.#fingers.set(event.pointerId, event.clientX);
      this.#drag(event);
      return;
    }
    const [x, y] = this.#at(event);
    this.#tell(this.line.barUnder(x, y) ?? this.line.laneUnder(y) ?? null, event);
  }

  #drag(event) {
    const [start, end] = this.#down.window;
    if (this.#fingers.size === 2 && this.#down.spread) {
      this.line.window = this.#down.window;
      this.line.zoom(this.#spread() / this.#down.spread);
      return;
    }
    const moved = event.clientX - this.#down.x;
    if (Math.abs(moved) <= STILL) return;
    this.line.stage.setPointerCapture(event.pointerId);
    this.#tell(null);
    this.line.window = [start, end];
    this.line.pan(-moved / this.line.look.width);
  }

  #spread() {
    const [a, b] = this.#fingers.values();
    return b === undefined ? 0 : Math.max(Math.abs(a - b), 10);
  }

  #lift(event) {
    const isClick = event.type === "pointerup" && this.#down && this.#fingers.size === 1
      && Math.hypot(event.clientX - this.#down.x, event.clientY - this.#down.y) <= STILL;
    this.#fingers.delete(event.pointerId);
    if (!isClick) return;
    const bar = this.line.barUnder(...this.#at(event));
    if (bar) this.line.choose(bar);
    else if (this.line.chosen) this.line.choose(null);
  }

  #wheel(event) {
    const [x] = this.#at(event);
    if (event.ctrlKey || event.metaKey) this.line.zoom(1.0015 ** -event.deltaY, this.line.timeAt(x));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.line.pan((event.deltaX || event.deltaY) / this.line.look.width);
    } else return; // the page scrolls
    event.preventDefault();
  }

  #closer(event) {
    const bar = this.line.barUnder(...this.#at(event));
    if (!bar) return;
    const size = Math.max((bar.end - bar.start) * 1.5, this.line.whole * CLOSEST);
    const middle = (bar.start + bar.end) / 2;
    this.line.window = [middle - size / 2, middle + size / 2];
    this.line.pan(0);
  }

  /** The card beside the pointer: of a bar, or of the memory of a lane. */
  #tell(thing, event) {
    const { card, container, unit } = this.line;
    const lines = !thing ? [] : thing.rows ? this.#heldLines(thing, event) : linesOf(thing, unit);
    card.hidden = !lines.length;
    if (!lines.length) return;
    card.replaceChildren(...lines.map((text) => make("div", {}, text)));
    const around = container.getBoundingClientRect();
    const left = Math.min(event.clientX - around.left + 14, around.width - card.offsetWidth - 4);
    card.style.left = `${Math.max(left, 0)}px`;
    card.style.top = `${event.clientY - around.top + 16}px`;
  }

  #heldLines({ lane, strip }, event) {
    const [x, y] = this.#at(event);
    if (strip === undefined || y < strip || x < this.line.look.left) return [];
    const held = bytesText(lane.heldAt(this.line.timeAt(x)));
    return [`${lane.label} holds ${held} of ${bytesText(lane.limit)}`, `at ${microText(this.line.timeAt(x), this.line.unit)}`];
  }
}

class Keys {
  constructor(line) {
    this.line = line;
    line.stage.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#press(event)) return;
      event.preventDefault();
    });
  }

  #press({ key, shiftKey }) {
    const { line } = this;
    const pans = { ArrowLeft: -0.25, ArrowRight: 0.25 };
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    const rows = { ArrowUp: -1, ArrowDown: 1 };
    if (shiftKey && key in pans) line.pan(pans[key]);
    else if (key in steps) this.#along(steps[key]);
    else if (key in rows) this.#across(rows[key]);
    else if (key === "Home" || key === "End") this.#edge(key === "Home");
    else if (key === "+" || key === "=") line.zoom(2, this.#middle());
    else if (key === "-") line.zoom(0.5, this.#middle());
    else if (key === "0") line.fit();
    else if ((key === "Enter" || key === " ") && line.cursor) line.choose(line.cursor);
    else if (key === "Escape" && line.chosen) line.choose(null);
    else return false;
    return true;
  }

  #middle() {
    return this.line.cursor ? (this.line.cursor.start + this.line.cursor.end) / 2 : undefined;
  }

  /** All rows with bars, from above. */
  #rows() {
    return this.line.places.lanes.flatMap(({ lane }) => lane.rows).filter((bars) => bars.length);
  }

  #row() {
    return this.#rows().find((bars) => bars.includes(this.line.cursor));
  }

  #along(step) {
    const row = this.#row();
    if (!row) this.#start();
    else this.line.cursor = row[Math.min(Math.max(row.indexOf(this.line.cursor) + step, 0), row.length - 1)];
  }

  #across(step) {
    const rows = this.#rows();
    const at = rows.findIndex((bars) => bars.includes(this.line.cursor));
    if (at < 0) return this.#start();
    const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    this.line.cursor = barAt(row, this.#middle(), Infinity);
  }

  #edge(isFirst) {
    const row = this.#row() ?? this.#rows()[0];
    if (row) this.line.cursor = isFirst ? row[0] : row[row.length - 1];
  }

  #start() {
    const [first] = this.#rows();
    if (first) this.line.cursor = first[Math.min(firstAfter(first, this.line.window[0]), first.length - 1)];
  }
}
