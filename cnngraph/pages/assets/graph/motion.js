// From one drawing to the next: what is opened keeps its place on the screen, and boxes move to their new places.

const MILLISECONDS = 220;
const MOST_MOVING = 400; // boxes: with more, nothing moves

/** The corner of a box or frame, in points of the drawing. */
function cornerOf(thing) {
  return thing.boxes ? [thing.x, thing.y] : [thing.x - thing.width / 2, thing.y - thing.height / 2];
}

/** The middle of the side where the values enter: the same for a block whether it is open or closed. */
function entryOf(thing, direction) {
  const [x, y] = cornerOf(thing);
  return direction === "TB" ? [x + thing.width / 2, y] : [x, y + thing.height / 2];
}

/** Where the entry of `thing` is in the window. */
function placeOnScreen(camera, thing, direction) {
  const [x, y] = entryOf(thing, direction);
  return [camera.x + x * camera.scale, camera.y + y * camera.scale];
}

/** Moves the camera so that the entry of `thing` comes to this place of the window; a title is seen in any case. */
function keepPlace(camera, thing, direction, place) {
  const [x, y] = entryOf(thing, direction);
  camera.set(place[0] - x * camera.scale, place[1] - y * camera.scale);
  if (thing.boxes) camera.show({ x: thing.x, y: thing.y, width: thing.titleWidth, height: 30 });
}

/** Where all boxes are in the window, by id. */
function placesOnScreen(camera, scene) {
  const place = ({ x, y }) => [camera.x + x * camera.scale, camera.y + y * camera.scale];
  return new Map(scene.boxes.map((box) => [box.id, place(box)]));
}

/** Lets boxes come from where they were; what is new appears. */
function animate(camera, scene, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || scene.boxes.length > MOST_MOVING) return;
  const options = { duration: MILLISECONDS, easing: "ease-out" };
  const appear = [{ opacity: 0 }, { opacity: 1 }];
  for (const box of scene.boxes) {
    const old = before.get(box.id);
    if (!old) box.element.animate(appear, options);
    else {
      const [x, y] = [(old[0] - camera.x) / camera.scale, (old[1] - camera.y) / camera.scale];
      const places = [[x, y], [box.x, box.y]].map(([a, b]) => ({ transform: `translate(${a}px, ${b}px)` }));
      box.element.animate(places, options);
    }
  }
  for (const { element, handle } of [...scene.frames, ...scene.arrows]) {
    element.animate(appear, options);
    handle?.animate(appear, options);
  }
}
