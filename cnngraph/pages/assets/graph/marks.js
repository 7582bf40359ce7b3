// What is said of boxes without a new layout: colours, names of marks, what is selected.

class Marks {
  #painter = null;
  #marks = new Map(); // name -> {ids, edges}

  /** Colours all boxes as `painter(box)` says: {fill, line, ink} or null for the colours of the families.
   *  Where nothing is drawn yet, `renew` does it. */
  paint(scene, painter = this.#painter) {
    this.#painter = painter;
    if (!scene) return;
    for (const box of scene.boxes) {
      if (box.kind === "output") continue;
      const look = painter?.(box) ?? null;
      for (const element of [box.element, box.dot]) {
        element.classList.toggle("painted", look !== null);
        for (const name of ["fill", "line", "ink"]) {
          if (look?.[name]) element.style.setProperty(`--box-${name}`, look[name]);
          else element.style.removeProperty(`--box-${name}`);
        }
      }
    }
  }

  /** Puts the class `name` on boxes, frames and arrows, and on no others. `edges`: indices or [from, to]. */
  mark(scene, name, ids, edges) {
    if (ids.length || edges.length) this.#marks.set(name, { ids, edges });
    else this.#marks.delete(name);
    if (scene) this.#apply(scene, name, ids, edges);
  }

  /** Shows what is selected: boxes, rows of boxes, an open block. */
  select(scene, id) {
    if (!scene) return;
    const frame = scene.frames.find((each) => each.id === id);
    const boxes = id === null || frame ? new Set() : scene.boxesOf([id]);
    for (const each of scene.frames) each.element.classList.toggle("selected", each === frame);
    for (const box of scene.boxes) {
      box.element.classList.toggle("selected", boxes.has(box));
      if (box.kind !== "block") box.element.setAttribute("aria-pressed", String(boxes.has(box)));
      for (const line of box.element.querySelectorAll("[data-node]")) {
        line.classList.toggle("selected", box.rows.length > 1 && line.dataset.node === id);
      }
    }
  }

  /** All again, on a new drawing. */
  renew(scene) {
    this.paint(scene);
    for (const [name, { ids, edges }] of this.#marks) this.#apply(scene, name, ids, edges);
  }

  #apply(scene, name, ids, edges) {
    const known = ids.filter((id) => scene.model.find(id));
    const boxes = scene.boxesOf(known);
    const named = new Set(known);
    for (const box of scene.boxes) box.element.classList.toggle(name, boxes.has(box));
    for (const { id, element, handle } of scene.frames) {
      for (const each of [element, handle]) each.classList.toggle(name, named.has(id));
    }
    const wanted = new Set(edges.filter(Number.isInteger));
    const pairs = new Set(edges.filter(Array.isArray).map((pair) => JSON.stringify(pair)));
    const { nodes } = scene.model;
    for (const arrow of scene.arrows) {
      const is = (index) => {
        const { from, to } = scene.model.edges[index];
        return wanted.has(index) || (pairs.size && pairs.has(JSON.stringify([nodes[from].id, nodes[to].id])));
      };
      arrow.element.classList.toggle(name, arrow.edges.some(is));
    }
  }
}
