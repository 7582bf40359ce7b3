// What is done to the graph as a whole: the buttons above it, which keys call as well.

class Tools {
  /** @param getView the view, which comes later than its buttons; @param paints what boxes can be coloured by */
  constructor(getView, paints, onpaint) {
    this.getView = getView;
    this.colour = make(
      "select",
      { "aria-label": "Colour by", onchange: () => onpaint(this.colour.value) },
      ...paints.known.map(({ key, name }) => make("option", { value: key }, `colour: ${name}`)),
    );
    this.element = make(
      "div",
      { class: "bar", role: "toolbar", "aria-label": "Graph" },
      this.#button("Open all", "Open all blocks (o)", () => this.open()),
      this.#button("Deeper", "Open one level more (])", () => this.deeper()),
      this.#button("Shallower", "Close the innermost level ([)", () => this.shallower()),
      this.#button("Close all", "Close all blocks (c)", () => this.close()),
      this.#button("⇄", "Down or to the right (d)", () => this.turn()),
      this.#button("Fit", "Fit the whole graph (f)", () => this.fit()),
      this.#button("+", "Larger (+)", () => this.larger()),
      this.#button("−", "Smaller (−)", () => this.smaller()),
      this.colour,
    );
  }

  open() {
    return this.getView().openAll();
  }

  close() {
    return this.getView().closeAll();
  }

  /** Opens all closed blocks that are drawn. */
  deeper() {
    const view = this.getView();
    const closed = view.boxes().filter(({ kind }) => kind === "block");
    return Promise.all(closed.map(({ path }) => view.open(path)));
  }

  /** Closes the open blocks that lie deepest. */
  shallower() {
    const view = this.getView();
    const depth = (frame) => view.model.way(frame.path).length;
    const deepest = Math.max(...view.frames().map(depth));
    const innermost = view.frames().filter((frame) => depth(frame) === deepest);
    return Promise.all(innermost.map(({ path }) => view.close(path)));
  }

  turn() {
    const view = this.getView();
    return view.setDirection(view.direction === "LR" ? "TB" : "LR");
  }

  fit() {
    this.getView().fit();
  }

  larger() {
    this.getView().zoomBy(1.25);
  }

  smaller() {
    this.getView().zoomBy(0.8);
  }

  /** A sign is no name, so its title is; a word is one. */
  #button(text, title, act) {
    const name = /\w/.test(text) ? null : title;
    return make("button", { type: "button", title, "aria-label": name, onclick: act }, text);
  }
}
