// The live graph beside the text: what one points at here is shown there, and what is wrong stands out.

const EMPTY = { name: "", nodes: [], edges: [], tree: [], inputs: [], outputs: [], files: [], uses: [] };

/** The pane of the graph. `point(ranges)` marks text in the editor. */
class Drawing {
  constructor(container, point, say) {
    this.point = point;
    this.view = new GraphView(container, EMPTY, { direction: "TB" });
    this.spots = new Spots(EMPTY);
    this.shown = "";
    container.addEventListener("select", (event) => this.point(this.spots.of(event.detail?.nodes ?? []), true));
    container.addEventListener("hover", (event) => this.point(this.spots.of(event.detail?.nodes ?? []), false));
    container.addEventListener("failed", (event) => say(event.detail.message, true));
  }

  /** Show a net as the server has drawn it. One that cannot be read at all leaves the older one, which steps back. */
  show(drawn) {
    const { model, failing } = drawn;
    this.container.classList.toggle("is-old", model.nodes.length === 0 && this.shown !== "");
    if (!model.nodes.length) return;
    this.spots = new Spots(model);
    const form = JSON.stringify({ ...model, files: [], uses: [], nodes: model.nodes.map((node) => ({ ...node, place: 0 })) });
    if (form !== this.shown) this.view.setModel(model);
    this.shown = form;
    this.view.mark("wrong", failing);
  }

  get container() {
    return this.view.container;
  }

  /** Mark what the cursor stands in. */
  follow(offset) {
    this.view.mark("pointed", this.spots.at(offset));
  }
}
