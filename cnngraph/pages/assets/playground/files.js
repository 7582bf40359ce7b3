// The list of files: those of the folder, and the networks of the package, which open as copies.

class FileList {
  constructor(container, open) {
    this.open = open;
    this.groups = {};
    this.filter = make("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the files", oninput: () => this.narrow() });
    container.append(this.filter);
    for (const [place, title] of [[OWN, "Folder"], ["examples", "Examples"]]) {
      const list = make("ul");
      const summary = make("summary", {}, title);
      this.groups[place] = { list, summary };
      container.append(make("details", { open: true }, summary, list));
    }
  }

  /** `names` by place; the names of sheets that nobody has saved yet stand among those of the folder. */
  show(folder, names, shelf) {
    this.groups[OWN].summary.textContent = folder;
    const unsaved = shelf.changed.filter((sheet) => sheet.file.place === OWN).map((sheet) => sheet.file.name);
    const all = { ...names, [OWN]: [...new Set([...names[OWN], ...unsaved])] };
    for (const [place, { list }] of Object.entries(this.groups)) {
      list.replaceChildren(...all[place].map((name) => this.item({ place, name }, shelf)));
      if (!all[place].length) list.append(make("li", { class: "soft" }, "no .cnn files yet"));
    }
    this.narrow();
  }

  item(file, shelf) {
    const sheet = shelf.get(file);
    const isChanged = sheet?.isChanged ?? false;
    const isTop = sheet !== undefined && sheet === shelf.top;
    const dot = isChanged ? make("span", { class: "dot", title: "not saved" }, " ●", make("span", { class: "unseen" }, " not saved")) : null;
    const button = make(
      "button", { type: "button", class: "file", "aria-current": isTop ? "true" : null, onclick: () => this.open(file) },
      file.name.replace(/\.cnn$/, ""), dot,
    );
    return make("li", { "data-name": file.name }, button);
  }

  narrow() {
    const wanted = this.filter.value.trim().toLowerCase();
    for (const { list } of Object.values(this.groups)) {
      for (const item of list.children) item.hidden = !(item.dataset.name ?? "").toLowerCase().includes(wanted);
    }
  }
}
