// The two panes beside each other with a bar that moves, tabs, and on narrow screens one pane at a time.

const LEAST_SHARE = 22;
const MOST_SHARE = 75; // per cent of the width for the text

/** A bar between two panes: dragged, or moved by arrow keys; `onmove` gets the share of the first pane in per cent. */
function splitter(bar, { start, name, upright, onmove }) {
  let share = start;
  const set = (value) => {
    share = Math.min(Math.max(value, LEAST_SHARE), MOST_SHARE);
    bar.setAttribute("aria-valuenow", Math.round(share));
    onmove(share);
  };
  const attributes = {
    role: "separator",
    tabindex: 0,
    "aria-label": name,
    "aria-valuemin": LEAST_SHARE,
    "aria-valuemax": MOST_SHARE,
  };
  for (const [key, value] of Object.entries(attributes)) bar.setAttribute(key, value);
  bar.setAttribute("aria-orientation", upright ? "vertical" : "horizontal");
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = bar.parentElement.getBoundingClientRect();
    set(upright ? (100 * (event.clientX - box.left)) / box.width : (100 * (event.clientY - box.top)) / box.height);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -3, ArrowUp: -3, ArrowRight: 3, ArrowDown: 3, Home: -100, End: 100 }[event.key];
    if (step === undefined) return;
    set(share + step);
    event.preventDefault();
    event.stopPropagation();
  });
  set(start);
}

/** Tabs over panels: [{key, name, panel, onshow}]; arrows go from tab to tab. */
class Tabs {
  constructor(name, tabs) {
    this.tabs = tabs.map((tab) => {
      tab.panel.id = `panel-${tab.key}`;
      tab.panel.setAttribute("role", "tabpanel");
      tab.panel.setAttribute("aria-label", tab.name);
      const button = make(
        "button",
        { role: "tab", type: "button", "aria-controls": tab.panel.id, onclick: () => this.show(tab.key) },
        tab.name,
      );
      return { ...tab, button };
    });
    this.element = make(
      "div",
      { role: "tablist", "aria-label": name, onkeydown: (event) => this.#move(event) },
      ...this.tabs.map(({ button }) => button),
    );
    this.show(tabs[0].key);
  }

  show(key) {
    if (!this.tabs.some((tab) => tab.key === key)) return;
    this.shown = key;
    for (const tab of this.tabs) {
      const isShown = tab.key === key;
      tab.button.setAttribute("aria-selected", isShown);
      tab.button.tabIndex = isShown ? 0 : -1;
      tab.panel.hidden = !isShown;
      if (isShown) tab.onshow?.();
    }
  }

  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.tabs.findIndex(({ key }) => key === this.shown);
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    this.show(next.key);
    next.button.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** On a narrow screen one of the panes fills it: three buttons at the bottom choose. */
function paneButtons(root, names) {
  const buttons = new Map();
  const show = (key) => {
    root.dataset.pane = key;
    for (const [each, button] of buttons) button.setAttribute("aria-pressed", each === key);
    root.dispatchEvent(new CustomEvent("pane"));
  };
  for (const [key, name] of Object.entries(names)) {
    buttons.set(key, make("button", { type: "button", onclick: () => show(key) }, name));
  }
  show(Object.keys(names)[0]);
  return { element: make("nav", { class: "narrow", "aria-label": "Panes" }, ...buttons.values()), show };
}
