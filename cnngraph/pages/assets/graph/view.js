// The graph view: a network as boxes in blocks that open and close.
//
//   const view = new GraphView(container, model, {direction: "TB", label: "Graph of LeNet-5"})
//       `model` is what `graph_model` of Python returns (data("graph")), or a GraphModel. The container has a size of
//       its own. A page may have several views; each has a worker. With {open: [paths]} these blocks are open at first.
//   await view.ready                the first drawing is there (or has failed)
//   view.setModel(model)            keeps what is open, selected and where one looks, as far as paths still exist;
//       .setModel(model, {isOther: true}) begins anew
//   view.toggle(path) .open(path) .close(path) .openAll() .closeAll() .openOnly(paths) .unroll(path, yes)
//   view.setDirection("LR")         all of these resolve when it is drawn. A repeat ("bottleneck × 35") is closed,
//       open (its first copy is shown) or unrolled (all copies are).
//   await view.reveal(id)           node, block or repeat: opens what hides it, centres and selects it
//   view.select(id | null)          node, block or repeat; view.selected is the id
//   view.boxes()                    what is drawn: [{id, kind, title, nodes, hidden, copies, path, element}]
//       kind: input, merge, rows (one or several operators), block (closed; `path` opens it). `id` of a block is its
//       path, else that of its first node. `nodes`: ids of the nodes that it shows; `hidden`: those of folded copies.
//   view.frames()                   the open blocks: [{id, path, title, element, handle, boxes}]
//   view.paint(fn)                  fn(box) -> {fill, line, ink} (CSS colours) | null; null instead of fn: as families
//   view.mark(name, ids, edges=[])  class `name` on boxes, open blocks and arrows; [] clears. Edges: indices of
//                                   model.edges, or pairs of ids [from, to]
//   view.fit() .zoomBy(factor) .centre(id) .isOpen(path); view.model: a GraphModel; view.opened: sets paths, unrolled
//   view.camera: {x, y, scale}, set(x, y, scale): where one looks; "moved" is dispatched after each change
//
// Events on the container (CustomEvent, `detail` as said):
//   select {id, nodes, byUser}       id null: nothing is selected. Rows of a box are selected by themselves.
//   hover {id, nodes, x, y, box}     x, y: of the screen; id null: left
//   drawn {milliseconds, boxes}      after every layout
//   failed {message}                 a layout that is impossible; the view says so, and the last drawing stays
//   moved {x, y, scale}              the camera
//
// Classes in the drawing: .box .frame .handle .arrow; .kind-*, .family-* (convolution, dense, ...), .selected .painted.

const LEAST_SCALE = 0.75; // of the first sight: what is larger begins at its beginning

class GraphView {
  static count = 0;

  constructor(container, model, { direction = "TB", label = null, open = null } = {}) {
    this.container = container;
    this.direction = direction;
    this.label = label;
    this.selected = null;
    this.model = model instanceof GraphModel ? model : new GraphModel(model);
    this.opened = new Opened(this.model);
    if (open) this.opened.openOnly(open);
    else this.opened.openReadable();
    this.engine = engineOfView();
    this.marks = new Marks();
    this.scene = null; // what is drawn
    this.#build();
    this.sizes = new Sizes(container);
    this.ready = this.#update();
  }

  // ---- what is open ----

  isOpen(path) {
    return this.opened.paths.has(path);
  }

  toggle(path) {
    return this.isOpen(path) ? this.close(path) : this.open(path);
  }

  open(path) {
    return this.#change(path, (opened) => opened.show([...this.model.way(path), { nodes: [] }]));
  }

  close(path) {
    return this.#change(path, (opened) => opened.paths.delete(path));
  }

