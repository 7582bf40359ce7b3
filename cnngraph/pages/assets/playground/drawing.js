// The live graph beside the text: what one points at here is shown there, and what is wrong stands out.

const EMPTY = { name: "", nodes: [], edges: [], tree: [], inputs: [], outputs: [], files: [], uses: [] };

/** The pane of the graph. `point(ranges)` marks text in the editor. */
class Drawing {
  constructor(container, point, say) {
    this.point = point;
    this.container = container;
    this.view = null; // until there is something to show
    this.spots = new Spots(EMPTY);
    this.shown = "";
    this.subject = "";
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
    const form = JSON.stringify({ ...model, files: [], uses: [], nodes: model.nodes.map((node) => ({ ...node, place: 0 })) });
    if (!this.view) this.view = new GraphView(this.container, model);
    else if (form !== this.shown || isOther) this.view.setModel(model, { isOther });
    this.shown = form;
    this.view.mark("wrong", failing);
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
