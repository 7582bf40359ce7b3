// Tables and totals that the server has made.

/** {columns, rows} as a table; `chosen(first cell)` is called for a row that is clicked, if it is given. */
function tableElement(caption, { columns, rows }, chosen = null) {
  const head = columns.map((column) => make("th", { scope: "col", class: column.right ? "right" : null }, column.heading));
  const body = rows.map((row) => {
    const cells = row.map((cell, place) => {
      const right = columns[place].right ? "right" : null;
      if (place) return make("td", { class: right }, cell);
      const text = chosen ? make("button", { class: "link", type: "button", onclick: () => chosen(cell) }, cell) : cell;
      return make("th", { scope: "row", class: right }, text);
    });
    return make("tr", {}, ...cells);
  });
  return make(
    "table", {}, make("caption", { class: "unseen" }, caption), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body),
  );
}

/** Figures by name, as a list of terms. */
function totalsElement(totals) {
  const items = Object.entries(totals).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return make("dl", { class: "totals" }, ...items);
}
