// The text of the network: its files, a line of numbers, colours; and marks, both ways between text and graph.
//
// The text is a list of lines to screen readers: arrows go from line to line, a line marks what it made, Enter shows it.

const MOST_LINES = 5000; // of a file; nobody reads more, and the page stays quick

class SourceView {
  /**
   * @param {Net} net @param {Places} places
   * @param handlers onhover(ids, where), onselect(ids): what the pointer or the line in focus made
   */
  constructor(net, places, handlers) {
    Object.assign(this, { net, places, handlers, line: 1 });
    this.marks = new Map();
    this.marked = new Map(); // the elements that have each mark now
    this.files = net.model.files.map((file, i) => ({ ...file, number: i, ...read(file.text) }));
    this.list = make("div", {
      class: "source",
      role: "listbox",
      tabindex: 0,
      "aria-label": "Text of the network",
      onkeydown: (event) => this.#key(event),
      onpointermove: (event) => this.#pointAt(event.target, event),
      onpointerleave: (event) => this.#pointAt(null, event),
      onclick: (event) => this.#click(event),
    });
    this.choice = make(
      "select",
      { "aria-label": "File", hidden: this.files.length < 2, onchange: () => this.show(Number(this.choice.value)) },
      ...this.files.map(({ name }, i) => make("option", { value: i }, name)),
    );
    this.element = make("div", { class: "fill" }, make("div", { class: "bar" }, this.choice), this.list);
    this.show(0);
  }

  /** Show a file; its lines are made when it is first shown. */
  show(number) {
    this.file = this.files[number];
    if (!this.file) return;
    this.file.lines ??= this.#lines(this.file);
    this.choice.value = number;
    const hidden = this.file.starts.length - this.file.lines.length;
    const more = hidden
      ? [make("div", { class: "line", role: "option", "aria-selected": "false" }, `… ${hidden} more lines`)]
      : [];
    this.list.replaceChildren(...this.file.lines.map(({ element }) => element), ...more);
    this.#at(1);
    for (const name of this.marks.keys()) this.#paint(name);
  }

  /** Mark places in all files: [{file, from, to}]; without any, the mark is gone. */
  mark(name, places) {
    this.marks.set(name, places);
    if (this.file) this.#paint(name);
  }

  /** Show a place: its file, and its line in the middle. */
  scrollTo(place) {
    if (!place) return;
    if (place.file !== this.file.number) this.show(place.file);
    const line = this.#lineOf(place.from);
    this.#at(line);
    const element = this.file.lines[line - 1].element;
    const top = element.offsetTop - this.list.offsetTop;
    const isSeen =
      top >= this.list.scrollTop && top + element.offsetHeight <= this.list.scrollTop + this.list.clientHeight;
    if (!isSeen) this.list.scrollTop = top - this.list.clientHeight / 2;
  }

  /** The number of the line of a place of any file. */
  lineOf(place) {
    return this.files[place.file].starts.findLastIndex((start) => start <= place.from) + 1;
  }

  // ---- lines and words ----

  #lines(file) {
    const colours = this.net.words.colours[file.number] ?? [];
    let next = 0;
    return file.starts.slice(0, MOST_LINES).map((from, i) => {
      const to = i + 1 < file.starts.length ? file.starts[i + 1] - 1 : file.letters.length;
      const words = [];
      let at = from;
      for (; next < colours.length && colours[next] < to; next += 3) {
        const [start, length, kind] = colours.slice(next, next + 3);
        words.push(
          ...this.#plain(file, at, start),
          this.#word(file, start, start + length, this.net.words.kinds[kind]),
        );
        at = start + length;
      }
      words.push(...this.#plain(file, at, to));
      return { from, to, words, element: this.#line(file, i + 1, words) };
    });
  }

  #line(file, number, words) {
    const name = { class: "line", role: "option", id: `line-${file.number}-${number}`, "data-line": number };
    const told = words.length ? null : "empty line";
    return make(
      "div",
      { ...name, "aria-selected": "false", "aria-label": told },
      ...words.map(({ element }) => element),
    );
  }

  /** Text without a colour: white space by itself, so that marks end where words do. */
  #plain(file, from, to) {
    const words = [];
    for (let at = from; at < to;) {
      const isSpace = /\s/.test(file.letters[at]);
      let end = at + 1;
      while (end < to && /\s/.test(file.letters[end]) === isSpace) end += 1;
      words.push(this.#word(file, at, end));
      at = end;
    }
    return words;
  }

  #word(file, from, to, kind) {
    const text = file.letters.slice(from, to).join("").replace(/\r$/, "");
    return { from, to, element: make("span", { class: kind ? `word kind-${kind}` : "word", "data-at": from }, text) };
  }

  /** The number of the line of the file that is shown; of what is not shown the last one. */
  #lineOf(offset) {
    return Math.min(this.lineOf({ file: this.file.number, from: offset }), this.file.lines.length);
  }

  // ---- marks ----

  /** Puts a mark on the words and lines of its places, and takes it from all others. */
  #paint(name) {
    for (const element of this.marked.get(name) ?? []) element.classList.remove(name, `has-${name}`);
    const here = this.marks.get(name).filter(({ file }) => file === this.file.number);
    this.marked.set(
      name,
      here.flatMap(({ from, to }) => this.#markPlace(name, from, to)),
    );
  }

  /** The elements of a place, marked. */
  #markPlace(name, from, to) {
    const found = [];
    for (let i = this.#lineOf(from) - 1; i < this.file.lines.length && this.file.lines[i].from < to; i += 1) {
      const { element, words } = this.file.lines[i];
      const inside = words.filter((word) => word.from < to && word.to > from).map((word) => word.element);
      for (const each of inside) each.classList.add(name);
      element.classList.add(`has-${name}`);
      found.push(element, ...inside);
    }
    return found;
  }

  // ---- pointer and keys ----

  #pointAt(target, event) {
    if (target === this.pointed) return;
    this.pointed = target;
    this.handlers.onhover(target ? this.#made(event) : []);
  }

  /** What the word under the pointer made, or else its line. */
  #made(event) {
    const line = event.target.closest?.("[data-line]");
    if (!line) return [];
    const word = event.target.closest("[data-at]");
    const made = word ? this.places.at(this.file.number, Number(word.dataset.at)) : [];
    return made.length ? made : this.#madeBy(Number(line.dataset.line));
  }

  #madeBy(line) {
    const { from, to } = this.file.lines[line - 1];
    return this.places.between(this.file.number, from, to);
  }

  #click(event) {
    const line = event.target.closest("[data-line]");
    if (!line || String(getSelection())) return; // text that is being selected is for copying
    this.#at(Number(line.dataset.line));
    this.handlers.onselect(this.#made(event));
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      this.#at(Math.min(Math.max(this.line + step, 1), this.file.lines.length));
      this.file.lines[this.line - 1].element.scrollIntoView({ block: "nearest" });
      this.handlers.onhover(this.#madeBy(this.line));
    } else if (event.key === "Enter") {
      this.handlers.onselect(this.#madeBy(this.line));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #at(line) {
    this.file.lines[this.line - 1]?.element.setAttribute("aria-selected", false);
    this.line = line;
    const { element } = this.file.lines[line - 1];
    element.setAttribute("aria-selected", true);
    this.list.setAttribute("aria-activedescendant", element.id);
  }
}

/** A text by its characters, as Python counts them, and where its lines begin. */
function read(text) {
  const letters = [...text];
  const starts = [0];
  letters.forEach((letter, i) => {
    if (letter === "\n") starts.push(i + 1);
  });
  return { letters, starts };
}
