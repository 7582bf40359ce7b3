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
    this.subject = "";
    this.plain = EMPTY;
    container.addEventListener("select", (event) => this.point(this.spots.of(event.detail?.nodes ?? []), true));
    container.addEventListener("hover", (event) => this.point(this.spots.of(event.detail?.nodes ?? []), false));
    container.addEventListener("failed", (event) => say(event.detail.message, true));
  }

  /**
   * Show a net as the server has drawn it. One that cannot be read at all leaves the older one of the same `subject`,
   * which steps back; what is open and where one looks stays while one writes.
   */
  show({ model, failing }, subject) {
    const isOther = subject !== this.subject;
    const isNothing = model.nodes.length === 0;
    this.container.classList.toggle("is-old", isNothing && !isOther);
    if (isNothing && !isOther) return;
    this.subject = subject;
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
