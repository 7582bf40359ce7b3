// The keyboard: from box to box along the arrows, into blocks and out of them.

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** The box that a step from `here` leads to, or null: along an arrow if one goes that way, else the nearest one there. */
function stepFrom(scene, here, key) {
  const [dx, dy] = STEPS[key];
  const ahead = (box) => (box.x - here.x) * dx + (box.y - here.y) * dy;
  const aside = (box) => Math.abs((box.x - here.x) * dy) + Math.abs((box.y - here.y) * dx);
  const nearest = (boxes, slope) => {
    const there = boxes.filter((box) => box !== here && ahead(box) > 1 && aside(box) <= slope * ahead(box));
    return there.sort((a, b) => ahead(a) + 2 * aside(a) - ahead(b) - 2 * aside(b))[0] ?? null;
  };
  const joined = scene.arrows.flatMap(({ from, to }) => (from === here ? [to] : to === here ? [from] : []));
  return nearest(joined, 1.5) ?? nearest(scene.boxes, 1) ?? nearest(joined, Infinity);
}

/** Answers keys in a view. */
function walkByKeys(view, element) {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".notice")) return;
    if (view.key(event.key, event.shiftKey, event.target)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}
