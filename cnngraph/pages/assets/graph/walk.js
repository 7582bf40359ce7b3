// The keyboard: from box to box along the arrows, into blocks and out of them. One box or title at a time is what Tab
// leads to.
//
//   arrows            along an arrow of the drawing, else to the nearest box there; with Shift the drawing moves
//   Enter             opens or closes a block, selects a box;   Space selects
//   Escape            to the title of the block around; where there is none, nothing is selected
//   u                 all copies of a repeat, or one that stands for them
//   Home, End         the first and the last box;   + - 0   zoom, all

const KEYS_TOLD =
  "Arrow keys walk from box to box, Enter opens and closes blocks, Space selects, Escape leads out of a block, " +
  "U shows all copies of a repeat, plus and minus zoom, 0 shows all.";
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const SHIFT = 60; // pixels of the screen

class Walk {
  constructor(view) {
    this.view = view;
    view.container.addEventListener("focusin", ({ target }) => {
      this.focus(view.thing(target.dataset.id ?? null), false);
    });
    view.container.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".notice")) return;
      const id = event.target.closest("[data-id]")?.dataset.id ?? null;
      const here = view.thing(id) ?? view.scene?.boxes[0];
      if (!here || !this.#answer(event, here)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** The id of the box or title that has the focus, or null. */
  get focusedId() {
    const focused = document.activeElement;
    return this.view.container.contains(focused) ? focused.dataset.id ?? null : null;
  }

  /** Makes a box or frame the one that Tab leads to; with `really` it is focused. */
  focus(thing, really) {
    if (!thing) return;
    for (const old of this.view.layer.querySelectorAll('[tabindex="0"]')) old.setAttribute("tabindex", "-1");
    const element = thing.boxes ? thing.handle.querySelector(".title") : thing.element;
    element.setAttribute("tabindex", "0");
    if (really) element.focus({ preventScroll: true });
  }

  #answer({ key, shiftKey }, here) {
    const { view } = this;
    const boxes = view.scene.boxes;
    const step = STEPS[key];
    if (step && shiftKey) view.camera.pan(-SHIFT * step[0], -SHIFT * step[1]);
    else if (step) this.#goTo(stepFrom(view.scene, here, key));
    else if (key === "Enter" && here.path !== undefined) view.toggle(here.path);
    else if (key === "Enter" || key === " ") view.choose(here.item ? here.id : here.nodes[0]);
    else if (key === "u") return this.#unroll(here);
    else if (key === "Home") this.#goTo(boxes[0]);
    else if (key === "End") this.#goTo(boxes[boxes.length - 1]);
    else if (key === "+" || key === "=") view.zoomBy(1.25);
    else if (key === "-") view.zoomBy(0.8);
    else if (key === "0") view.fit();
    else if (key === "Escape" && here.frame) this.#goTo(here.frame);
    else if (key === "Escape" && view.selected !== null) view.choose(null);
    else return false;
    return true;
  }

  #goTo(thing) {
    if (!thing) return;
    this.focus(thing, true);
    const [x, y] = cornerOf(thing);
    const title = { x, y, width: thing.titleWidth, height: 30 }; // of a frame
    this.view.camera.show(thing.boxes ? title : { x, y, width: thing.width, height: thing.height });
  }

  /** The repeat of a box, or the innermost around it. */
  #unroll(thing) {
    for (let each = thing; each; each = each.frame) {
      if (each.item?.copies) return Boolean(this.view.unroll(each.path));
    }
    return false;
  }
}

/** The box that a step leads to, or null: along an arrow if one goes that way, else the nearest one there. */
function stepFrom(scene, thing, key) {
  const [dx, dy] = STEPS[key];
  const [hereX, hereY] = thing.boxes ? [thing.x + thing.titleWidth / 2, thing.y] : [thing.x, thing.y];
  const ahead = ({ x, y }) => (x - hereX) * dx + (y - hereY) * dy;
  const aside = ({ x, y }) => Math.abs((x - hereX) * dy) + Math.abs((y - hereY) * dx);
  const nearest = (boxes, slope) => {
    const there = boxes.filter((box) => box !== thing && ahead(box) > 1 && aside(box) <= slope * ahead(box));
    return there.sort((a, b) => ahead(a) + 2 * aside(a) - ahead(b) - 2 * aside(b))[0] ?? null;
  };
  const joined = scene.arrows.flatMap(({ from, to }) => (from === thing ? [to] : to === thing ? [from] : []));
  if (thing.boxes && key === "ArrowDown") return thing.boxes[0];
  return nearest(joined, 1.5) ?? nearest(scene.boxes, 1) ?? nearest(joined, Infinity);
}
