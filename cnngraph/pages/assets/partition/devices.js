// The devices of a division on the graph: their colours and letters, what crosses between them, one of them alone.

class Devices {
  #only = null;

  /** `lanes`: [{name, label, letter, members}]; `division`: for each node of the graph the number of its lane. */
  constructor(view, lanes, division) {
    Object.assign(this, { view, lanes, division });
    view.container.addEventListener("drawn", () => this.#letters());
  }

  /** Colours the graph by a division, and makes what crosses thick. */
  show(division = this.division) {
    this.division = division;
    const { nodes, edges } = this.view.model;
    const places = this.lanes.map((_, lane) => nodes.filter((node) => division[node.index] === lane));
    for (let hue = 0; hue < HUES; hue++) {
      const ids = places.filter((_, lane) => lane % HUES === hue).flat().map((node) => node.id);
      const frames = this.lanes.filter((_, lane) => lane % HUES === hue).map((lane) => frameOf(lane.name));
      this.view.mark(`device-${hue}`, [...ids, ...frames.filter((path) => this.view.model.find(path))]);
    }
    this.view.mark("crossing", [], edges.filter((edge) => this.#crosses(edge)).map((edge) => edge.index));
    this.view.mark("mixed", this.#mixed());
    this.only(this.#only);
  }

  /** Shows the lane of this number alone; null shows all. */
  only(lane) {
    this.#only = lane;
    const { nodes, edges } = this.view.model;
    const away = lane === null ? [] : nodes.filter((node) => this.division[node.index] !== lane);
    const inner = lane === null ? [] : edges.filter((edge) => [edge.from, edge.to].every((end) => this.division[end] !== lane));
    this.view.mark("away", this.#boxesOf(away), inner.map((edge) => edge.index));
    this.#letters();
  }

  /** The boxes that show nothing but these nodes: a box of two devices stays. */
  #boxesOf(away) {
    const gone = new Set(away.map((node) => node.id));
    return this.view.boxes().filter((box) => box.nodes.length && [...box.nodes, ...box.hidden].every((id) => gone.has(id)))
      .map((box) => box.id);
  }

  /** Boxes of several devices. */
  #mixed() {
    return this.view.boxes().filter((box) => this.#lanesOf(box).length > 1).map((box) => box.id);
  }

  #crosses({ from, to }) {
    return crosses(this.view.model.value.nodes, this.division, from, to);
  }

  #lanesOf(box) {
    const { byId } = this.view.model;
    const all = [...box.nodes, ...box.hidden].map((id) => this.division[byId.get(id).index]);
    return [...new Set(all)];
  }

  /** The letters of its devices above the corner of each box that no frame names. */
  #letters() {
    for (const box of this.view.boxes()) {
      box.element.querySelector(".letter")?.remove();
      const outline = box.element.querySelector(".outline");
      const isFramed = this.lanes.some((lane) => this.view.model.way(box.id)[0]?.path === frameOf(lane.name));
      if (!outline || !box.nodes.length || isFramed) continue;
      const { x, y } = outline.getBBox();
      const text = this.#lanesOf(box).map((lane) => this.lanes[lane].letter).join(" ");
      box.element.append(makeSvg("text", { x, y: y - 3, class: "letter", "aria-hidden": "true" }, text));
    }
  }
}
