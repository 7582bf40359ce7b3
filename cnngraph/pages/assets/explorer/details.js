// All that is known of what is selected: figures and where they come from, words of the language, text, neighbours.

const MOST_LISTED = 40;

class Details {
  /** @param go called with the id of a node or block that a link leads to; @param openText with a place of the text */
  constructor(net, places, { go, openText, lineOf }) {
    Object.assign(this, { net, places, go, openText, lineOf });
    this.element = make("section", { class: "details", tabindex: 0, "aria-label": "Details" });
    this.show(null, []);
  }

  /** A node, a block, or what a place of the text made; without nodes the whole network. */
  show(id, ids, ways = null) {
    const content =
      ids.length === 0
        ? this.#whole()
        : ids.length === 1
          ? this.#node(this.net.node(ids[0]), ways)
          : this.#several(id, ids);
    this.element.replaceChildren(...content.filter(Boolean));
    this.element.scrollTop = 0;
  }

  #whole() {
    const { words, nodes } = this.net;
    const rows = Object.entries(words.figures);
    const count = nodes.filter(({ family }) => family !== "input").length;
    const checks = words.checks.map(({ text, holds, ...place }) => {
      const [sign, told] = holds === null ? ["?", "was not tried"] : holds ? ["✓", "holds"] : ["✗", "does not hold"];
      return make("li", {}, `${sign} `, this.#placeLink(place, text), ` ${told}`);
    });
    return [
      make("h2", {}, this.net.model.name),
      pairs([["operators", counted(count)], ...rows, ["file", words.file], ["times", words.profiled]]),
      checks.length ? make("ul", { class: "plain" }, ...checks) : null,
      make("p", { class: "soft" }, "Choose a box, a line of the text, or press ", make("kbd", {}, "/"), " to search."),
    ];
  }

