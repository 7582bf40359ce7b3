// The page: two graphs that know each other, the list of changes, the texts.

const MOST_OPEN = 150; // boxes that are drawn before anyone asks for more

const told = data("difference");
const models = ["a", "b"].map((name) => new GraphModel(data(name)));
const partners = new Partners(told.partner, models);
const places = told.places.map((pair) => pair.map((path, side) => partners.place(side, path)));
const colours = models.map((model, side) => new Colours(told.kinds, told.kindOf[side], told.devices));
const containers = ["graph-a", "graph-b"].map((id) => document.getElementById(id));
const views = containers.map((container, side) => new GraphView(container, data("ab"[side]), { open: changedBlocks(models[side], side) }));
const together = new Together(views, containers);
const changes = new Changes(document.getElementById("changes"), document.getElementById("kinds"), told.kinds);
const texts = new Texts(document.getElementById("texts"), told.texts, models);
const edges = edgesOfOneSide(models, partners);
let turn = 0; // how often something was shown
const badges = views.map((view, side) => new Badges(view, colours[side]));

/** The blocks in which something differs and something does not, or otherwise; as many, from outside in, as can be read. */
function changedBlocks(model, side) {
  const wanted = new Set();
  const seen = new Set();
  for (const id of colours[side].kindOf.keys()) {
    for (const item of model.find(id) ? model.way(id) : []) {
      if (item.path === undefined || seen.has(item)) continue;
      seen.add(item);
      if (!isOfOneKind(model, side, item.all)) wanted.add(item.path);
    }
  }
  const opened = new Opened(model);
  const chosen = [];
  for (const path of [...wanted].sort((a, b) => model.way(a).length - model.way(b).length)) {
    opened.openOnly([...chosen, path]);
    if (opened.leaves().length > MOST_OPEN) break;
    chosen.push(path);
  }
  return chosen;
}

/** Whether all these nodes are of one kind: then the closed block says it all. */
function isOfOneKind(model, side, indices) {
  return new Set(indices.map((index) => colours[side].kindOf.get(model.nodes[index].id))).size === 1;
}

/**
 * Shows nodes or blocks of both graphs (null: there is none) beside each other, and says what they are. `leader` is the
 * side whose one is seen already; null: neither is.
 */
async function show(ids, leader = null) {
  const own = (turn += 1);
  await Promise.all(views.map((view, side) => shown(view, ids[side], side === leader)));
  if (own !== turn) return; // something else is to be shown meanwhile
  const seen = ids.map((id, side) => id ?? partners.behind(1 - side, ids[1 - side]));
  views.forEach((view, side) => ids[side] === null && seen[side] !== null && view.centre(seen[side]));
  if (seen[0] !== null && seen[1] !== null) together.align(leader ?? (ids[0] === null ? 1 : 0), seen);
  texts.mark(ids.map((id, side) => (id === null ? [] : models[side].nodesOf(id))));
  document.getElementById("told").textContent = wordsOf(ids, seen);
}

function shown(view, id, isSeen) {
  if (id === null || isSeen) return view.select(id);
  return view.reveal(id);
}

/** The row of the list that leads to these ids, or -1. */
function rowOf(ids) {
  return places.findIndex((pair) => pair.some((id, side) => id !== null && id === ids[side]));
}

/** What is shown, for people: `A: conv1, B: conv1: changed`. */
function wordsOf(ids, seen) {
  const ends = ids.map((id, side) => {
    if (id !== null) return `${"AB"[side]}: ${id}`;
    return seen[side] === null ? null : `${"AB"[side]}: nothing, behind ${seen[side]}`;
  });
  const kinds = ids.map((id, side) => id && colours[side].kind(models[side].nodesOf(id))?.key).filter(Boolean);
  const row = changes.rows[rowOf(ids)]?.querySelector(".what").textContent;
  const told = [kinds[0] ?? (seen.some(Boolean) ? "unchanged" : ""), row].filter(Boolean).join(", ");
  return [ends.filter(Boolean).join(", "), told].filter(Boolean).join(": ");
}

views.forEach((view, side) => {
  containers[side].addEventListener("drawn", () => badges[side].draw());
  view.mark(side === 0 ? "edge-removed" : "edge-added", [], edges[side]);
  containers[side].addEventListener("select", ({ detail: { id, byUser } }) => {
    if (!byUser) return;
    const found = id !== null && models[side].find(id) ? partners.find(side, id) : null;
    const ids = side === 0 ? [id, found] : [found, id];
    show(ids, side);
    changes.show(rowOf(ids));
  });
  view.paint((box) => colours[side].paint(view.model, box));
});

changes.addEventListener("go", ({ detail: index }) => show(places[index]));
texts.addEventListener("go", ({ detail: { side, ids } }) => {
  const found = partners.find(side, ids[0]);
  show(side === 0 ? [ids[0], found] : [found, ids[0]], side);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n") changes.step(1);
  else if (event.key === "p") changes.step(-1);
});

function button(act, ...words) {
  return make("button", { type: "button", onclick: act }, ...words);
}

function showOnlyNear(isOn) {
  views.forEach(async (view, side) => {
    const isChanged = ({ id }) => ![undefined, "reshaped"].includes(colours[side].kindOf.get(id)); // causes, not what follows
    await view.setModel(isOn ? nearChanges(models[side], isChanged) : data("ab"[side]));
    view.camera.fit(view.bounds, LEAST_SCALE);
  });
}

document.getElementById("buttons").append(themeButton());
document.getElementById("tools").append(
  button(() => changes.step(-1), "Previous ", make("kbd", {}, "p")),
  button(() => changes.step(1), "Next ", make("kbd", {}, "n")),
  switchButton("Move together", true, (isOn) => (together.isOn = isOn)),
  switchButton("Only changes", false, showOnlyNear),
  button(() => views.forEach((view, side) => view.openOnly(changedBlocks(view.model, side))), "Open changed blocks"),
  button(() => views.forEach((view) => view.closeAll()), "Close all"),
  button(() => views.forEach((view) => view.fit()), "Fit"),
);
document.getElementById("legend")?.append(...told.devices.map((name, i) =>
  make("span", {}, make("span", { class: "sample", style: `background: var(--device-${i % HUES})`, "aria-hidden": "true" }, "\u00a0"), name)));
