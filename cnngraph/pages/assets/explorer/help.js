// The help of keys, as a dialog: opened by `?`, closed by Escape.

const KEYS = [
  ["/", "search; arrows choose, Enter shows"],
  ["?", "this help"],
  ["Esc", "select nothing"],
  ["o", "open all blocks"],
  ["c", "close all blocks"],
  ["] [", "open one level more, close the innermost one"],
  ["d", "down or to the right"],
  ["f", "fit the whole graph"],
  ["+ −", "larger, smaller"],
  ["1 2 3", "text, layers, findings"],
  ["u", "in the graph: all copies of a repeat, or one"],
  ["arrows", "in the graph: from box to box along edges; in the text: from line to line"],
  ["Enter", "in the graph: open or close a block; in the text: show what the line made"],
];

class Help {
  constructor() {
    const rows = KEYS.map(([key, told]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, told)));
    this.element = make(
      "dialog",
      { class: "help", "aria-label": "Keys" },
      make("h2", {}, "Keys"),
      make("dl", {}, ...rows),
      make(
        "p",
        { class: "soft" },
        "A double click, or one on ▸, opens a block. Hover the text, and the graph shows what it made; and the other way round.",
      ),
      make("button", { type: "button", onclick: () => this.element.close() }, "Close"),
    );
  }

  toggle() {
    if (this.element.open) this.element.close();
    else this.element.showModal();
  }
}

/** Calls what a key stands for, unless it is being typed into a field or belongs to a shortcut of the browser. */
function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => {
    const isTyped = event.target.closest?.("input, select, textarea, dialog");
    if (isTyped || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const action = actions[event.key];
    if (!action) return;
    action();
    event.preventDefault();
  });
}
