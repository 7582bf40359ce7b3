// A sign in the corner of each box that differs, so that colour is not the only thing that tells; read out as well.

class Badges {
  constructor(view, colours) {
    Object.assign(this, { view, colours });
  }

  /** Puts a sign on the boxes as they are drawn now. */
  draw() {
    for (const box of this.view.boxes()) {
      const kind = this.colours.kind(box.nodes);
      const devices = this.colours.devicesOf(this.view.model, box.nodes);
      box.element.querySelector(".badge")?.remove();
      for (const { key } of this.colours.kinds) box.element.classList.toggle(`differs-${key}`, key === kind?.key);
      if (!kind && !devices.length) continue;
      const sign = [kind?.sign, devices.length > 2 ? `${devices.length} devices` : devices.join(", ")].filter(Boolean).join(" ");
      this.#add(box.element, sign, kind);
      this.#tell(box.element, [kind?.key, devices.length ? `on ${devices.join(", ")}` : null]);
    }
  }

  #add(element, sign, kind) {
    const outline = element.querySelector(".outline");
    const at = (name) => Number(outline.getAttribute(name));
    const width = Math.max(16, 7 * [...sign].length + 8);
    const [x, y] = [at("x") + 7 - width, at("y") - 8]; // beside the words of the box
    const shape = makeSvg("rect", { x, y, width, height: 16, rx: 8 });
    const middle = { x: x + width / 2, y: y + 9, "text-anchor": "middle", "dominant-baseline": "middle" };
    const classes = `badge${kind ? ` badge-${kind.key}` : ""}`;
    element.append(makeSvg("g", { class: classes, "aria-hidden": "true" }, shape, makeSvg("text", middle, sign)));
  }

  /** Says behind the name of the box what its sign means. */
  #tell(element, words) {
    element.dataset.name ??= element.getAttribute("aria-label");
    element.setAttribute("aria-label", [element.dataset.name, ...words].filter(Boolean).join(", "));
  }
}
