// The mouse and the finger: hover, click, double click.

function pointAt(view, container) {
  let hovered = null;
  container.addEventListener("pointermove", (event) => {
    if (event.buttons) return;
    const found = pointed(view, event.target);
    if (found) tell(view, { ...found, x: event.clientX, y: event.clientY });
    else if (hovered) tell(view, { id: null, nodes: [], box: null, x: event.clientX, y: event.clientY });
    hovered = found;
  });
  container.addEventListener("pointerleave", (event) => {
    if (hovered) tell(view, { id: null, nodes: [], box: null, x: event.clientX, y: event.clientY });
    hovered = null;
  });
  container.addEventListener("click", (event) => {
    const unroll = event.target.closest("[data-unroll]");
    const fold = event.target.closest(".fold");
    if (event.target.closest(".notice")) return;
    if (unroll) view.unroll(unroll.dataset.unroll);
    else if (fold) view.toggle(fold.dataset.path);
    else view.choose(pointed(view, event.target)?.id ?? null);
  });
  container.addEventListener("dblclick", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id !== undefined && view.model.blocks.has(id) && !event.target.closest(".fold")) view.toggle(id);
  });
}

/** What is under the pointer: {id, nodes, box}; a row of a box of several rows by itself; null for nothing. */
function pointed(view, element) {
  const id = element.closest("[data-id]")?.dataset.id;
  if (id === undefined || !view.scene) return null;
  const box = view.scene.boxes.find((each) => each.id === id);
  const row = element.closest("[data-node]")?.dataset.node;
  if (box?.kind === "output") return { id: box.nodes[0], nodes: box.nodes, box };
  if (row && box?.kind === "rows") return { id: row, nodes: [row], box };
  return { id, nodes: box ? box.nodes : view.model.nodesOf(id), box: box ?? null };
}

function tell(view, detail) {
  view.container.dispatchEvent(new CustomEvent("hover", { detail }));
}
