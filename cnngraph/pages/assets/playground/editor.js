// The editor: CodeMirror with the answers of the server in it.

const USUAL = { activateOnTyping: true, icons: false, maxRenderedOptions: 60 };
const setAbout = CodeMirror.StateEffect.define();
const opened = CodeMirror.Annotation.define(); // of a change that only shows another file

/** What the keyboard asked about: a box at the cursor, until the text or the cursor moves. */
const aboutBox = CodeMirror.StateField.define({
  create: () => null,
  update(now, transaction) {
    const given = transaction.effects.find((one) => one.is(setAbout));
    if (given) return given.value;
    return transaction.docChanged || transaction.selection ? null : now;
  },
  provide: (field) => CodeMirror.showTooltip.from(field),
});

/**
 * The editor of a page. `on` are its listeners: changed(text), moved(offset), and what keys do: save, format,
 * goTo(place), repair(offset). `question(ask, more)` is a question about the text as it is now.
 */
class Editor {
  constructor(container, words, question, on) {
    this.question = question;
    this.on = on;
    this.language = cnnLanguage(words);
    this.view = new CodeMirror.EditorView({ parent: container, state: this.state("") });
  }

  /** A fresh state, with a history of its own; `fixed` text cannot be changed. */
  state(text, fixed = false) {
    const { EditorState, EditorView } = CodeMirror;
    const looks = [
      CodeMirror.lineNumbers(), CodeMirror.lintGutter(), CodeMirror.highlightSpecialChars(), CodeMirror.drawSelection(),
      CodeMirror.highlightActiveLine(), CodeMirror.highlightActiveLineGutter(), CodeMirror.bracketMatching(),
      CodeMirror.highlightSelectionMatches(), EditorView.contentAttributes.of({ "aria-label": "Text of the network" }),
    ];
    const writes = [
      CodeMirror.history(), CodeMirror.closeBrackets(), CodeMirror.search({ top: true }),
      CodeMirror.indentUnit.of("  "), EditorState.tabSize.of(2), EditorState.readOnly.of(fixed),
      CodeMirror.autocompletion({ ...USUAL, override: [(context) => this.completions(context)] }),
      CodeMirror.hoverTooltip((view, at) => this.hover(at), { hoverTime: 350 }),
    ];
    const keys = CodeMirror.keymap.of([
      ...this.keys(), ...CodeMirror.closeBracketsKeymap, ...CodeMirror.completionKeymap, ...CodeMirror.searchKeymap,
      ...CodeMirror.historyKeymap, ...CodeMirror.defaultKeymap,
    ]);
    const told = EditorView.updateListener.of((update) => this.updated(update));
    const clicks = EditorView.domEventHandlers({ mousedown: (event) => this.clicked(event) });
    const shown = [shapeHints, pointedRanges, aboutBox];
    return EditorState.create({ doc: text, extensions: [keys, this.language, looks, writes, shown, told, clicks] });
  }

