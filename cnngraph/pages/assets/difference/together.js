// Two views that are moved together: what a person does to one camera is done to the other.

const ACTS = ["wheel", "pointerdown", "pointermove", "keydown", "click"];

class Together {
  isOn = true;

  constructor(views, containers) {
    this.views = views;
    this.acting = null; // the side that a person is moving now
    this.before = views.map(({ camera }) => spotOf(camera));
    containers.forEach((container, side) => {
      for (const act of ACTS) container.addEventListener(act, () => this.#act(side), { capture: true, passive: true });
      container.addEventListener("moved", () => this.#follow(side));
    });
  }

  /** Puts what shows `ids[1 - side]` at the same place of its window as what shows `ids[side]`, as large. */
  align(side, ids) {
    const [here, there] = [this.views[side], this.views[1 - side]];
    const [from, to] = [thingOf(here, ids[side]), thingOf(there, ids[1 - side])].map((thing) => thing && topOf(thing));
    if (!from || !to) return;
    const { scale, x, y } = here.camera;
    there.camera.set(x + scale * (from[0] - to[0]), y + scale * (from[1] - to[1]), scale);
  }

  /** A camera that moves in this turn of the event loop is moved by a person, and by no layout. */
  #act(side) {
    this.acting = side;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.acting = null));
  }

  #follow(side) {
    const [now, before] = [spotOf(this.views[side].camera), this.before[side]];
    this.before[side] = now;
    if (!this.isOn || this.acting !== side) return;
    const by = now.scale / before.scale;
    const { camera } = this.views[1 - side];
    const scale = Math.min(LARGEST, Math.max(SMALLEST, camera.scale * by));
    camera.set(now.x + by * (camera.x - before.x), now.y + by * (camera.y - before.y), scale);
  }
}

function spotOf({ x, y, scale }) {
  return { x, y, scale };
}

/** The box or open block that shows a node or block, or the closed block that hides it; undefined where nothing does. */
function thingOf(view, id) {
  const shows = (box) => box.nodes.includes(id) || box.hidden.includes(id);
  const named = [...view.frames(), ...view.boxes()].find((each) => each.id === id);
  return named ?? view.boxes().find(shows) ?? view.boxes().find((box) => box.nodes.includes(view.model.nodesOf(id)[0]));
}

/** The middle of the upper edge of a box or an open block, as the drawing has it. */
function topOf(thing) {
  return thing.boxes ? [thing.x + thing.width / 2, thing.y] : [thing.x, thing.y - thing.height / 2];
}
