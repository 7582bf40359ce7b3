// Colours of boxes: by family of operators, by device, or by a figure on a scale, each with its legend.
//
// A scale goes from the ground of the page to one dark (in the dark: light) blue: its lightness alone tells more from
// less, so that it reads the same without colour vision. It is that of the square root: small figures stay apart.

const SCALE = {
  light: ["#eef4fa", "#9cc3e6", "#2f78b7", "#0a2f5c"],
  dark: ["#20303f", "#2f5f8a", "#6aa9dc", "#dcefff"],
};
const RAMP = 48;

/** Of boxes of which nothing is known, or too much for one colour. */
const NEUTRAL = { fill: "var(--ground)", line: "var(--soft)", ink: "var(--ink)" };

/** What boxes can be coloured by; `has` says whether the network knows it. */
const PAINTS = [
  { key: "operator", name: "operator", has: () => true },
  { key: "madds", name: "multiply-adds", has: (net) => net.totals.get("madds") > 0 },
  { key: "parameters", name: "parameters", has: (net) => net.totals.get("parameters") > 0 },
  { key: "bytes", name: "activation bytes", has: (net) => net.totals.get("bytes") > 0 },
  { key: "field", name: "receptive field", has: (net) => net.nodes.some((node) => node.field) },
  { key: "device", name: "device", has: (net) => net.hasFact("device") },
  { key: "seconds", name: "measured time", has: (net) => net.hasFact("seconds") },
];

/** Two colours mixed, `part` of the second. */
function mixed(first, second, part) {
  const channels = [1, 3, 5].map((i) => {
    const [a, b] = [first, second].map((colour) => parseInt(colour.slice(i, i + 2), 16));
    return Math.round(a + (b - a) * part)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${channels.join("")}`;
}

/** The colour at a place from 0 to 1 of the scale. */
function onScale(part) {
  const stops = SCALE[isDark() ? "dark" : "light"];
  const at = Math.min(Math.max(part, 0), 1) * (stops.length - 1);
  const below = Math.min(Math.floor(at), stops.length - 2);
  return mixed(stops[below], stops[below + 1], at - below);
}

/** Relative luminance, as WCAG has it. */
function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const value = parseInt(colour.slice(i, i + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever is read better. */
function inkOn(colour) {
  const light = luminance(colour);
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

class Paints {
  constructor(net) {
    this.net = net;
    this.known = PAINTS.filter(({ has }) => has(net));
    this.devices = [...new Set(net.nodes.map((node) => node.facts?.device).filter(Boolean))];
  }

  /** Colour the boxes of a view and fill the legend. */
  apply(key, view, container, legend) {
    if (key === "operator") this.#families(view, container, legend);
    else if (key === "device") this.#devices(view, legend);
    else this.#figures(key, view, legend);
  }

  #families(view, container, legend) {
    view.paint(null);
    const wrong = this.net.words.wrong;
    const used = [...new Set(this.net.nodes.filter(({ id }) => !wrong.has(id)).map(({ family }) => family))];
    const style = getComputedStyle(container);
    const swatch = (family) => ({ class: "swatch", style: `background:${style.getPropertyValue(`--${family}`)}` });
    const broken = wrong.size ? [entry("refused its input", { class: "swatch wrong" })] : [];
    legend.replaceChildren(...used.map((family) => entry(family, swatch(family))), ...broken);
  }

  #devices(view, legend) {
    view.paint((box) => {
      const devices = [...new Set(box.nodes.map((id) => this.net.node(id).facts?.device))];
      return devices.length === 1 && devices[0] ? deviceLook(this.devices.indexOf(devices[0])) : NEUTRAL;
    });
    const entries = this.devices.map((name) =>
      entry(name, { class: "swatch", style: `background:${deviceLook(this.devices.indexOf(name)).fill}` }),
    );
    legend.replaceChildren(...entries, entry("several, or none", { class: "swatch" }));
  }

  /** The figure of a box: the sum of its nodes, of receptive fields the largest; null where sizes are open. */
  value(key, ids) {
    const nodes = ids.map((id) => this.net.node(id));
    if (key === "field") return Math.max(0, ...nodes.map(extent));
    const { number, open } = this.net.sum(nodes, key);
    return open ? null : number;
  }

  #figures(key, view, legend) {
    const values = view.boxes().map((box) => this.value(key, box.nodes));
    const known = key === "field" ? this.net.nodes.map(extent) : values;
    const most = known.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
    view.paint((box) => {
      const value = this.value(key, box.nodes);
      if (value === null) return NEUTRAL;
      const fill = onScale(value ? Math.sqrt(value / most) : 0);
      return { fill, line: onScale(1), ink: inkOn(fill) };
    });
    const open = values.includes(null) ? [entry("open sizes: give them with --set", { class: "swatch" })] : [];
    const all = values.includes(Infinity)
      ? [entry("the whole input", { class: "swatch", style: `background:${onScale(1)}` })]
      : [];
    legend.replaceChildren(scale(key, most), ...all, ...open);
  }
}

/** The larger side of a receptive field, in pixels of the input; of the whole input that is more than any number. */
function extent(node) {
  if (!node.field) return 0;
  return node.field === "all" ? Infinity : Math.max(...node.field.split("x").map(Number));
}

function entry(text, attributes) {
  return make("span", { class: "entry" }, make("span", { ...attributes, "aria-hidden": "true" }), text);
}

/** The scale with its ends and its middle; where a figure has a name for its unit, with that. */
function scale(key, most) {
  const text = FIGURES.find((figure) => figure.key === key)?.text ?? ((value) => `${value} px`);
  const colours = Array.from({ length: RAMP }, (_, i) => onScale(i / (RAMP - 1))).join(",");
  const marks = [0, 0.25, 1].map((part) =>
    make("span", {}, text(key === "seconds" ? most * part : Math.round(most * part))),
  );
  return make(
    "div",
    { class: "scale" },
    make("div", { class: "ramp", style: `background:linear-gradient(to right,${colours})`, "aria-hidden": "true" }),
    make("div", { class: "marks" }, ...marks),
  );
}