  #node(node, ways) {
    const words = this.net.words.nodes.get(node.id) ?? {};
    const told = this.net.words.wrong.get(node.id);
    return [
      make("h2", {}, node.id),
      make("p", { class: "printed" }, make("code", {}, words.printed ?? node.text)),
      told ? make("p", { class: "told" }, `✗ ${told}`) : null,
      this.#blocks(node),
      node.layer ? make("p", {}, "belongs to ", this.#link(node.layer)) : null,
      this.#figures(node, words.figures ?? {}),
      this.#states(words.states ?? []),
      ...this.#ways(ways),
      this.#links(
        "reads",
        this.net.before[node.index].map(({ from, shape }) => [this.net.nodes[from].id, shape]),
      ),
      this.#links(
        "read by",
        this.net.after[node.index].map(({ to, shape }) => [this.net.nodes[to].id, shape]),
      ),
      this.#text(node),
      ...this.#operator(node.op),
    ];
  }

  /** Shape, figures with their shares and equations, and facts. */
  #figures(node, worked) {
    const rows = [["shape", node.shape]];
    for (const [name, text] of Object.entries(worked)) {
      if (!["parameters", "multiply-adds", "receptive field"].includes(name)) rows.push([name, text]);
    }
    for (const { key, name, text } of FIGURES) {
      const value = this.net.figure(node, key);
      if (value) rows.push([name, `${worked[name] ?? text(value)}${this.#share(key, value)}`]);
    }
    if (node.field)
      rows.push([
        "receptive field",
        worked["receptive field"] ?? (node.field === "all" ? "the whole input" : node.field),
      ]);
    for (const [name, value] of Object.entries(node.facts)) if (name !== "seconds") rows.push([name, String(value)]);
    return pairs(rows);
  }

  #share(key, value) {
    const total = this.net.totals.get(key);
    return typeof value === "number" && total ? ` · ${shareText(value / total)} of all` : "";
  }

  #several(id, ids) {
    const nodes = ids.map((each) => this.net.node(each));
    const block = id ? this.net.blockOf(id) : null;
    const rows = [
      ["operators", counted(nodes.length)],
      ["shape at the end", nodes.at(-1).shape],
    ];
    for (const { key, name, text } of FIGURES) {
      const { number, open } = this.net.sum(nodes, key);
      if (number || open)
        rows.push([name, `${text(number)}${open ? " and more with open sizes" : this.#share(key, number)}`]);
    }
    return [
      make("h2", {}, id || `${ids.length} operators`),
      block?.head ? make("p", { class: "printed" }, make("code", {}, block.head)) : null,
      block?.documentation ? make("p", {}, block.documentation) : null,
      pairs(rows),
      block ? make("p", {}, "used at ", this.#placeLink(block.use)) : null,
      this.#links(
        "made of",
        ids.map((each) => [each, this.net.node(each).shape]),
      ),
    ];
  }

  /** The blocks around a node, outermost first. */
  #blocks(node) {
    const way = this.net.model.way(node.id).filter(({ path }) => path);
    if (!way.length) return null;
    const links = way.flatMap(({ path, title }) => [" › ", this.#link(path, title || path)]).slice(1);
    return make("p", { class: "blocks" }, "in ", ...links);
  }

  #states(states) {
    if (!states.length) return null;
    const items = states.map(([name, shape, trained]) =>
      make("li", {}, make("code", {}, `${name}: ${shape}`), trained ? "" : " not trained"),
    );
    return make("div", {}, make("h3", {}, "weights and states"), make("ul", { class: "plain" }, ...items));
  }

  #ways(found) {
    if (!found) return [];
    const items = found.ways.map(({ length, nodes }, i) =>
      make(
        "li",
        {},
        makeSvg(
          "svg",
          { class: `sample way-${(i % WAYS) + 1}`, "aria-hidden": "true", viewBox: "0 0 35 12" },
          makeSvg("path", { d: "M0 6H35" }),
        ),
        length ? `${length} operator${length > 1 ? "s" : ""}, the last is ` : "directly",
        length ? this.#link(nodes.at(-1)) : "",
      ),
    );
    return [make("h3", {}, "ways from ", this.#link(found.fork)), make("ol", { class: "plain" }, ...items)];
  }

  #links(name, pairs) {
    if (!pairs.length) return null;
    const shown = pairs.slice(0, MOST_LISTED).map(([id, shape]) => make("li", {}, this.#link(id), ` ${shape}`));
    const more =
      pairs.length > MOST_LISTED ? [make("li", { class: "soft" }, `and ${pairs.length - MOST_LISTED} more`)] : [];
    return make("div", {}, make("h3", {}, name), make("ul", { class: "plain" }, ...shown, ...more));
  }

  /** Where the node is written, then each use of a block that leads there. */
  #text(node) {
    if (node.file === null) return null;
    const uses = node.uses.toReversed().map((use) => make("li", {}, `in ${use.block}, used at `, this.#placeLink(use)));
    return make(
      "div",
      {},
      make("h3", {}, "text"),
      make("ul", { class: "plain" }, make("li", {}, this.#placeLink(node)), ...uses),
    );
  }

  /** What the reference says of an operator. */
  #operator(name) {
    const known = this.net.words.operators.get(name);
    if (!known) return [];
    const parts = Object.entries(known.parts);
    return [
      make("h3", {}, name),
      make("p", {}, `${known.summary}.`),
      known.equation ? make("pre", {}, known.equation) : null,
      make("p", { class: "printed" }, make("code", {}, known.signature)),
      ...known.remarks.map((remark) => make("p", {}, `${remark}.`)),
      pairs(parts),
    ];
  }

  #link(id, text = id) {
    return make("button", { type: "button", class: "link", onclick: () => this.go(id) }, text);
  }

  #placeLink({ file, from, to }, text) {
    const number = typeof file === "number" ? file : this.net.model.files.findIndex(({ name }) => name === file);
    const place = { file: number, from, to };
    if (number < 0) return make("span", {}, text ?? file);
    return make(
      "button",
      { type: "button", class: "link", onclick: () => this.openText(place) },
      text ?? `${this.net.model.files[number].name}:${this.lineOf(place)}`,
    );
  }
}

/** Names and what they are; rows without a value are left out. */
function pairs(rows) {
  const shown = rows.filter(([, value]) => value);
  return shown.length
    ? make("dl", {}, ...shown.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))))
    : null;
}
