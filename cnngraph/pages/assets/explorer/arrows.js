// Arrows are thin: a click near one is a click on it, and selects what it leads to, with all ways that meet there.

const REACH = 6; // pixels of the screen
const SAMPLED = 10; // points of the drawing between two places of a curve that are looked at

/** The arrow of a view that is nearest to a place of the window, within reach; null where there is none. */
function arrowNear(view, event) {
  const [left, top] = view.camera.local(event);
  const { x, y, scale } = view.camera;
  const point = [(left - x) / scale, (top - y) / scale];
  const away = (view.scene?.arrows ?? []).map((arrow) => ({ arrow, distance: distanceTo(arrow, point) }));
  const nearest = away.sort((a, b) => a.distance - b.distance)[0];
  return nearest && nearest.distance * scale <= REACH ? nearest.arrow : null;
}

function distanceTo(arrow, [x, y]) {
  const curves = [...arrow.element.querySelectorAll("path.line")];
  return Math.min(
    ...curves.map((curve) => {
      const { x: left, y: top, width, height } = curve.getBBox();
      if (x < left - 40 || y < top - 40 || x > left + width + 40 || y > top + height + 40) return Infinity;
      const length = curve.getTotalLength();
      const places = Array.from({ length: Math.ceil(length / SAMPLED) + 1 }, (_, i) =>
        curve.getPointAtLength(i * SAMPLED),
      );
      return Math.min(...places.map((place) => Math.hypot(place.x - x, place.y - y)));
    }),
  );
}
