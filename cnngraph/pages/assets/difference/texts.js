// Both sources line by line, beside each other or as one text; from a line to its nodes and back.

const AROUND = 3; // equal lines that stay before and behind a difference
const SIGN_OF = { equal: " ", delete: "-", insert: "+", replace: "~" };
const WORD_OF = { delete: "removed", insert: "added", replace: "changed" };

class Texts extends EventTarget {
  /** Dispatches `go` with {side, ids} for a line that was chosen. `models` have the texts and the nodes. */
  constructor(section, texts, models) {
    super();
    Object.assign(this, { section, texts, models, isUnified: innerWidth < 800 });
    this.lines = models.map((model) => new Lines(model));
    this.split = models.map((model) => model.files.map(({ text }) => text.split("\n")));
    if (texts.length) this.#add();
  }

  /** Marks the lines of these nodes (two lists of ids), and shows the first in its own window. */
  mark(ids) {
    for (const old of this.section.querySelectorAll(".chosen")) old.classList.remove("chosen");
    const places = new Set(ids.flatMap((list, side) =>
      list.flatMap((id) => (this.lines[side].linesOf.get(id) ?? []).map((place) => `${side} ${place}`))));
    const cells = [...this.section.querySelectorAll("[data-place]")].filter((cell) => places.has(cell.dataset.place));
    for (const cell of cells) cell.classList.add("chosen");
    const [first] = cells;
    if (first) intoView(first.closest(".wide"), first);
  }

  #add() {
    const button = switchButton("One text", this.isUnified, (isOn) => {
      this.isUnified = isOn;
      this.#draw();
    });
    this.place = make("div");
    this.section.append(button, this.place);
    this.#draw();
  }

  #draw() {
    this.place.replaceChildren(...this.texts.map((text) => this.#text(text)));
  }

  #text(text) {
    const name = [...new Set(text.names.filter((each) => each !== null))].join(" → ");
    if (!text.runs.length) {
      const words = `${name}: ${text.lengths.map(counted).join(" and ")} lines are too many to compare them here.`;
      return make("p", {}, words);
    }
    const body = make("tbody", {}, ...text.runs.flatMap((run, i) => this.#run(text, run, i)));
    const table = make("table", { class: this.isUnified ? "lines unified" : "lines" }, make("caption", {}, name), body);
    return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": name }, table);
  }

  /** The rows of a run; of many equal lines those around differences, and a button for the others. */
  #run(text, run, i) {
    const [tag, a, , b] = run;
    const rows = () => this.#rows(text, run);
    const length = run[2] - a;
    const head = i === 0 ? 0 : AROUND;
    const tail = i === text.runs.length - 1 ? 0 : AROUND;
    if (tag !== "equal" || length <= head + tail + 2) return rows();
    const part = (from, to) => this.#rows(text, ["equal", a + from, a + to, b + from, b + to]);
    const button = make("button", { type: "button", class: "more" }, `${counted(length - head - tail)} equal lines`);
    const row = make("tr", { class: "folded" }, make("td", { colspan: this.isUnified ? 4 : 6 }, button));
    button.addEventListener("click", () => row.replaceWith(...part(head, length - tail)));
    return [...part(0, head), row, ...part(length - tail, length)];
  }

  #rows(text, [tag, a, aEnd, b, bEnd]) {
    const left = Array.from({ length: aEnd - a }, (_, i) => [0, a + i]);
    const right = Array.from({ length: bEnd - b }, (_, i) => [1, b + i]);
    if (!this.isUnified) {
      const count = Math.max(left.length, right.length);
      return Array.from({ length: count }, (_, i) => this.#pair(text, tag, left[i], right[i]));
    }
    if (tag === "equal") return left.map((each, i) => this.#one(text, tag, each, right[i]));
    return [...left.map((each) => this.#one(text, "delete", each, null)), ...right.map((each) => this.#one(text, "insert", null, each))];
  }

  #pair(text, tag, left, right) {
    const kind = tag === "replace" ? (left ? (right ? "replace" : "delete") : "insert") : tag;
    const cells = [left, right].flatMap((each) => (each ? this.#cells(text, kind, each) : blank()));
    return make("tr", { class: `run-${kind}` }, ...cells);
  }

  #one(text, kind, left, right) {
    const [numberLeft, numberRight] = [left, right].map((each) => (each ? this.#number(text, each) : make("td")));
    const [, sign, code] = this.#cells(text, kind, right ?? left);
    return make("tr", { class: `run-${kind}` }, numberLeft, numberRight, sign, code);
  }

  /** Number, sign and words of a line. */
  #cells(text, kind, [side, line]) {
    const place = `${side} ${text.files[side]} ${line}`;
    const sign = make("td", { class: "sign" }, make("span", { "aria-hidden": "true" }, SIGN_OF[kind]));
    if (WORD_OF[kind]) sign.append(make("span", { class: "unseen" }, WORD_OF[kind]));
    const code = make("td", { class: `code side-${side}`, "data-place": place }, ...this.#words(text, [side, line]));
    return [this.#number(text, [side, line]), sign, code];
  }

  /** The number of a line; a button where it has made nodes. */
  #number(text, [side, line]) {
    const ids = this.lines[side].nodesAt.get(`${text.files[side]} ${line}`);
    if (!ids) return make("td", { class: "number" }, String(line + 1));
    const button = make("button", { type: "button", "aria-label": `Line ${line + 1}: show in graph ${"AB"[side]}` }, String(line + 1));
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("go", { detail: { side, ids } })));
    return make("td", { class: "number" }, button);
  }

  #words(text, [side, line]) {
    const whole = this.split[side][text.files[side]][line].replace(/\r$/, "");
    const spans = text.words[side][line] ?? [];
    if (!spans.length) return [whole];
    const letters = [...whole];
    const parts = [];
    let end = 0;
    for (const [from, to] of spans) {
      parts.push(letters.slice(end, from).join(""), make("b", { class: "word" }, letters.slice(from, to).join("")));
      end = to;
    }
    return [...parts, letters.slice(end).join("")];
  }
}

function blank() {
  return [make("td", { class: "number" }), make("td", { class: "sign" }), make("td", { class: "code none" })];
}

/** Scrolls a window, and nothing around it, until an element in it is seen. */
function intoView(window, element) {
  const [outer, inner] = [window.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) window.scrollTop += inner.top - outer.top - outer.height / 3;
}
