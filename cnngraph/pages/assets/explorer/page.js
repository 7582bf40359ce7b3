// The explorer: its parts made and joined. What is selected anywhere is selected everywhere.

const WAYS = 4; // ways of a merge have so many looks, then these come again

class Explorer {
  constructor() {
    const value = data("graph");
    this.net = new Net(new GraphModel(value), data("net"));
    this.places = new Places(this.net);
    this.paints = new Paints(this.net);
    this.root = document.querySelector(".explorer");
    this.asked = readAddress(location.hash);
    this.selected = { id: null, nodes: [] };
    this.#makeText();
    this.#makeDrawing(value);
    this.#makeTop();
    this.#listen();
    this.#restore(this.asked);
  }

  // ---- parts ----

  #makeText() {
    const go = (id) => this.reveal(id);
    this.source = new SourceView(this.net, this.places, {
      onhover: (ids) => this.view.mark("hovered", ids),
      onselect: (ids) => this.#choose(ids),
    });
    const openText = (place) => {
      this.panes?.show("text");
      this.tabs.show("text");
      this.source.scrollTo(place);
      this.source.mark("selected", [place]);
    };
    this.table = new LayerTable(this.net, { go });
    this.findings = new Findings(this.net, { openText, go });
    this.details = new Details(this.net, this.places, { go, openText, lineOf: (place) => this.source.lineOf(place) });
    const panels = [
      { key: "text", name: "Text", part: this.source },
      { key: "table", name: "Layers", part: this.table, onshow: () => this.table.shown() },
      { key: "findings", name: this.findings.title, part: this.findings },
    ].map(({ part, ...tab }) => ({ ...tab, panel: make("div", {}, part.element) }));
    this.tabs = new Tabs("Text, layers, findings", panels);
    const upper = make("div", { class: "upper" }, this.tabs.element, ...panels.map(({ panel }) => panel));
    const bar = make("div");
    const lower = make("div", { class: "lower fill" }, this.details.element);
    const text = document.getElementById("text");
    text.append(upper, bar, lower);
    splitter(bar, {
      start: 55,
      name: "Height of the text",
      upright: false,
      onmove: (share) => text.style.setProperty("--upper", `${share}%`),
    });
    splitter(document.getElementById("split"), {
      start: 36,
      name: "Width of the text",
      upright: true,
      onmove: (share) => text.style.setProperty("--share", `${share}%`),
    });
    for (const severity of ["warning", "error"]) this.source.mark(severity, this.findings.places(severity));
  }

  #makeDrawing(value) {
    const container = make("div", { id: "graph" });
    this.crumbs = make("nav", { class: "crumbs", "aria-label": "Blocks around the selection", "aria-live": "polite" });
    this.legend = make("div", { class: "legend", role: "group", "aria-label": "Legend" });
    this.card = new Card(this.net, (place) => this.source.lineOf(place));
    this.tools = new Tools(
      () => this.view,
      this.paints,
      (key) => this.paint(key),
    );
    document.getElementById("drawing").append(this.tools.element, this.crumbs, container, this.legend);
    this.view = new GraphView(container, value, { direction: this.asked.direction === "LR" ? "LR" : "TB" });
    this.container = container;
    this.#keepMiddle();
  }

  /** What is in the middle stays there when the pane becomes wider or narrower. */
  #keepMiddle() {
    let width = this.container.clientWidth;
    new ResizeObserver(() => {
      const now = this.container.clientWidth;
      if (!now) return; // it is hidden
      if (width) this.view.camera.pan((now - width) / 2, 0);
      width = now;
    }).observe(this.container);
  }

  #makeTop() {
    this.search = new Search(this.net, { go: (id) => this.reveal(id), onfound: (ids) => this.view.mark("found", ids) });
    document.getElementById("search").append(...this.search.elements);
    this.help = new Help();
    this.toast = make("div", { class: "toast", role: "status" });
    this.panes = paneButtons(this.root, { graph: "Graph", text: "Text", details: "Details" });
    const button = (text, act) => make("button", { type: "button", onclick: act }, text);
    document.getElementById("buttons").append(
      button("Link", () => this.copyLink()),
      button("SVG", () => this.keepPicture("svg")),
      button("PNG", () => this.keepPicture("png")),
      make("button", { type: "button", "aria-label": "Keys", onclick: () => this.help.toggle() }, "?"),
      themeButton(),
    );
    this.root.append(this.panes.element, this.card.element, this.toast, this.help.element);
  }

  #listen() {
    this.container.addEventListener("select", ({ detail }) => this.#show(detail.id, detail.nodes));
    this.container.addEventListener("hover", ({ detail }) => this.#hover(detail));
    this.container.addEventListener("click", (event) => this.#chooseArrow(event));
    this.container.addEventListener("drawn", () => this.#drawn());
    document.addEventListener("theme", () => this.paint(this.tools.colour.value));
    addEventListener("hashchange", () => this.#restore(readAddress(location.hash)));
    const tab = (key) => () => {
      this.panes.show("text");
      this.tabs.show(key);
    };
    listenToKeys({
      "/": () => this.search.focus(),
      "?": () => this.help.toggle(),
      Escape: () => this.view.select(null),
      o: () => this.tools.open(),
      c: () => this.tools.close(),
      "]": () => this.tools.deeper(),
      "[": () => this.tools.shallower(),
      d: () => this.tools.turn(),
      f: () => this.tools.fit(),
      "+": () => this.tools.larger(),
      "-": () => this.tools.smaller(),
      1: tab("text"),
      2: tab("table"),
      3: tab("findings"),
    });
  }

  // ---- what is selected ----

  /** Show a node or a block in the graph, and select it. */
  async reveal(id) {
    if (!this.net.model.find(id)) return this.tell(`There is no ${id} in this network`);
    this.panes.show(this.root.dataset.pane === "details" ? "details" : "graph");
    await this.view.reveal(id);
  }

  /** What a place of the text made: one node is revealed; of several the first, and all of them are marked. */
  async #choose(ids) {
    if (!ids.length) return;
    await this.view.reveal(ids[0]);
    if (ids.length > 1) {
      this.view.mark("hovered", ids);
      this.details.show(null, ids);
    }
  }

  /** A click beside all boxes, on an arrow: what it leads to is selected. */
  #chooseArrow(event) {
    if (event.target.closest("[data-id], [data-unroll], .notice, .minimap")) return;
    const arrow = arrowNear(this.view, event);
    const edge = arrow && this.net.model.edges[arrow.edges.at(-1)];
    if (edge) this.view.choose(this.net.nodes[edge.to].id);
  }

  #show(id, nodes) {
    const known = nodes.filter((each) => this.net.node(each));
    this.selected = { id, nodes: known };
    const ways = known.length === 1 ? waysTo(this.net, known[0]) : null;
    this.details.show(id, known, ways);
    this.table.mark(known);
    this.#markWays(ways);
    this.#showText(id, known);
    this.#tellCrumbs(id);
    this.#write(id);
  }

  /** Mark where nodes were written: a block at its use, a node in a block of another file also at its use in this one. */
  #showText(id, nodes) {
    const { own, around } = this.places.of(nodes);
    const block = id && this.net.blockOf(id);
    const here = block?.use ?? [...own, ...around.toReversed()].find(({ file }) => file === this.source.file?.number);
    const selected = block ? [block.use] : here ? [...own, here] : own;
    this.source.mark("around", block ? [...around, ...own] : around);
    this.source.mark("selected", selected);
    this.source.scrollTo(here ?? own[0]);
  }

  #markWays(found) {
    for (let i = 1; i <= WAYS; i += 1) {
      const ways = found ? found.ways.filter((_, at) => (at % WAYS) + 1 === i) : [];
      this.view.mark(
        `way-${i}`,
        ways.flatMap(({ nodes }) => nodes),
        ways.flatMap(({ edges }) => edges),
      );
    }
  }

  #tellCrumbs(id) {
    const way = id ? this.net.model.way(id).filter(({ path }) => path && path !== id) : [];
    const crumb = ({ path, title }) =>
      make("button", { type: "button", class: "link", onclick: () => this.reveal(path) }, title || path);
    const whole = make(
      "button",
      { type: "button", class: "link", onclick: () => this.view.select(null) },
      this.net.model.name,
    );
    const parts = [whole, ...way.map(crumb), ...(id ? [id] : [])];
    this.crumbs.replaceChildren(...parts.flatMap((part) => [" › ", part]).slice(1));
  }

  #hover({ id, nodes, x, y }) {
    const known = (nodes ?? []).filter((each) => this.net.node(each));
    this.card.show(id, id === null ? [] : known, x, y);
    if (id === this.hovered) return;
    this.hovered = id;
    this.source.mark("hovered", id === null ? [] : this.places.of(known).own);
  }

  // ---- looks ----

  paint(key) {
    this.tools.colour.value = key;
    this.paints.apply(key, this.view, this.container, this.legend);
  }

  /** After each drawing: colours of scales follow what is drawn, and what is wrong stays marked. */
  #drawn() {
    this.paint(this.tools.colour.value);
    const wrong = [...this.net.words.wrong.keys()];
    const edges = wrong.flatMap((id) => this.net.node(id).inputs.map((from) => [from, id]));
    this.view.mark("wrong", wrong, edges);
  }

  async keepPicture(kind) {
    await this.view.ready;
    const svg = this.container.querySelector("svg");
    const picture = standalone(svg, svg.querySelector("g"));
    const content = kind === "svg" ? new Blob([picture.text], { type: "image/svg+xml" }) : await png(picture);
    if (content) download(content, `${this.net.model.name}.${kind}`);
    else this.tell("The picture is too large for a PNG: keep it as SVG");
  }

  // ---- address ----

  #write(id) {
    this.#keep(writeAddress({ node: id }));
  }

  /** The hash as that of the address; the frame of a notebook has no address of its own. */
  #keep(hash) {
    if (location.protocol !== "about:") history.replaceState(null, "", hash || location.pathname);
  }

  async #restore({ node, colour, direction, open }) {
    this.paint(this.paints.known.some(({ key }) => key === colour) ? colour : "operator");
    await this.view.ready;
    if (this.view.direction !== (direction ?? "TB")) await this.view.setDirection(direction === "LR" ? "LR" : "TB");
    if (open) await this.#openOnly(open);
    if (node && node !== this.selected.id) await this.reveal(node);
  }

  /** These blocks and no others; the view drops the layouts that are overtaken. */
  #openOnly(paths) {
    const known = paths.filter((path) => this.net.model.blocks.has(path));
    return Promise.all([this.view.closeAll(), ...known.map((path) => this.view.open(path))]);
  }

  async copyLink() {
    const colour = this.tools.colour.value === "operator" ? null : this.tools.colour.value;
    const direction = this.view.direction === "LR" ? "LR" : null;
    const hash = writeAddress({ node: this.selected.id, colour, direction, open: [...this.view.opened.paths] });
    try {
      await navigator.clipboard.writeText(location.href.replace(/#.*$/, "") + hash);
      this.tell("The link is copied");
    } catch {
      this.#keep(hash); // some browsers refuse pages from the disk
      this.tell("The link stands in the address: copy it there");
    }
  }

  tell(text) {
    this.toast.textContent = text;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.toast.replaceChildren(), 3000);
  }
}

const explorer = new Explorer();
