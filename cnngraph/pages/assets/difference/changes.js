// The list of changes: filters by kind, one change after another by buttons and keys.

class Changes extends EventTarget {
  /** Dispatches `go` with the index of the change that was chosen. */
  constructor(list, filters, kinds) {
    super();
    this.rows = [...(list?.querySelectorAll("[data-change]") ?? [])];
    this.groups = [...(list?.children ?? [])];
    this.hidden = new Set();
    this.current = -1;
    for (const row of this.rows) row.addEventListener("click", () => this.choose(this.rows.indexOf(row)));
    for (const kind of kinds) this.#addFilter(filters, kind);
  }

  /** Chooses the next (1) or the one before (-1) of the rows that are shown, around the end. */
  step(way) {
    const { length } = this.rows;
    for (let i = 1; i <= length; i++) {
      const next = (((this.current < 0 && way < 0 ? 0 : this.current) + way * i) % length + length) % length;
      if (!this.rows[next].closest("li").hidden) {
        this.choose(next);
        return;
      }
    }
  }

  choose(index) {
    this.show(index);
    this.dispatchEvent(new CustomEvent("go", { detail: index }));
  }

  /** Marks a row as the current one, or none (-1). */
  show(index) {
    this.rows[this.current]?.removeAttribute("aria-current");
    this.current = index;
    const row = this.rows[index];
    row?.setAttribute("aria-current", "true");
    row?.scrollIntoView({ block: "nearest" });
  }

  #addFilter(filters, { key, sign, meaning }) {
    const own = this.rows.filter((row) => row.closest("li").classList.contains(`kind-${key}`));
    if (!own.length) return;
    const sample = make("span", { class: `sample kind-${key}`, "aria-hidden": "true" }, sign);
    const words = `${key} ${counted(own.length)}`;
    const button = switchButton([sample, words], true, (isShown) => {
      for (const row of own) row.closest("li").hidden = !isShown;
      for (const group of this.groups) group.hidden = !group.querySelector("ul > li:not([hidden])");
    });
    button.title = meaning;
    filters.append(button);
  }
}
