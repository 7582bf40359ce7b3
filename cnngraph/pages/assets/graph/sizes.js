// How large boxes, titles and words on arrows are, measured with the fonts of the page.

const ROW = 20; // height of a row of a box
const PAD = 9; // free room beside the words of a row
const FOLD = 18; // room of the mark that opens and closes a block
const UNROLL = 50; // room of the button that shows all copies
const FONTS = { row: ["", 12.5], title: ["600 ", 12.5], small: ["", 11] };

class Sizes {
  #context = document.createElement("canvas").getContext("2d");
  #known = new Map();

  constructor(container) {
    this.family = getComputedStyle(container).fontFamily;
  }

  width(text, font) {
    const key = `${font} ${text}`;
    if (!this.#known.has(key)) {
      const [weight, size] = FONTS[font];
      this.#context.font = `${weight}${size}px ${this.family}`;
      this.#known.set(key, Math.ceil(this.#context.measureText(text).width));
    }
    return this.#known.get(key);
  }

  /** Gives each box its lines, and all that is drawn its size. */
  measure(scene) {
    for (const box of scene.boxes) {
      box.lines = boxLines(box, scene.model);
      const widths = box.lines.map(({ text, font }) => this.width(text, font));
      const isRound = box.kind === "merge" && box.lines.length === 1 && box.lines[0].text.length === 1;
      const room = box.kind === "block" ? 2 * FOLD : 2 * PAD;
      box.width = isRound ? 26 : Math.max(40, ...widths.map((width) => width + room));
      box.height = isRound ? 26 : Math.max(1, box.lines.length) * ROW + (box.kind === "rows" ? 0 : 6);
    }
    for (const frame of scene.frames) {
      frame.ownWidth = this.width(frame.title, "title") + FOLD + 8;
      frame.titleWidth = frame.ownWidth + (frame.item.copies ? UNROLL + 8 : 0);
    }
    for (const arrow of scene.arrows) arrow.textWidth = arrow.text ? this.width(arrow.text, "small") + 8 : 0;
  }
}

/** What stands in a box, line by line: {text, font, family, node}. */
function boxLines(box, model) {
  if (box.kind === "block") return blockLines(box, model);
  const rows = box.rows.map((row) => ({ ...row, font: "row" }));
  if (box.kind === "merge" && box.title) rows[0].text = `${box.title} ${rows[0].text}`;
  const isTitled = box.title && box.kind === "rows";
  const title = isTitled ? [{ text: box.title, font: "title", family: rows[0].family, node: null }] : [];
  const says = box.saysShape && box.kind !== "input";
  return [...title, ...rows, ...(says ? [{ text: box.shape, font: "small", family: "plain", node: null }] : [])];
}

function blockLines(box, model) {
  const counts = box.nodes.map((id) => model.byId.get(id).parameters).filter((count) => count !== 0);
  const total = counts.every(Number.isFinite) ? counts.reduce((a, b) => a + b, 0) : counts.length === 1 ? counts[0] : 0;
  const lines = [{ text: box.title, font: "title", family: "block", node: null }];
  lines.push({ text: box.shape, font: "small", family: "block", node: null });
  if (total) lines.push({ text: `${parametersText(total)}`, font: "small", family: "block", node: null });
  return lines;
}

function parametersText(count) {
  return `${Number.isFinite(count) ? counted(count) : count} parameter${count === 1 ? "" : "s"}`;
}
