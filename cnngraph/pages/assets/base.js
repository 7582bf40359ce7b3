// What all pages share: their data, elements made without markup, and the choice of light or dark.

/** The value that Python put into the page under this name. */
function data(name) {
  return JSON.parse(document.getElementById(name).textContent);
}

/**
 * An element: make("button", {class: "small", onclick: go, "aria-label": "Next"}, "text", child).
 * Text stays text. What begins with `on` is a listener, `true` an attribute without value; null and false are left out.
 */
function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
function makeSvg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A button that is pressed or not; `act` is told which. */
function switchButton(words, isOn, act) {
  const made = make("button", { type: "button", "aria-pressed": String(isOn) }, ...[words].flat());
  made.addEventListener("click", () => {
    const now = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(now));
    act(now);
  });
  return made;
}

/** Offers a blob to be kept as a file. */
function download(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A number with commas: 61,706. */
function counted(number) {
  return number.toLocaleString("en-US");
}

const UNITS = [["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]];

/** Three digits and a unit; `unit` "" is for times of a unit that nobody knows. */
function timeText(seconds, unit = "s") {
  if (!seconds) return unit ? "0 s" : "0";
  if (!unit) return String(Number(seconds.toPrecision(6)));
  const [name, factor] = UNITS.find(([, least]) => seconds >= least) ?? UNITS[3];
  return `${Number((seconds / factor).toPrecision(3))} ${name}`;
}

const BYTES = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

/** Three digits and a unit, as in the tables of the commands; a polynomial as it is. */
function bytesText(count) {
  const found = BYTES.find(([, least]) => count >= least);
  return found ? `${Number((count / found[1]).toPrecision(3))} ${found[0]}` : `${count} B`;
}

const HUES = 8; // colours of devices; with more devices they begin again, and names tell them apart

/** Fill, line and ink of a box on a device, by the place of the device among all. */
function deviceLook(place) {
  const name = `--device-${place % HUES}`;
  return { fill: `var(${name})`, line: `var(${name}-line)`, ink: "var(--ink)" };
}

/** Whether the page is dark now, by the button or by the system. */
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A button that turns light into dark and back; `theme` is dispatched on the document after each change. */
function themeButton() {
  const button = make("button", { type: "button", "aria-label": "Light or dark" }, "◐");
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    document.dispatchEvent(new CustomEvent("theme"));
  });
  return button;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new CustomEvent("theme"));
});
