// The text of the network: its files, a line of numbers, colours; and marks, both ways between text and graph.
//
// The text is a list of lines to screen readers: arrows go from line to line, a line marks what it made, Enter shows it.

class SourceView {
  /**
   * @param {Net} net @param {Places} places
   * @param handlers onhover(ids, where), onselect(ids): what the pointer or the line in focus made
   */
  constructor(net, places, handlers) {
    Object.assign(this, { net, places, handlers, line: 1 });
    this.marks = new Map();
    this.files = net.model.files.map((file, i) => ({ ...file, number: i, letters: [...file.text] }));
    this.list = make("div", {
      class: "source",
      role: "listbox",
      tabindex: 0,
      "aria-label": "Text of the network",
      onkeydown: (event) => this.#key(event),
      onpointermove: (event) => handlers.onhover(this.#made(event)),
      onpointerleave: () => handlers.onhover([]),
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
    this.list.replaceChildren(...this.file.lines.map(({ element }) => element));
    this.#at(1);
    this.#paint();
  }

  /** Mark places in all files: [{file, from, to}]; without any, the mark is gone. */
  mark(name, places) {
    this.marks.set(name, places);
    this.#paint();
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

  lineOf(place) {
    const file = this.files[place.file];
    file.lines ??= this.#lines(file);
    return file.lines.findLastIndex(({ from }) => from <= place.from) + 1;
  }

  // ---- lines and words ----

  #lines(file) {
    const lines = [];
    const colours = this.net.words.colours[file.number] ?? [];
    let next = 0;
    for (let from = 0; from <= file.letters.length;) {
      let to = file.letters.indexOf("\n", from);
      if (to < 0) to = file.letters.length;
      const words = [];
      let at = from;
      for (; next < colours.length && colours[next] < to; next += 3) {
        const [start, length, kind] = colours.slice(next, next + 3);
        if (start > at) words.push(this.#word(file, at, start));
        words.push(this.#word(file, start, start + length, this.net.words.kinds[kind]));
        at = start + length;
      }
      if (at < to) words.push(this.#word(file, at, to));
      const number = lines.length + 1;
      const name = {
        role: "option",
        id: `line-${file.number}-${number}`,
        "aria-selected": "false",
        "data-line": number,
      };
      if (!words.length) name["aria-label"] = "empty line";
      lines.push({
        from,
        to,
        words,
        element: make("div", { class: "line", ...name }, ...words.map(({ element }) => element)),
      });
      from = to + 1;
    }
    return lines;
  }

  #word(file, from, to, kind) {
    const text = file.letters.slice(from, to).join("").replace(/\r$/, "");
    return { from, to, element: make("span", { class: kind ? `word kind-${kind}` : "word", "data-at": from }, text) };
  }

  #lineOf(offset) {
    return this.file.lines.findLastIndex(({ from }) => from <= offset) + 1;
  }

  // ---- marks ----

  /** Classes of words and lines from all marks; a place of a block's use marks its lines alone. */
  #paint() {
    for (const { element, words } of this.file.lines) {
      element.className = "line";
      for (const word of words) word.element.classList.remove(...MARKS);
    }
    for (const [name, places] of this.marks) {
      for (const { file, from, to } of places) if (file === this.file.number) this.#markPlace(name, from, to);
    }
  }

  #markPlace(name, from, to) {
    const first = this.#lineOf(from);
    for (let i = first - 1; i < this.file.lines.length && this.file.lines[i].from < to; i += 1) {
      const { element, words } = this.file.lines[i];
      element.classList.add(`has-${name}`);
      for (const word of words)
        if (word.from < to && word.to > from && /\S/.test(word.element.textContent)) word.element.classList.add(name);
    }
  }

  // ---- pointer and keys ----

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

const MARKS = ["hovered", "selected", "around", "error", "warning"];
