// The page of a division: the graph, the devices and the timeline answer each other.

const about = data("partition");
const given = data("graph");
const modelOf = (division) => dividedModel(given, about.lanes, division, data("timeline").unit);
const first = about.executed ?? about.division;
const view = new GraphView(document.getElementById("view"), modelOf(first), {
  direction: "LR", label: `Graph of ${about.title}`,
});
const line = new Timeline(document.getElementById("time"), data("timeline"), {
  part: about.part, label: `Timeline of ${about.title}`,
});
const devices = new Devices(view, about.lanes, first);
const picked = document.getElementById("picked");

document.getElementById("theme").append(themeButton());

// ---- the devices ----

const switches = [...document.querySelectorAll("#devices button")];

/** The number of a lane, or null for all. */
function showOnly(lane) {
  for (const each of switches) each.setAttribute("aria-pressed", String(each.dataset.device === String(lane ?? "")));
  devices.only(lane);
  line.only(lane === null ? null : about.lanes[lane].members);
}

for (const each of switches) {
  each.addEventListener("click", ({ currentTarget: { dataset } }) => showOnly(dataset.device ? Number(dataset.device) : null));
}

document.getElementById("division")?.addEventListener("change", ({ target }) => {
  devices.division = target.value === "table" ? about.division : about.executed;
  view.setModel(modelOf(devices.division));
});

// ---- the graph and the timeline ----

const tool = (text, action, name = text) => make("button", { type: "button", onclick: action, "aria-label": name }, text);
document.getElementById("tools").append(
  tool("+", () => view.zoomBy(1.4), "Larger"), tool("−", () => view.zoomBy(1 / 1.4), "Smaller"), tool("Fit", () => view.fit()),
  tool("Open all", () => view.openAll()), tool("Close all", () => view.closeAll()),
  tool("Turn", () => view.setDirection(view.direction === "LR" ? "TB" : "LR"), "From above, or from the left"),
);

let byBar = false; // whether the graph is changed because of a bar

line.container.addEventListener("select", ({ detail: { nodes, text } }) => {
  byBar = true;
  const ids = (nodes ?? []).map((place) => view.model.nodes[place].id);
  view.select(null);
  view.mark("picked", ids);
  line.mark(nodes ?? []);
  if (ids.length) view.centre(ids[0]);
  picked.textContent = text;
  byBar = false;
});

view.container.addEventListener("select", ({ detail: { id, nodes } }) => {
  if (byBar) return;
  const places = id === null ? [] : nodes.map((node) => view.model.byId.get(node).index);
  view.mark("picked", []);
  line.mark(places);
  const names = [...new Set(places.map((place) => about.lanes[devices.division[place]]?.label))];
  const count = `${places.length} operator${places.length > 1 ? "s" : ""}`;
  picked.textContent = id === null ? "" : `${id}: ${count} on ${names.join(", ")}; their bars are marked`;
});

view.container.addEventListener("drawn", () => devices.show());

// ---- what is under the pointer ----

const card = make("div", { class: "card-of-node", hidden: true, "aria-hidden": "true" });
document.body.append(card);

view.container.addEventListener("hover", ({ detail: { id, nodes, x, y } }) => {
  card.hidden = id === null;
  if (id === null) return;
  const known = nodes.map((node) => view.model.byId.get(node));
  const names = [...new Set(known.map((node) => about.lanes[devices.division[node.index]].label))];
  const facts = known.length === 1 ? Object.entries(known[0].facts ?? {}).map(([name, value]) => `${name}: ${value}`) : [];
  const what = known.length === 1 ? [known[0].text, known[0].shape] : [`${known.length} operators`];
  const lines = [id, ...what.filter(Boolean), `on ${names.join(", ")}`, ...facts.filter((fact) => !fact.startsWith("device"))];
  card.replaceChildren(...lines.map((text) => make("div", {}, text)));
  card.style.left = `${Math.min(x + 14, innerWidth - card.offsetWidth - 8)}px`;
  card.style.top = `${Math.min(y + 16, innerHeight - card.offsetHeight - 8)}px`;
});

// ---- the trace ----

document.getElementById("save").addEventListener("click", async () => {
  const packed = Uint8Array.from(atob(data("trace")), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  download(new Blob([await new Response(stream).arrayBuffer()], { type: "application/json" }), "trace.json");
});
