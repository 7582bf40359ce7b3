// The page: its parts, and what happens between them.

const START = "cnn 1\n\nnet first(image: 1@28x28) {\n  conv(8, 5x5) -> relu\n  maxpool(2x2)\n  flatten\n  dense(10) -> softmax\n}\n";
const CHECK_SOON = 120; // milliseconds after the last keystroke
const DIVIDE_SOON = 500;

class Playground {
  constructor(root, words) {
    this.status = new StatusLine();
    this.saving = new Saving(this);
    this.states = new Map();
    this.found = { findings: [], nets: [] };
    this.build(root, words);
    this.checkSoon = settled(CHECK_SOON, () => this.check());
    this.divideSoon = settled(DIVIDE_SOON, () => this.devices.refresh());
    this.keepSoon = settled(300, () => this.keep());
    addEventListener("beforeunload", (event) => this.leave(event));
    document.addEventListener("visibilitychange", () => document.hidden || this.lookAgain());
  }

  // ---- what is on the page ----

  build(root, words) {
    const part = (name, label, tag = "section") => make(tag, { class: name, "aria-label": label });
    const pane = make("div", { class: "pane" });
    const [files, write, graph, more] = [
      part("files", "Files", "nav"), part("write", "Editor"), part("drawn", "Graph"), part("more", "Table and devices"),
    ];
    const [text, findings] = [make("div", { class: "text" }), part("found", "Findings")];
    write.append(text, findings);
    graph.append(pane);
    root.append(this.bar(), make("main", {}, files, write, make("div", { class: "right" }, graph, more)), this.status.element);
    this.files = new FileList(files, (file) => this.open(file));
    this.editor = new Editor(text, words, (what, question) => this.question(what, question), {
      changed: () => this.changed(), moved: (at) => this.drawing?.follow(at), save: () => this.saving.save(), format: () => this.format(),
      goTo: (place) => this.goTo(place), repair: (at) => this.repairAt(at),
    });
    this.findings = new FindingList(findings, {
      goTo: (place) => this.goTo(place), repair: (change) => this.editor.change(change), explain: (code) => this.explain(code),
    });
    this.drawing = new Drawing(pane, (ranges, scrolls) => this.editor.point(ranges, scrolls), (...said) => this.status.say(...said));
    graph.prepend(this.drawing.tools());
    this.table = make("div", { class: "answer", tabindex: "0", "aria-label": "Layers" });
    const devices = make("div");
    this.devices = new DevicePane(devices, (choice) => this.question("divide", choice), (...colours) => this.paint(...colours));
    tabbed(more, "Table and devices", [["Table", this.table], ["Devices", devices]], (place) => this.devices.toggle(place === 1));
  }

  bar() {
    const button = (text, go, more = {}) => make("button", { type: "button", onclick: go, ...more }, text);
    this.title = make("span", { class: "title" });
    this.nets = make("select", { "aria-label": "Net that is drawn", onchange: () => this.draw() });
    this.buttons = {
      save: button("Save", () => this.saving.save()), saveAs: button("Save as…", () => this.saving.saveAs()), format: button("Format", () => this.format()),
    };
    const kinds = [["", "Download…"], ["text", "the text (.cnn)"], ["picture", "the picture (.svg)"], ["page", "an explorer page (.html)"]];
    const downloads = make("select", { "aria-label": "Download" }, ...kinds.map(([value, text]) => make("option", { value }, text)));
    downloads.addEventListener("change", () => this.download(downloads.value).finally(() => (downloads.value = "")));
    return make(
      "header", {}, make("h1", {}, "cnngraph"), this.title, button("New", () => this.create()), ...Object.values(this.buttons),
      downloads, this.nets, make("span", { class: "space" }), button("Keys", tellKeys), themeButton(),
    );
  }

  // ---- files ----

  async start() {
    const { id } = await this.list();
    this.shelf = new Shelf(id);
    this.showFiles();
    const first = this.names[OWN][0];
    const top = this.shelf.top;
    this.shelf.top = null; // the editor does not have its text yet
    if (top) this.show(top);
    else if (first) await this.open({ place: OWN, name: first });
    else await this.open({ place: "examples", name: "lenet5.cnn" });
  }

