// What bars look like: each phase and each kind of work has a colour and a pattern, so that neither is needed alone.

/** Lines and dots over the ground of a bar, by the name of its class. */
const STROKES = {
  "phase-B": "M-2 2L2 -2M0 8L8 0M6 10L10 6",
  "phase-W": "M2 1V3M6 5V7",
  "phase-R": "M2 0V8M6 0V8",
  "phase-U": "M0 0L8 8M8 0L0 8",
  "does-send": "M-2 6L2 10M0 0L8 8M6 -2L10 2",
  "does-receive": "M1 4H3M5 0H7M5 8H7",
  "does-reduce": "M2 0V8M6 0V8",
  "does-update": "M0 0L8 8M8 0L0 8",
};

let patternsMade = 0;

/** The patterns of one drawing, and the function that names the one of a class. */
function patterns() {
  const prefix = `pattern-${patternsMade++}-`;
  const made = Object.entries(STROKES).map(([name, path]) => makeSvg(
    "pattern",
    { id: prefix + name, width: 8, height: 8, patternUnits: "userSpaceOnUse", class: name },
    makeSvg("rect", { width: 8, height: 8, class: "bar-ground" }),
    makeSvg("path", { d: path, class: "bar-stroke" }),
  ));
  const fill = (name) => (name in STROKES ? `url(#${prefix}${name})` : null);
  return { defs: makeSvg("defs", {}, ...made), fill };
}

/** A sample of a look, for legends. */
function swatch(name, fill) {
  const bar = makeSvg("rect", { x: 0.5, y: 0.5, width: 23, height: 13, class: `bar ${name}`, fill: fill(name) });
  return makeSvg("svg", { width: 24, height: 14, class: "swatch", "aria-hidden": "true" }, bar);
}
