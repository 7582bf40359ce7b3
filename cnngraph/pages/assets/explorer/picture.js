// The drawing as a file: SVG with all of its style in it, or PNG made from that.

const DRAWN = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-decoration",
  "text-anchor",
  "dominant-baseline",
  "paint-order",
  "display",
  "visibility",
];
const MARGIN = 12;
const LARGEST_PIXELS = 8000; // along a side of a PNG

/** A copy of the drawing that needs no style sheet and no script, and shows all of it. */
function standalone(svg, drawing) {
  const copy = svg.cloneNode(true);
  const pairs = [[svg, copy], ...zip(svg.querySelectorAll("*"), copy.querySelectorAll("*"))];
  for (const [from, to] of pairs) {
    const style = getComputedStyle(from);
    to.setAttribute("style", DRAWN.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
    for (const name of ["class", "tabindex", "role", "id"]) to.removeAttribute(name);
  }
  copy.querySelector("g").removeAttribute("transform"); // where one looks is not part of the picture
  const box = drawing.getBBox();
  const [x, y, width, height] = [box.x - MARGIN, box.y - MARGIN, box.width + 2 * MARGIN, box.height + 2 * MARGIN];
  const ground = document.createElementNS(svg.namespaceURI, "rect");
  const colour = getComputedStyle(document.body).backgroundColor;
  for (const [name, value] of Object.entries({ x, y, width, height, fill: colour })) ground.setAttribute(name, value);
  copy.prepend(ground);
  copy.setAttribute("xmlns", svg.namespaceURI);
  copy.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

function zip(first, second) {
  return [...first].map((each, i) => [each, second[i]]);
}

/** The drawing as PNG, twice as fine as on the screen where that is not too large. */
async function png({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(2, LARGEST_PIXELS / Math.max(width, height));
  const canvas = make("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
