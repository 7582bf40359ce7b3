// Where one looks: the drawing is moved and scaled under a window that stays.

const SMALLEST = 0.03;
const LARGEST = 4;
const EDGE = 16; // free room around what is fitted, in pixels of the screen

class Camera {
  x = 0;
  y = 0;
  scale = 1;

  /** `layer` is moved in `window`, an element; `changed` is called after each move. */
  constructor(window, layer, changed) {
    this.window = window;
    this.layer = layer;
    this.changed = changed;
  }

  get size() {
    const { clientWidth: width, clientHeight: height } = this.window;
    return { width: width || 1, height: height || 1 };
  }

  /** What is seen, in points of the drawing. */
  get seen() {
    const { width, height } = this.size;
    return { x: -this.x / this.scale, y: -this.y / this.scale, width: width / this.scale, height: height / this.scale };
  }

  set(x, y, scale = this.scale) {
    if (x === this.x && y === this.y && scale === this.scale) return; // two views that follow each other come to rest
    Object.assign(this, { x, y, scale });
    this.layer.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    this.changed();
  }

  pan(dx, dy) {
    this.set(this.x + dx, this.y + dy);
  }

  /** Scales by `factor` so that a place of the window, by default its middle, stays. */
  zoom(factor, x = this.size.width / 2, y = this.size.height / 2) {
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.scale * factor));
    const by = scale / this.scale;
    this.set(x - (x - this.x) * by, y - (y - this.y) * by, scale);
  }

  /** All of `bounds` in the window; never larger than it is drawn, nor smaller than `least`: then its beginning. */
  fit(bounds, least = SMALLEST) {
    const { width, height } = this.size;
    const whole = Math.min((width - 2 * EDGE) / bounds.width, (height - 2 * EDGE) / bounds.height, 1);
    const scale = Math.max(whole, least);
    const place = (room, begin, extent) =>
      extent * scale <= room - 2 * EDGE ? (room - extent * scale) / 2 - begin * scale : EDGE - begin * scale;
    this.set(place(width, bounds.x, bounds.width), place(height, bounds.y, bounds.height), scale);
  }

  /** A point of the drawing in the middle of the window. */
  centre(x, y, scale = this.scale) {
    const { width, height } = this.size;
    this.set(width / 2 - x * scale, height / 2 - y * scale, scale);
  }

  /** Moves no further than is needed for a rectangle of the drawing to be seen. */
  show({ x, y, width, height }) {
    const seen = this.seen;
    const shift = (low, extent, from, room) => {
      const margin = Math.min(EDGE / this.scale, Math.max(0, (room - extent) / 2));
      if (low - margin < from) return low - margin - from;
      return Math.max(0, Math.min(low + extent + margin - from - room, low - margin - from));
    };
    const [dx, dy] = [shift(x, width, seen.x, seen.width), shift(y, height, seen.y, seen.height)];
    if (dx || dy) this.pan(-dx * this.scale, -dy * this.scale);
  }

  /** A point of the screen, from the corner of the window. */
  local(event) {
    const box = this.window.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/** Moves the camera by what a pointer does: one finger or the mouse pans, two fingers pinch, the wheel zooms. */
function moveByPointer(camera) {
  const held = new Map(); // pointers that are down, and where they were last
  let moved = false;
  const window = camera.window;
  window.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const delta = Math.max(-120, Math.min(120, event.deltaY * lines));
    camera.zoom(Math.exp(-delta * (event.ctrlKey ? 0.01 : 0.002)), ...camera.local(event));
  }, { passive: false });
  window.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".minimap, .notice, button")) return;
    if (!held.size) moved = false;
    held.set(event.pointerId, { at: camera.local(event), from: camera.local(event) });
  });
  window.addEventListener("pointermove", (event) => {
    const pointer = held.get(event.pointerId);
    if (!pointer) return;
    const now = camera.local(event);
    if (!moved && Math.hypot(now[0] - pointer.from[0], now[1] - pointer.from[1]) < 4) return;
    if (!moved) window.setPointerCapture(event.pointerId);
    moved = true;
    window.classList.add("dragged");
    if (held.size === 1) camera.pan(now[0] - pointer.at[0], now[1] - pointer.at[1]);
    else pinch(camera, held, pointer, now);
    pointer.at = now;
  });
  const release = (event) => {
    held.delete(event.pointerId);
    if (!held.size) window.classList.remove("dragged");
  };
  window.addEventListener("pointerup", release);
  window.addEventListener("pointercancel", release);
  window.addEventListener("click", (event) => {
    if (moved) event.stopPropagation(); // the end of a drag is no click
    moved = false;
  }, { capture: true });
}

function pinch(camera, held, pointer, now) {
  const other = [...held.values()].find((each) => each !== pointer);
  const before = Math.hypot(pointer.at[0] - other.at[0], pointer.at[1] - other.at[1]);
  const after = Math.hypot(now[0] - other.at[0], now[1] - other.at[1]);
  const middle = [(now[0] + other.at[0]) / 2, (now[1] + other.at[1]) / 2];
  camera.pan((now[0] - pointer.at[0]) / 2, (now[1] - pointer.at[1]) / 2);
  if (before > 1) camera.zoom(after / before, ...middle);
}
