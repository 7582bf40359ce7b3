// The layers as a table: sorted by any column, and each row leads to its box.

const MOST_ROWS = 3000;

class LayerTable {
  constructor(net, { go }) {
    Object.assign(this, { net, go, order: null });
    this.columns = [
      { key: "id", name: "layer", value: (node) => node.id, left: true },
      { key: "text", name: "operator", value: (node) => node.text, left: true },
      { key: "shape", name: "shape", value: (node) => node.shape },
      ...FIGURES.filter(({ key }) => net.totals.get(key) || net.nodes.some((node) => net.figure(node, key))).map(
        (figure) => ({
          ...figure,
          value: (node) => net.figure(node, figure.key),
        }),
      ),
      { key: "field", name: "receptive field", value: (node) => node.field ?? "" },
      ...(net.hasFact("device")
        ? [{ key: "device", name: "device", value: (node) => node.facts.device ?? "", left: true }]
        : []),
    ];
    this.body = make("tbody");
    this.heads = this.columns.map((column) => this.#head(column));
    const table = make(
      "table",
      {},
      make("caption", { class: "unseen" }, "Layers"),
      make("thead", {}, make("tr", {}, ...this.heads)),
      this.body,
      this.#totals(),
    );
    const more = make(
      "p",
      { class: "soft" },
      `The first ${counted(MOST_ROWS)} of ${counted(net.nodes.length)}: search finds the others.`,
    );
    const parts = net.nodes.length > MOST_ROWS ? [more, table] : [table];
    this.element = make(
      "div",
      { class: "table fill", tabindex: 0, role: "region", "aria-label": "Table of layers" },
      ...parts,
    );
    this.rows = [];
    this.marked = [];
  }

  /** Makes the rows when the table is first shown. */
  shown() {
    if (this.rows.length) return;
    this.rows = this.net.nodes.slice(0, MOST_ROWS).map((node) => ({ node, element: this.#row(node) }));
    this.body.replaceChildren(...this.rows.map(({ element }) => element));
    this.mark(this.marked);
  }

  /** Rows of these nodes stand out. */
  mark(ids) {
    this.marked = ids;
    const marked = new Set(ids);
    for (const { node, element } of this.rows) element.classList.toggle("selected", marked.has(node.id));
  }

  #head(column) {
    const button = make(
      "button",
      { type: "button", class: "plain-button", onclick: () => this.#sort(column) },
      column.name,
    );
    return make("th", { scope: "col", class: column.left ? "left" : null }, button);
  }

  /** By a column: largest first, then smallest first, then as they are computed. */
  #sort(column) {
    const next = { none: "descending", descending: "ascending", ascending: "none" };
    const order = next[this.order?.key === column.key ? this.order.way : "none"];
    this.order = { key: column.key, way: order };
    this.heads.forEach((head, i) => head.setAttribute("aria-sort", this.columns[i] === column ? order : "none"));
    const sign = order === "ascending" ? 1 : -1;
    const compared = (a, b) =>
      sign * compare(column.value(a.node), column.value(b.node)) || a.node.index - b.node.index;
    const rows = order === "none" ? this.rows : this.rows.toSorted(compared);
    this.body.replaceChildren(...rows.map(({ element }) => element));
  }

  #row(node) {
    const link = make("button", { type: "button", class: "link", onclick: () => this.go(node.id) }, node.id);
    const cells = this.columns.slice(1).map(({ value, text, left }) => {
      const found = value(node);
      return make("td", { class: left ? "left" : null }, text ? (found ? text(found) : "") : found);
    });
    return make("tr", {}, make("th", { scope: "row", class: "left" }, link), ...cells);
  }

  #totals() {
    const cells = this.columns.slice(1).map(({ key, text }) => {
      const { number, open } = text ? this.net.sum(this.net.nodes, key) : {};
      return make("td", {}, number ? `${text(number)}${open ? " …" : ""}` : "");
    });
    return make("tfoot", {}, make("tr", {}, make("th", { scope: "row", class: "left" }, "all"), ...cells));
  }
}

/** Numbers and sizes such as `256@56x56` by their numbers, largest last; words by their letters. */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [x, y] = [a, b].map((each) => product(String(each)));
  return x !== null && y !== null ? x - y : String(a).localeCompare(String(b), "en", { numeric: true });
}

/** 256 * 56 * 56 of `256@56x56`; null for other words. */
function product(text) {
  return /^\d+([@x]\d+)*$/.test(text) ? text.split(/[@x]/).reduce((all, each) => all * Number(each), 1) : null;
}