  keys() {
    const at = () => this.view.state.selection.main.head;
    return [
      { key: "Mod-s", preventDefault: true, run: () => (this.on.save(), true) },
      { key: "Shift-Alt-f", run: () => (this.on.format(), true) },
      { key: "F12", run: () => (this.define(at()), true) },
      { key: "Mod-i", preventDefault: true, run: () => (this.about(at()), true) },
      { key: "Escape", run: () => this.closeAbout() },
      { key: "Mod-.", run: () => this.on.repair(at()) },
      { key: "F8", run: CodeMirror.nextDiagnostic },
      { key: "Shift-F8", run: CodeMirror.previousDiagnostic },
      { key: "Tab", run: CodeMirror.acceptCompletion },
    ];
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /** Show a state that `state` has made, now or earlier. */
  show(state) {
    this.view.setState(state);
  }

  /** Put another text in the place of all; one step of the history, and the cursor stays about where it is. */
  replace(text) {
    const { doc, selection } = this.view.state;
    const line = doc.lineAt(selection.main.head);
    this.view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
    const now = this.view.state.doc;
    const same = now.line(Math.min(line.number, now.lines));
    this.view.dispatch({ selection: { anchor: Math.min(same.from + selection.main.head - line.from, same.to) } });
  }

  /** Make the change of a finding. */
  change({ from, to, insert }) {
    this.view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length } });
    this.view.focus();
  }

  /** Select a place: {from, to}, or {line, column} in units of the other file. */
  goTo(place, focus = true) {
    const doc = this.view.state.doc;
    const line = doc.line(Math.min(place.line ?? 1, doc.lines));
    const from = Math.min(place.from ?? line.from + (place.column ?? 1) - 1, doc.length);
    const to = Math.min(place.to ?? from, doc.length);
    const effects = CodeMirror.EditorView.scrollIntoView(from, { y: "center" });
    this.view.dispatch({ selection: { anchor: from, head: to }, effects });
    if (focus) this.view.focus();
  }

  /** Mark ranges of the text, and bring the first of them into sight. */
  point(ranges, scrolls = true) {
    const effects = [setPointed.of(ranges)];
    if (scrolls && ranges.length) {
      effects.push(CodeMirror.EditorView.scrollIntoView(Math.min(ranges[0][0], this.view.state.doc.length), { y: "center" }));
    }
    this.view.dispatch({ effects });
  }

  /** Show what a check has found. */
  showFound(diagnostics, hints) {
    const length = this.view.state.doc.length;
    const inside = diagnostics.filter((one) => one.to <= length);
    this.view.dispatch(CodeMirror.setDiagnostics(this.view.state, inside));
    this.view.dispatch({ effects: setHints.of(hints) });
  }

  updated(update) {
    if (update.docChanged) this.on.changed();
    if (update.selectionSet || update.docChanged) this.on.moved(update.state.selection.main.head);
  }

  clicked(event) {
    if (!(event.ctrlKey || event.metaKey)) return false;
    const at = this.view.posAtCoords({ x: event.clientX, y: event.clientY });
    if (at === null) return false;
    event.preventDefault();
    this.define(at);
    return true;
  }

  // ---- what the server is asked ----

  /** An answer about the present text; null where there is none, or the text has changed since. */
  async answer(what, more) {
    const doc = this.view.state.doc;
    try {
      const found = await this.question(what, more);
      return doc.eq(this.view.state.doc) ? found : null;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      return null;
    }
  }

  async completions(context) {
    if (!context.explicit && !context.matchBefore(/[\w.("/@]$/)) return null;
    if (!context.explicit && context.matchBefore(/(^|[^\w.])\d[\w.]*$/)) return null; // a number, not a word
    let found;
    try {
      found = await this.question("complete", { at: context.pos });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      return null;
    }
    if (context.aborted || !found.options.length) return null;
    const options = found.options.map((one, place) => ({
      label: one.label,
      apply: one.insert,
      detail: one.kind,
      boost: Math.max(50 - place, -99),
      info: one.info || one.detail ? () => markdownElements(one.info || one.detail) : undefined,
    }));
    return { from: found.from, options, validFor: /^\w*$/ };
  }

  async hover(at) {
    const found = await this.answer("hover", { at });
    if (!found?.markdown) return null;
    return { pos: found.from, end: found.to, above: true, create: () => ({ dom: markdownElements(found.markdown) }) };
  }

  /** The same at the cursor, for the keyboard; said to screen readers. */
  async about(at) {
    const found = await this.answer("hover", { at });
    const markdown = found?.markdown || "nothing is known of this place";
    const create = () => {
      const dom = markdownElements(markdown);
      dom.setAttribute("role", "status");
      return { dom };
    };
    this.view.dispatch({ effects: setAbout.of({ pos: at, above: true, create }) });
  }

  closeAbout() {
    if (!this.view.state.field(aboutBox)) return false;
    this.view.dispatch({ effects: setAbout.of(null) });
    return true;
  }

  async define(at) {
    const found = await this.answer("define", { at });
    if (found && Object.keys(found).length) this.on.goTo(found);
  }
}
