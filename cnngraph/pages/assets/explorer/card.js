// The card beside the pointer: the few lines that say what a box is.

class Card {
  constructor(net, lineOf) {
    Object.assign(this, { net, lineOf });
    this.element = make("div", { class: "hover-card", hidden: true, "aria-hidden": "true" });
  }

  /** Beside the place (x, y) of the window; without nodes it goes away. */
  show(id, ids, x, y) {
    this.element.hidden = ids.length === 0;
    if (!ids.length) return;
    const lines = ids.length === 1 ? this.#node(this.net.node(ids[0])) : this.#several(id, ids);
    this.element.replaceChildren(...lines.filter(Boolean));
    this.#place(x, y);
  }

  #place(x, y) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = x + 16 + width < innerWidth ? x + 16 : Math.max(x - 16 - width, 4);
    const top = y + 16 + height < innerHeight ? y + 16 : Math.max(y - 16 - height, 4);
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
  }

  #node(node) {
    const words = this.net.words.nodes.get(node.id) ?? {};
    const operator = this.net.words.operators.get(node.op);
    const field = node.field && (node.field === "all" ? "the whole input" : node.field);
    return [
      make("b", {}, node.id),
      make("code", {}, shortened(words.printed ?? node.text)),
      make("div", {}, node.shape),
      ...this.#figures([node]),
      field ? make("div", {}, `receptive field ${field}`) : null,
      node.facts.device ? make("div", {}, `on ${node.facts.device}`) : null,
      this.net.words.wrong.has(node.id) ? make("div", { class: "told" }, this.net.words.wrong.get(node.id)) : null,
      operator ? make("div", { class: "soft" }, `${operator.summary}.`) : null,
      node.file === null
        ? null
        : make("div", { class: "soft" }, `${this.net.model.files[node.file].name}:${this.lineOf(node)}`),
    ];
  }

  #several(id, ids) {
    const nodes = ids.map((each) => this.net.node(each));
    const block = this.net.blockOf(id);
    return [
      make("b", {}, id),
      block?.head ? make("code", {}, shortened(block.head)) : null,
      make("div", {}, `${counted(ids.length)} operators, ${nodes.at(-1).shape} at the end`),
      ...this.#figures(nodes),
      block?.documentation ? make("div", { class: "soft" }, block.documentation) : null,
    ];
  }

  #figures(nodes) {
    return FIGURES.map(({ key, name, text }) => {
      const { number, open } = this.net.sum(nodes, key);
      const value = nodes.length === 1 ? this.net.figure(nodes[0], key) : number;
      return value ? make("div", {}, `${text(value)}${open && nodes.length > 1 ? " and more" : ""} ${name}`) : null;
    });
  }
}

function shortened(text, longest = 120) {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
