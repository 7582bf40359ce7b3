// The network as the page asks for it: the model of the graph view, with the words that Python adds.

/** Names of figures: key in the model, what people call it, how it is written. */
const FIGURES = [
  { key: "parameters", name: "parameters", text: figureText },
  { key: "madds", name: "multiply-adds", text: figureText },
  { key: "bytes", name: "activation bytes", text: bytesText },
  { key: "seconds", name: "measured time", text: timeText },
];

/** A figure: a number with commas, or the text of a polynomial as it is. */
function figureText(value) {
  return typeof value === "number" ? counted(value) : String(value);
}

function shareText(part) {
  return part > 0 && part < 0.001 ? "< 0.1 %" : `${(100 * part).toFixed(1)} %`;
}

class Net {
  /** @param {GraphModel} model @param words what `pages/explorer` says beside the model */
  constructor(model, words) {
    this.model = model;
    // Names of a file may be those that every object of JavaScript has: so no plain objects.
    const tables = ["nodes", "operators", "blocks", "wrong"].map((key) => [key, new Map(Object.entries(words[key]))]);
    this.words = { ...words, ...Object.fromEntries(tables) };
    this.nodes = model.nodes;
    this.before = model.nodes.map(() => []);
    this.after = model.nodes.map(() => []);
    for (const edge of model.edges) {
      this.before[edge.to].push(edge);
      this.after[edge.from].push(edge);
    }
    this.totals = new Map(FIGURES.map(({ key }) => [key, this.sum(model.nodes, key).number]));
  }

  node(id) {
    return this.model.byId.get(id);
  }

  /** A figure of a node; 0 where it has none, text where it depends on sizes that are open. */
  figure(node, key) {
    return node[key] ?? node.facts[key] ?? 0;
  }

  /** The sum of a figure over nodes: its number, and whether polynomials were left out of it. */
  sum(nodes, key) {
    const values = nodes.map((node) => this.figure(node, key));
    const numbers = values.filter((value) => typeof value === "number");
    return { number: numbers.reduce((a, b) => a + b, 0), open: numbers.length < values.length };
  }

  /** Whether any node has this fact. */
  hasFact(key) {
    return this.nodes.some((node) => node.facts[key] !== undefined);
  }

  /** What is said of the block that a path stands for, and where it is used: of `i3a` that of `inception`. */
  blockOf(path) {
    const item = this.model.blocks.get(path);
    if (!item) return null;
    const depth = path.split(".").length;
    const chains = item.all.map((index) => this.nodes[index].uses);
    const use = chains[0]?.[depth - 1];
    const isCommon = use && chains.every((chain) => chain[depth - 1] === use || same(chain[depth - 1], use));
    return isCommon ? { ...this.words.blocks.get(use.block), use } : null;
  }
}

function same(one, other) {
  return (
    other !== undefined && one !== undefined && ["block", "file", "from", "to"].every((key) => one[key] === other[key])
  );
}
