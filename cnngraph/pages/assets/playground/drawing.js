// The live graph beside the text: what one points at here is shown there, and what is wrong stands out.

const EMPTY = { name: "", nodes: [], edges: [], tree: [], inputs: [], outputs: [], files: [], uses: [] };

/** All of a model that is drawn: not where it stands in the text, so that a comment changes nothing. */
function formOf(model) {
  const nodes = model.nodes.map((node) => ({ ...node, place: 0 }));
  return JSON.stringify({ ...model, files: [], uses: [], nodes });
}

/** The pane of the graph. `point(ranges)` marks text in the editor. */
class Drawing {
  constructor(container, point, say) {
    this.point = point;
    this.container = container;
    this.view = null; // until there is something to show
    this.spots = new Spots(EMPTY);
    this.shown = EMPTY;
    this.file = "";
    this.place = 0;
    this.chosen = []; // nodes
    this.plain = EMPTY;
    container.addEventListener("select", (event) => {
      this.chosen = event.detail.nodes;
      this.point(this.spots.of(this.chosen), true);
    });
    container.addEventListener("hover", (event) => {
      const { id, nodes } = event.detail;
      this.point(this.spots.of(id === null ? this.chosen : nodes), false);
    });
    container.addEventListener("failed", (event) => say(event.detail.message, true));
  }

  /**
   * Show a net as the server has drawn it, which stands at a `place` among the nets of a file. A text that cannot be read
   * at all leaves the older graph, which steps back; what is open and where one looks stays while one writes.
   */
  show({ model, failing }, file, place) {
    const isOld = model.nodes.length === 0 && file === this.file;
    this.container.classList.toggle("is-old", isOld);
    if (isOld) return;
    const isOther = file !== this.file || place !== this.place;
    if (isOther) this.chosen = [];
    Object.assign(this, { file, place });
    this.spots = new Spots(model);
    if (isOther || formOf(model) !== formOf(this.plain)) this.#set(model, isOther);
    this.plain = model;
    this.view.mark("wrong", failing);
  }

  /** The same net with nothing folded that lies on several devices, or as it was. */
  showDivided(model) {
    if (this.view) this.#set(model ?? this.plain, false);
  }

  #set(model, isOther) {
    const given = structuredClone(model); // the view writes into it
    if (!this.view) this.view = new GraphView(this.container, given);
    else if (isOther || formOf(model) !== formOf(this.shown)) this.view.setModel(given, { isOther });
    this.shown = model;
  }

  /** Buttons for what the keys of the view do. */
  tools() {
    const button = (text, label, go) => make("button", { type: "button", "aria-label": label, title: label, onclick: () => this.view && go(this.view) }, text);
    return make(
      "div", { class: "tools", role: "toolbar", "aria-label": "Graph" },
      button("Fit", "Show all of the graph", (view) => view.fit()), button("+", "Larger", (view) => view.zoomBy(1.25)),
      button("−", "Smaller", (view) => view.zoomBy(0.8)), button("Open all", "Open all blocks", (view) => view.openAll()),
      button("Close all", "Close all blocks", (view) => view.closeAll()),
      button("⇄", "From top to bottom, or from left to right", (view) => view.setDirection(view.direction === "TB" ? "LR" : "TB")),
    );
  }

  paint(painter) {
    this.view?.paint(painter);
  }

  reveal(id) {
    this.view?.reveal(id);
  }

  /** Mark what the cursor stands in. */
  follow(offset) {
    this.view?.mark("pointed", this.spots.at(offset));
  }
}
