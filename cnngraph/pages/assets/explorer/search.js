// Search by name, operator, shape, family or device; blocks are found by their names as well.

const MOST_FOUND = 50;

/** What is searched, once: {id, words, node}. */
function searchable(net) {
  const nodes = net.nodes.map((node) => {
    const words = [
      node.id,
      node.op,
      net.words.nodes.get(node.id)?.printed ?? "",
      node.text,
      node.shape,
      node.family,
      node.facts.device ?? "",
    ];
    return { id: node.id, nodes: [node.id], told: `${node.text} ${node.shape}`, words: words.join(" ").toLowerCase() };
  });
  const blocks = [...net.model.blocks.values()].map(({ path, title }) => ({
    id: path,
    nodes: net.model.nodesOf(path),
    told: "block",
    words: `${path} ${title} ${net.blockOf(path)?.use.block ?? ""} block`.toLowerCase(),
  }));
  return [...nodes, ...blocks];
}

/** All that has every word of the query; what is named so comes first. */
function search(entries, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const rank = ({ id }) => {
    const name = id.toLowerCase();
    return name === words[0] ? 0 : name.split(".").at(-1) === words[0] ? 1 : name.includes(words[0]) ? 2 : 3;
  };
  const found = entries.filter((entry) => words.every((word) => entry.words.includes(word)));
  return found
    .map((entry) => ({ entry, rank: rank(entry) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
}

class Search {
  /** @param handlers go(id) for a chosen one; onfound(ids) for all that are found */
  constructor(net, { go, onfound }) {
    Object.assign(this, { net, go, onfound, found: [], at: -1 });
    this.list = make("div", { id: "found", role: "listbox", "aria-label": "Found", hidden: true });
    this.count = make("span", { class: "count", role: "status" });
    this.input = make("input", {
      type: "search",
      role: "combobox",
      placeholder: "Search (/)",
      "aria-label": "Search by name, operator, shape, family or device",
      "aria-controls": "found",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#look(),
      onfocus: () => this.#open(this.found.length > 0),
      onblur: () => this.#open(false),
      onkeydown: (event) => this.#key(event),
    });
    this.elements = [this.input, this.count, this.list];
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  #look() {
    const query = this.input.value;
    this.entries ??= searchable(this.net); // a page that nobody searches opens sooner
    this.found = search(this.entries, query);
    this.at = this.found.length ? 0 : -1;
    this.count.textContent = query.trim()
      ? this.found.length
        ? `${counted(this.found.length)} found`
        : "nothing found"
      : "";
    this.list.replaceChildren(...this.found.slice(0, MOST_FOUND).map((entry, i) => this.#option(entry, i)));
    this.#open(this.found.length > 0);
    this.#choose(this.at);
    this.onfound([...new Set(this.found.flatMap(({ nodes, told }) => (told === "block" ? [] : nodes)))]);
  }

  #option(entry, i) {
    const take = (event) => {
      event.preventDefault(); // the field keeps the focus
      this.#take(i);
    };
    return make(
      "div",
      { role: "option", id: `found-${i}`, "aria-selected": "false", onpointerdown: take },
      make("b", {}, entry.id),
      ` ${entry.told}`,
    );
  }

  #open(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", isOpen);
  }

  #choose(i) {
    this.list.children[this.at]?.setAttribute("aria-selected", false);
    this.at = i;
    const option = this.list.children[i];
    option?.setAttribute("aria-selected", true);
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #take(i) {
    if (!this.found[i]) return;
    this.#open(false);
    this.go(this.found[i].id);
  }

  #key(event) {
    const last = this.list.children.length - 1;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && last >= 0) {
      this.#open(true);
      this.#choose((this.at + step + last + 1) % (last + 1));
    } else if (event.key === "Enter") {
      this.#take(this.at);
    } else if (event.key === "Escape") {
      this.input.value = "";
      this.#look();
      this.input.blur();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