  async list() {
    const found = await ask({ ask: "files" });
    this.names = found.names;
    this.folder = found.folder;
    return found;
  }

  showFiles() {
    this.files.show(this.folder, this.names, this.shelf);
  }

  /** Show a file; what was changed of it and not saved is shown as it was left. */
  async open(file, place = null) {
    try {
      const there = this.shelf.get(file);
      const read = there?.isChanged ? null : await ask({ ask: "read", file });
      if (read && there?.stamp !== read.stamp) this.states.delete(keyOf(file));
      this.show(read ? this.shelf.put(new Sheet({ file, ...read })) : there);
      if (place) this.editor.goTo(place);
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  show(sheet) {
    if (this.shelf.top) this.states.set(keyOf(this.shelf.top.file), this.editor.view.state);
    this.shelf.top = sheet;
    this.editor.show(this.states.get(keyOf(sheet.file)) ?? this.editor.state(sheet.text, sheet.isFixed));
    this.editor.showFound([], []);
    this.sayTitle();
    this.showFiles();
    this.keep();
    this.check();
  }

  create() {
    const taken = new Set([...this.names[OWN], ...this.shelf.changed.map((sheet) => sheet.file.name)]);
    let name = "new.cnn";
    for (let i = 2; taken.has(name); i += 1) name = `new${i}.cnn`;
    this.show(this.shelf.put(new Sheet({ file: { place: OWN, name }, text: START, saved: "" })));
    this.editor.view.focus();
  }

  changed() {
    const sheet = this.shelf?.top;
    if (!sheet || sheet.text === this.editor.text) return;
    const before = sheet.isChanged;
    sheet.text = this.editor.text;
    this.checkSoon();
    this.keepSoon();
    if (before !== sheet.isChanged) {
      this.sayTitle();
      this.showFiles();
    }
  }

  sayTitle() {
    const { file, isChanged, isFixed } = this.shelf.top;
    const told = file.place === OWN ? (isChanged ? " (not saved)" : "") : isFixed ? " (to read)" : " (a copy of an example)";
    this.title.textContent = `${file.name}${told}`;
    document.title = `${isChanged ? "● " : ""}${file.name} - cnngraph`;
    this.buttons.save.disabled = isFixed || (!isChanged && file.place === OWN);
    this.buttons.format.disabled = isFixed;
  }

  keep() {
    if (!this.shelf.keep()) this.status.say("Too much is not saved: a reload of the page would lose it.", true);
  }

  leave(event) {
    if (this.shelf?.changed.length) event.preventDefault();
  }

  /** The tab is in sight again: other programs may have changed files. */
  async lookAgain() {
    const sheet = this.shelf?.top;
    if (!sheet) return;
    try {
      await this.list();
      this.showFiles();
      if (sheet.file.place === OWN && !sheet.isChanged) {
        const read = await ask({ ask: "read", file: sheet.file });
        if (read.stamp !== sheet.stamp && !sheet.isChanged && sheet === this.shelf.top) {
          Object.assign(sheet, { saved: read.text, stamp: read.stamp, lineEnd: read.lineEnd });
          this.editor.replace(read.text);
          this.status.say(`${sheet.file.name} has changed on the disk, and is shown as it is now.`);
        }
      }
      this.check();
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  // ---- questions about the text ----

  question(what, more = {}) {
    const { file } = this.shelf.top;
    return ask({ ask: what, file, text: this.editor.text, drafts: this.shelf.drafts(), net: this.nets.value, ...more });
  }

  /** Findings first, then the graph, and after a while the devices. A text that has changed since is asked for anew. */
  async check() {
    const began = performance.now();
    const doc = this.editor.view.state.doc;
    try {
      const found = await this.question("check");
      if (doc !== this.editor.view.state.doc) return;
      this.found = found;
      this.showFound();
      await this.draw();
      this.status.time.textContent = `checked in ${Math.round(performance.now() - began)} ms`;
      this.divideSoon();
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  showFound() {
    const { findings, more, hints, nets } = this.found;
    this.editor.showFound(findings.map((one) => marked(one, (change) => this.editor.change(change))), hints);
    this.findings.show(findings, more);
    const chosen = nets.includes(this.nets.value) ? this.nets.value : nets[nets.length - 1];
    this.nets.replaceChildren(...nets.map((name) => make("option", { value: name, selected: name === chosen }, name)));
    this.nets.hidden = nets.length < 2;
  }

  async draw() {
    const doc = this.editor.view.state.doc;
    try {
      const drawn = await this.question("draw");
      if (doc !== this.editor.view.state.doc) return;
      this.drawing.show(drawn, keyOf(this.shelf.top.file), this.found.nets.indexOf(drawn.net));
      if (!drawn.table) return;
      const chosen = (name) => this.drawing.reveal(name);
      this.table.replaceChildren(totalsElement(drawn.table.totals), tableElement("Layers", drawn.table, chosen));
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  /** Boxes take the colour of the device that has most of their nodes. */
  paint(found, looks) {
    this.drawing?.showDivided(found?.model);
    if (!found) {
      this.drawing?.paint(null);
      return;
    }
    const { deviceOf } = found;
    this.drawing.paint((box) => {
      const counts = new Map();
      for (const id of [...box.nodes, ...(box.hidden ?? [])]) {
        if (id in deviceOf) counts.set(deviceOf[id], (counts.get(deviceOf[id]) ?? 0) + 1);
      }
      const most = [...counts].sort((a, b) => b[1] - a[1])[0];
      return most ? looks[most[0]] : null;
    });
  }

  async format() {
    if (this.shelf.top.isFixed) return;
    try {
      const found = await this.question("format");
      if (found.text === null) this.status.say(`Not formatted: ${found.reason}`, true);
      else if (found.text !== this.editor.text) this.editor.replace(found.text);
      else this.status.say("The text is in the one style already.");
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  goTo(place) {
    if (place.own) this.editor.goTo(place);
    else if (place.file) this.open(place.file, place);
    else this.status.say(`${place.shown} is outside of what is served.`, true);
  }

  /** The first repair at a place; whether there is one. */
  repairAt(at) {
    const line = this.editor.view.state.doc.lineAt(at);
    const near = this.found.findings.filter((one) => one.change && one.from <= line.to && one.to >= line.from);
    const found = near.find((one) => one.from <= at && at <= one.to) ?? near[0];
    if (!found) return false;
    this.editor.change(found.change);
    return true;
  }

  async explain(code) {
    try {
      const { markdown } = await ask({ ask: "explain", code });
      const [head, title] = /^# (.*)\n/.exec(markdown) ?? ["", code];
      tellPerson(title, markdownElements(markdown.slice(head.length)));
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  async download(what) {
    const { file } = this.shelf.top;
    if (what === "text") download(new Blob([this.editor.text], { type: "text/plain" }), file.name.split("/").pop());
    if (what === "text" || !what) return;
    try {
      const made = await this.question(what);
      download(new Blob([made.text], { type: made.kind }), made.name);
    } catch (refusal) {
      this.tell(refusal);
    }
  }

  /** Say what was refused. Anything else is a defect of ours, and is left to the console. */
  tell(refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (!refusal.isFollowed) this.status.say(refusal.message, true);
  }
}

/** Begin, or say what is lacking. */
async function begin() {
  const root = document.getElementById("playground");
  root.replaceChildren();
  const sorry = (text) => root.replaceChildren(make("main", { class: "sorry" }, make("h1", {}, "cnngraph playground"), make("p", {}, text)));
  try {
    if (!(await takeToken())) {
      sorry("Open the link that `cnngraph serve` has printed: it ends with a token, without which nothing is shown.");
      return;
    }
    await new Playground(root, data("words")).start();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    sorry(refusal.message);
  }
}

addEventListener("hashchange", () => location.reload());
begin();
