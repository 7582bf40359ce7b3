// The whole drawing, small, with a frame around what is seen; the frame can be dragged. It is for the pointer only:
// with the keyboard one walks from box to box.

const MAP = { width: 150, height: 170 };
const LEAST_WIDTH = 340; // of a view with a map

class Minimap {
  constructor(camera) {
    this.camera = camera;
    this.shapes = makeSvg("g");
    this.frame = makeSvg("rect", { class: "seen", rx: 1 });
    this.element = makeSvg("svg", { class: "minimap", "aria-hidden": "true", hidden: "" }, this.shapes, this.frame);
    this.element.addEventListener("pointerdown", (event) => this.#down(event));
    this.element.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["click", "dblclick"]) this.element.addEventListener(name, (event) => event.stopPropagation());
  }

  draw(scene, { width, height }) {
    const least = Math.max(width, height) / 4; // a long drawing has a map that is wide enough to be hit
    this.bounds = { x: Math.min(0, (width - least) / 2), y: Math.min(0, (height - least) / 2) };
    Object.assign(this.bounds, { width: Math.max(width, least), height: Math.max(height, least) });
    const { bounds } = this;
    this.scale = Math.min(MAP.width / bounds.width, MAP.height / bounds.height);
    this.element.setAttribute("viewBox", `${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`);
    this.element.setAttribute("width", bounds.width * this.scale);
    this.element.setAttribute("height", bounds.height * this.scale);
    const frames = scene.frames.map(({ x, y, width: w, height: h }) =>
      makeSvg("rect", { class: "frame", x, y, width: w, height: h }),
    );
    const boxes = scene.boxes.map((box) => {
      const at = { x: box.x - box.width / 2, y: box.y - box.height / 2, width: box.width, height: box.height };
      box.dot = makeSvg("rect", { class: `family-${box.lines[0]?.family ?? "plain"}`, ...at });
      return box.dot;
    });
    this.shapes.replaceChildren(...frames, ...boxes);
    this.follow();
  }

  /** Puts the frame around what is seen; where all is seen, or the view is small, there is no map. */
  follow() {
    if (!this.bounds) return;
    const { x, y, width, height } = this.camera.seen;
    const { bounds } = this;
    const left = Math.max(x, bounds.x);
    const top = Math.max(y, bounds.y);
    const right = Math.min(x + width, bounds.x + bounds.width);
    const bottom = Math.min(y + height, bounds.y + bounds.height);
    const all = right - left >= bounds.width - 1 && bottom - top >= bounds.height - 1;
    this.element.toggleAttribute("hidden", all || this.camera.size.width < LEAST_WIDTH);
    const shape = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
    for (const [name, value] of Object.entries(shape)) this.frame.setAttribute(name, value);
    this.frame.setAttribute("stroke-width", 2 / this.scale);
  }

  #down(event) {
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.#look(event);
  }

  #move(event) {
    if (this.element.hasPointerCapture(event.pointerId)) this.#look(event);
  }

  #look(event) {
    const box = this.element.getBoundingClientRect();
    const x = this.bounds.x + ((event.clientX - box.left) / box.width) * this.bounds.width;
    const y = this.bounds.y + ((event.clientY - box.top) / box.height) * this.bounds.height;
    this.camera.centre(x, y);
  }
}
