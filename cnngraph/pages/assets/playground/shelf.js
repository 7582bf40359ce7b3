// The texts that are open, with what is not saved of them. They survive a reload in the memory of this tab alone.

const SHELF = "cnngraph shelf";
const OWN = "folder";

/** A file as a key: "folder:nets/a.cnn". */
function keyOf(file) {
  return `${file.place}:${file.name}`;
}

/** One open text: what it was when it was read or saved, and what it is now. A new file has no stamp. */
class Sheet {
  constructor({ file, text, saved = text, stamp = null, lineEnd = "\n" }) {
    Object.assign(this, { file, text, saved, stamp, lineEnd });
  }

  get isChanged() {
    return this.text !== this.saved || (this.stamp === null && this.file.place === OWN);
  }

  /** Standard files are only read; an example is written as a copy. */
  get isFixed() {
    return this.file.place === "std";
  }
}

/** The sheets of a folder by their keys, and which of them is on top. */
class Shelf {
  constructor(folder) {
    this.folder = folder;
    this.sheets = new Map();
    this.top = null;
    this.restore();
  }

  restore() {
    const kept = JSON.parse(sessionStorage.getItem(SHELF) ?? "null");
    if (kept?.folder !== this.folder) return;
    for (const one of kept.sheets) this.put(new Sheet(one));
    this.top = this.sheets.get(kept.top) ?? null;
  }

  /** Browsers keep about five megabytes; what does not fit is told by the answer `false`. */
  keep() {
    const sheets = [...this.sheets.values()].filter((sheet) => sheet.isChanged || sheet === this.top);
    const top = this.top && keyOf(this.top.file);
    try {
      sessionStorage.setItem(SHELF, JSON.stringify({ folder: this.folder, top, sheets }));
      return true;
    } catch {
      return false;
    }
  }

  put(sheet) {
    this.sheets.set(keyOf(sheet.file), sheet);
    return sheet;
  }

  drop(sheet) {
    this.sheets.delete(keyOf(sheet.file));
  }

  get(file) {
    return this.sheets.get(keyOf(file));
  }

  get changed() {
    return [...this.sheets.values()].filter((sheet) => sheet.isChanged);
  }

  /** Texts of other files of the folder that are not saved: an import reads them as they are here. */
  drafts() {
    const others = this.changed.filter((sheet) => sheet !== this.top && sheet.file.place === OWN);
    return Object.fromEntries(others.map((sheet) => [sheet.file.name, sheet.text]));
  }
}