  /** All copies of a repeat beside each other, or one that stands for them. */
  unroll(path, isWanted = !this.opened.unrolled.has(path)) {
    return this.#change(path, (opened) => {
      opened.show([...this.model.way(path), { nodes: [] }]);
      if (isWanted) opened.unrolled.add(path);
      else opened.unrolled.delete(path);
    });
  }

  openAll() {
    return this.#change(null, (opened) => opened.openAll());
  }

  closeAll() {
    return this.#change(null, (opened) => opened.closeAll());
  }

  /** Opens these blocks and what is around them, and closes all others. */
  openOnly(paths) {
    return this.#change(null, (opened) => opened.openOnly(paths));
  }

  setDirection(direction) {
    this.direction = direction;
    return this.#update({ fit: true });
  }

  async setModel(value, { isOther = false } = {}) {
    const older = this.opened;
    this.model = value instanceof GraphModel ? value : new GraphModel(value);
    this.opened = new Opened(this.model);
    if (older.isChosen && !isOther) this.opened.keepFrom(older);
    else this.opened.openReadable();
    if (this.selected !== null && !this.model.find(this.selected)) this.#setSelected(null, false);
    await this.#update(isOther ? { fit: true } : { keep: this.#nearest() });
  }

  // ---- where one looks ----

  fit() {
    if (this.scene) this.camera.fit(this.bounds);
  }

  zoomBy(factor) {
    this.camera.zoom(factor);
  }

  /** A node or block, or what hides it, in the middle of the window. */
  centre(id) {
    const thing = this.thing(id);
    if (!thing) return;
    const [x, y] = cornerOf(thing);
    const { width, height } = this.camera.size;
    const scale = Math.max(this.camera.scale, Math.min(1, 0.9 * Math.min(width / thing.width, height / thing.height)));
    this.camera.centre(x + thing.width / 2, y + thing.height / 2, Math.max(scale, 0.5));
  }

  async reveal(id) {
    if (!this.model.find(id)) return;
    if (!this.scene) await this.ready;
    const opened = this.opened.copy();
    opened.show(this.model.way(id));
    if (!opened.equals(this.opened)) {
      this.opened = opened;
      await this.#update({ keep: this.#nearest() });
    }
    this.centre(id);
    this.select(id);
    this.walk.focus(this.thing(id), false);
  }

  // ---- what is said of boxes ----

  select(id) {
    this.#setSelected(id !== null && this.model.find(id) ? id : null, false);
  }

  boxes() {
    return this.scene ? this.scene.boxes.filter((box) => box.kind !== "output") : [];
  }

  frames() {
    return this.scene?.frames ?? [];
  }

  paint(painter) {
    this.marks.paint(this.scene, painter);
  }

  mark(name, ids, edges = []) {
    this.marks.mark(this.scene, name, ids, edges);
  }

  // ---- drawing ----

  #build() {
    this.layer = makeSvg("g");
    const name = this.label ?? `Graph of ${this.model.name}`;
    const keys = make("div", { class: "unseen", id: `keys-of-graph-${++GraphView.count}` }, KEYS_TOLD);
    const told = { role: "group", "aria-label": name, "aria-describedby": keys.id };
    this.svg = makeSvg("svg", { class: "drawing", ...told }, this.layer);
    this.camera = new Camera(this.container, this.layer, () => this.#moved());
    this.map = new Minimap(this.camera);
    this.notice = new Notice();
    this.told = make("div", { class: "unseen", "aria-live": "polite" });
    this.container.classList.add("graph");
    this.container.replaceChildren(this.svg, this.map.element, this.notice.element, this.told, keys);
    moveByPointer(this.camera);
    this.walk = new Walk(this);
    pointAt(this, this.container);
    new ResizeObserver(() => this.#resized()).observe(this.container);
  }

  #change(path, change) {
    const opened = this.opened.copy();
    change(opened);
    opened.isChosen = true;
    if (opened.equals(this.opened)) return Promise.resolve();
    this.opened = opened;
    return this.#update({ keep: path === null ? this.#nearest() : this.thing(path) });
  }

  /** Lays out what is open and draws it. `keep`: the thing that stays in its place; `fit`: all is to be seen. */
  async #update({ keep = null, fit = false } = {}) {
    const begun = performance.now();
    const scene = new Scene(this.model, this.opened);
    this.sizes.measure(scene);
    const count = counted(scene.count);
    this.notice.soon(`Laying out ${count} boxes …`, "Give up", () => this.#giveUp());
    let places = null;
    try {
      places = await this.engine.layout(dotOf(scene, this.direction));
    } catch (cause) {
      this.#failed(`${count} boxes could not be laid out: ${cause.message}`);
    }
    if (places) this.#draw(scene, places, keep, fit, begun);
  }

  #draw(scene, places, keep, fit, begun) {
    const focused = this.walk.focusedId;
    const before = this.scene && placesOnScreen(this.camera, this.scene);
    const anchor = keep && [keep.id, placeOnScreen(this.camera, keep, this.direction)];
    this.notice.hide();
    this.layer.replaceChildren(...drawScene(scene, places, this.direction));
    this.scene = scene;
    this.bounds = { x: 0, y: 0, width: places.width || 1, height: places.height || 1 };
    this.map.draw(scene, this.bounds);
    this.marks.renew(scene);
    this.marks.select(this.scene, this.selected);
    const kept = anchor && this.thing(anchor[0]);
    if (kept) keepPlace(this.camera, kept, this.direction, anchor[1]);
    else this.#firstSight();
    if (before && !fit) animate(this.camera, scene, before);
    this.walk.focus(this.thing(focused) ?? scene.boxes[0], focused !== null);
    this.told.textContent = `${counted(scene.count)} boxes drawn`;
    this.#tell("drawn", { milliseconds: performance.now() - begun, boxes: scene.count });
  }

  /** All, if it is readable then; else its beginning, with the first box in the middle. */
  #firstSight() {
    this.isUnseen = this.camera.size.width <= 1;
    this.camera.fit(this.bounds, LEAST_SCALE);
    const first = this.scene.boxes[0];
    if (!first) return;
    const { width, height } = this.camera.size;
    const { x, y, scale } = this.camera;
    const isDown = this.direction === "TB";
    if (isDown && this.bounds.width * scale > width) this.camera.set(width / 2 - first.x * scale, y);
    if (!isDown && this.bounds.height * scale > height) this.camera.set(x, height / 2 - first.y * scale);
  }

  /** A view that was drawn where there was no room yet is looked at anew. */
  #resized() {
    if (this.scene && this.isUnseen && this.camera.size.width > 1) this.#firstSight();
    this.map.follow();
  }

  #giveUp() {
    this.engine.giveUp();
    this.#goBack("The layout was given up.");
  }

  #failed(message) {
    this.#goBack(message);
    this.#tell("failed", { message });
  }

  /** Back to what is drawn; where nothing is, there is less to lay out when all blocks are closed. */
  #goBack(message) {
    const isDrawn = this.scene?.model === this.model;
    if (isDrawn) this.opened = this.scene.opened;
    const closeAll = () => {
      this.opened = new Opened(this.model);
      this.#update({ fit: true });
    };
    this.notice.say(message, isDrawn ? "Close" : "Close all blocks", isDrawn ? () => {} : closeAll);
  }

  #moved() {
    this.map.follow();
    const { x, y, scale } = this.camera;
    this.#tell("moved", { x, y, scale });
  }

  #tell(name, detail) {
    this.container.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // ---- what is pointed at and selected ----

  /** The drawn box or open block of an id, or what hides it; null where there is none. */
  thing(id) {
    if (id === null || !this.scene) return null;
    const frame = this.scene.frames.find((each) => each.id === id);
    const box = frame ?? this.scene.boxes.find((each) => each.id === id);
    return box ?? [...this.scene.boxesOf([id])][0] ?? null;
  }

  /** The box nearest to the middle of the window. */
  #nearest() {
    if (!this.scene) return null;
    const seen = this.camera.seen;
    const away = (box) => Math.hypot(box.x - seen.x - seen.width / 2, box.y - seen.y - seen.height / 2);
    const known = this.scene.boxes.filter((box) => this.model.find(box.id));
    return known.sort((a, b) => away(a) - away(b))[0] ?? null;
  }

  /** What the user points at or presses: selects it. */
  choose(id) {
    this.#setSelected(id, true);
  }

  #setSelected(id, byUser) {
    if (id === this.selected) return;
    this.selected = id;
    this.marks.select(this.scene, this.selected);
    this.#tell("select", { id, nodes: id === null ? [] : this.model.nodesOf(id), byUser });
  }
}
