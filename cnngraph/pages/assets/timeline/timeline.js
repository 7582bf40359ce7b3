// A timeline: what devices do when, in tracks one above the other on one axis.
//
//   const line = new Timeline(container, data("timeline"), {part: "microbatch", label: "Timeline of googlenet"})
//       the data is what `timeline_json` of Python returns; `part` is what numbers count
//   line.mark(places)               marks the bars of these nodes (places in the graph); [] clears
//   line.only(devices | null)       shows these devices alone
//   line.showLinks(yes)             the lanes of links
//   line.zoom(factor, at?) .pan(share) .fit() .window = [start, end] in seconds
//   line.choose(bar | null)         as a click does; line.chosen
//
// Events on the container (CustomEvent):
//   select {nodes, devices, text}   a bar was clicked or chosen by key; null nodes: nothing is chosen any more
//   moved {start, end}              the window

const CLOSEST = 1e-6; // of the whole, the smallest window

class Timeline {
  #chosen = null;
  #cursor = null;
  #marked = new Set();
  #only = null;
  #links = true;
  #asked = false;

  constructor(container, given, { part = "microbatch", label = "Timeline" } = {}) {
    this.container = container;
    this.unit = given.unit;
    this.tracks = given.tracks.map((each) => this.#track(each, given, part));
    this.whole = Math.max(...this.tracks.map((track) => track.length), given.tick);
    this.window = [0, this.whole];
    this.#links = this.tracks.every((track) => track.lanes.filter((lane) => lane.isLink).length <= 12);
    this.#build(given, label);
    this.#listen();
    this.draw();
  }

  get chosen() {
    return this.#chosen;
  }

  mark(places) {
    this.#marked = new Set(places);
    this.ask();
  }

  only(devices) {
    this.#only = devices;
    this.ask();
  }

  showLinks(isWanted) {
    this.#links = isWanted;
    this.linksButton?.setAttribute("aria-pressed", String(isWanted));
    this.ask();
  }

  fit() {
    this.#look(0, this.whole);
  }

  /** Zooms so that the time `at` stays where it is; by default the middle. */
  zoom(factor, at = (this.window[0] + this.window[1]) / 2) {
    const [start, end] = this.window;
    const size = Math.min(Math.max((end - start) / factor, this.whole * CLOSEST), this.whole);
    const share = (at - start) / (end - start);
    this.#look(at - share * size, at - share * size + size);
  }

  pan(share) {
    const shift = share * (this.window[1] - this.window[0]);
    this.#look(this.window[0] + shift, this.window[1] + shift);
  }

  choose(bar) {
    this.#chosen = bar === this.#chosen ? null : bar;
    this.#say(this.#chosen ?? null);
    const detail = this.#chosen
      ? { nodes: this.#chosen.nodes, devices: this.#chosen.lane.devices, text: linesOf(this.#chosen, this.unit).join("; ") }
      : { nodes: null, devices: [], text: "" };
    this.container.dispatchEvent(new CustomEvent("select", { detail }));
    this.ask();
  }

  ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.draw();
    });
  }

  draw() {
    const wide = this.stage.clientWidth || 900;
    const names = this.tracks.flatMap((track) => track.lanes.map((lane) => lane.label.length));
    const left = Math.min(Math.max(70, 36 + Math.max(...names) * SIZES.letter), wide / 4);
    const right = wide < 640 ? 12 : 132;
    const places = placed(this.tracks, (lane) => this.#isShown(lane));
    const look = {
      left, width: Math.max(wide - left - right, 60), unit: this.unit, fill: this.fill, chosen: this.#chosen,
      cursor: this.#cursor, marked: (bar) => this.#marked.size > 0 && this.#isMarked(bar),
    };
    const drawing = new Drawing(places, this.window, look);
    this.svg.setAttribute("height", places.height);
    this.layer.replaceChildren(...drawing.svg());
    this.places = places;
    this.look = look;
    this.drawn = drawing.count;
    const [start, end] = this.window;
    this.range.textContent = `${timeText(start, this.unit)} to ${timeText(end, this.unit)}`;
  }

  // ---- inside ----

  #track(given, all, part) {
    const track = { name: given.name, note: given.note, length: given.length * all.tick, phases: all.phases, part };
    track.lanes = [...given.lanes, ...given.links].map((lane) => new Lane(track, lane, all));
    return track;
  }

  #isShown(lane) {
    if (lane.isLink && !this.#links) return false;
    return this.#only === null || lane.devices.some((name) => this.#only.includes(name));
  }

  #isMarked(bar) {
    if (bar.kind === "messages") return false;
    return !bar.isWhole && bar.nodes.some((place) => this.#marked.has(place));
  }

  #look(start, end) {
    const size = Math.min(end - start, this.whole);
    const from = Math.min(Math.max(start, 0), this.whole - size);
    this.window = [from, from + size];
    this.container.dispatchEvent(new CustomEvent("moved", { detail: { start: from, end: from + size } }));
    this.ask();
  }

  #build(given, label) {
    const { defs, fill } = patterns();
    this.fill = fill;
    this.layer = makeSvg("g");
    this.svg = makeSvg("svg", { "aria-hidden": "true", width: "100%" }, defs, this.layer);
    const help = "Arrow keys go from bar to bar, Enter chooses, plus and minus zoom, Shift with arrows moves, 0 shows all.";
    this.stage = make("div", {
      class: "stage", tabindex: 0, role: "application", "aria-roledescription": "timeline", "aria-label": `${label}. ${help}`,
    }, this.svg);
    this.range = make("output", { class: "range", "aria-label": "Shown" });
    const button = (name, text, action) => make("button", { type: "button", "aria-label": name, title: name, onclick: action }, text);
    if (this.tracks.some((track) => track.lanes.some((lane) => lane.isLink))) {
      this.linksButton = make("button", {
        type: "button", "aria-pressed": String(this.#links), onclick: () => this.showLinks(!this.#links),
      }, "Links");
    }
    this.tools = make("div", { class: "tools" },
      button("Zoom in", "+", () => this.zoom(2)), button("Zoom out", "−", () => this.zoom(0.5)),
      button("Earlier", "←", () => this.pan(-0.5)), button("Later", "→", () => this.pan(0.5)),
      button("Show all", "All", () => this.fit()), this.linksButton ?? null, this.range);
    this.status = make("p", { class: "status", role: "status" }, "Point at a bar, or use the arrow keys.");
    this.card = make("div", { class: "card-of-bar", hidden: true, "aria-hidden": "true" });
    this.tables = make("details", { class: "bars" }, make("summary", {}, "The bars as tables"));
    this.container.classList.add("timeline");
    this.container.append(this.tools, this.#legend(given), this.stage, this.status, this.card, this.tables);
    if (given.told) this.container.append(make("p", { class: "soft" }, `${given.told}.`));
  }

  #legend({ phases }) {
    const bars = this.tracks.flatMap((track) => track.lanes.flatMap((lane) => lane.rows.flat()));
    const used = new Set(bars.map(lookOf));
    const names = [...phases.map(([key, name]) => [`phase-${key}`, `${key} ${name}`]),
      ["does-compute", "compute"], ["does-send", "send"], ["does-receive", "receive"], ["does-wait", "wait"]];
    const items = names.filter(([name]) => used.has(name)).map(([name, text]) => (
      make("li", {}, swatch(name, this.fill), text)
    ));
    const line = makeSvg("svg", { width: 24, height: 14, class: "swatch", "aria-hidden": "true" },
      makeSvg("rect", { x: 0, y: 6, width: 24, height: 3, class: "critical" }));
    items.push(make("li", {}, line, "what the end waits for"));
    if (this.tracks.some((track) => track.lanes.some((lane) => lane.held?.length))) {
      const held = makeSvg("svg", { width: 24, height: 14, class: "swatch", "aria-hidden": "true" },
        makeSvg("path", { d: "M0 14V8H8V5H16V9H24V14Z", class: "held" }), makeSvg("path", { d: "M0 2H24", class: "limit" }));
      items.push(make("li", {}, held, "memory, limit"));
    }
    return make("ul", { class: "kinds", "aria-label": "What bars mean" }, ...items);
  }

  #listen() {
    new Pointing(this);
    new Keys(this);
    new ResizeObserver(() => this.ask()).observe(this.stage);
    this.tables.addEventListener("toggle", () => {
      if (this.tables.open && this.tables.children.length === 1) {
        this.tables.append(...this.tracks.map((track) => actionTable(track, this.unit)));
      }
    });
  }

  #say(bar) {
    this.status.textContent = bar ? linesOf(bar, this.unit).join("; ") : "Nothing is chosen.";
  }

  /** The bar at a place of the drawing, in pixels. */
  barUnder(x, y) {
    const { left, width } = this.look;
    const perPixel = (this.window[1] - this.window[0]) / width;
    const place = this.places.lanes.find((each) => y >= each.y && y < each.end);
    if (!place || x < left || x > left + width) return undefined;
    const row = place.rows.findIndex(([top, height]) => y >= top && y < top + height);
    return row < 0 ? undefined : barAt(place.lane.rows[row], this.timeAt(x), 3 * perPixel);
  }

  timeAt(x) {
    const [start, end] = this.window;
    return start + ((x - this.look.left) / this.look.width) * (end - start);
  }

  laneUnder(y) {
    return this.places.lanes.find((each) => y >= each.y && y < each.end);
  }

  get cursor() {
    return this.#cursor;
  }

  /** The bar that keys are at; brings it into the window, and says it. */
  set cursor(bar) {
    this.#cursor = bar;
    const [start, end] = this.window;
    if (bar.end < start || bar.start > end) {
      const middle = (bar.start + bar.end) / 2;
      this.#look(middle - (end - start) / 2, middle + (end - start) / 2);
    }
    this.#say(bar);
    this.ask();
  }
}
