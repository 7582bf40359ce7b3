// Saving: into the folder, when asked, and never over what others have written without asking.

class Saving {
  constructor(page) {
    this.page = page;
  }

  async save() {
    const sheet = this.page.shelf.top;
    if (sheet.isFixed) return;
    if (sheet.stamp === null || sheet.file.place !== OWN) await this.saveAs();
    else await this.write(sheet, sheet.file.name, sheet.stamp);
  }

  async saveAs() {
    const sheet = this.page.shelf.top;
    const name = await askName("Save in the folder", sheet.file.name, "Such as net.cnn or nets/net.cnn; folders have to be there.");
    if (name === null) return;
    await this.write(sheet, name, sheet.file.place === OWN && name === sheet.file.name ? sheet.stamp : null);
    this.page.editor.view.focus();
  }

  /** Write a text; where the file is not what it was, the person decides. */
  async write(sheet, name, stamp) {
    const text = sheet.text;
    try {
      const file = { place: OWN, name };
      const found = await ask({ ask: "save", file, text, stamp, lineEnd: sheet.lineEnd });
      if (found.conflict) await this.settle(sheet, name, found);
      else await this.written(sheet, file, text, found.stamp);
    } catch (refusal) {
      this.page.tell(refusal);
    }
  }

  async written(sheet, file, text, stamp) {
    const state = this.page.editor.view.state;
    if (keyOf(file) !== keyOf(sheet.file)) {
      this.page.shelf.drop(sheet);
      if (sheet.file.place !== OWN) this.page.states.delete(keyOf(sheet.file));
    }
    Object.assign(sheet, { file, saved: text, stamp });
    this.page.shelf.put(sheet);
    this.page.states.set(keyOf(file), state);
    await this.page.list();
    this.page.sayTitle();
    this.page.showFiles();
    this.page.keep();
    this.page.check();
    this.page.status.say(`${file.name} is saved.`);
  }

  async settle(sheet, name, found) {
    const isThere = found.stamp !== null;
    const told = isThere
      ? `${name} ${sheet.stamp ? "has changed on the disk since it was read here" : "is there already"}.`
      : `${name} is not there any more.`;
    const choices = [["over", isThere ? "Write over it" : "Write it again"], ...(isThere ? [["theirs", "Show that one"]] : []), ["", "Cancel"]];
    const chosen = await askPerson("Which text?", [make("p", {}, told)], choices);
    if (chosen === "over") await this.write(sheet, name, found.stamp);
    if (chosen !== "theirs") return;
    const file = { place: OWN, name };
    this.page.states.delete(keyOf(file));
    this.page.show(this.page.shelf.put(new Sheet({ file, text: found.text, stamp: found.stamp })));
  }
}
