// Panes of which one is shown.

/** Tabs above `panes`, [name, element]; arrows go from tab to tab. `chosen` is called with the place of the one shown. */
function tabbed(container, label, panes, chosen) {
  const tabs = panes.map(([name, pane]) => {
    pane.id = `pane-${name}`;
    pane.setAttribute("role", "tabpanel");
    pane.setAttribute("aria-labelledby", `tab-${name}`);
    return make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": pane.id }, name);
  });
  const choose = (wanted) => {
    panes.forEach(([, pane], place) => {
      pane.hidden = place !== wanted;
      tabs[place].setAttribute("aria-selected", String(place === wanted));
      tabs[place].tabIndex = place === wanted ? 0 : -1;
    });
    chosen(wanted);
  };
  tabs.forEach((tab, place) => tab.addEventListener("click", () => choose(place)));
  const list = make("div", { role: "tablist", "aria-label": label }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    choose(next);
    tabs[next].focus();
  });
  container.append(list, ...panes.map(([, pane]) => pane));
  choose(0);
}
