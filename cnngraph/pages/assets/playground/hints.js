// What stands in the editor without being in the file: the shapes at the ends of lines, and what the graph points at.

const setHints = CodeMirror.StateEffect.define();
const setPointed = CodeMirror.StateEffect.define();

class ShapeWidget extends CodeMirror.WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }

  eq(other) {
    return other.text === this.text;
  }

  /** A click on it is a click at the end of the line. */
  ignoreEvent() {
    return false;
  }

  /** The table says the same to screen readers. */
  toDOM() {
    return make("span", { class: "shape-hint", "aria-hidden": "true" }, this.text);
  }
}

/** A field of decorations that an effect sets anew and that move with the text. */
function decorated(effect, decorations) {
  return CodeMirror.StateField.define({
    create: () => CodeMirror.Decoration.none,
    update(now, transaction) {
      const given = transaction.effects.find((one) => one.is(effect));
      return given ? decorations(given.value, transaction.state.doc.length) : now.map(transaction.changes);
    },
    provide: (field) => CodeMirror.EditorView.decorations.from(field),
  });
}

const shapeHints = decorated(setHints, (hints, length) => {
  const inside = hints.filter((hint) => hint.at <= length);
  const widgets = inside.map((hint) =>
    CodeMirror.Decoration.widget({ widget: new ShapeWidget(hint.text), side: 1 }).range(hint.at),
  );
  return CodeMirror.Decoration.set(widgets, true);
});

const pointedRanges = decorated(setPointed, (ranges, length) => {
  const mark = CodeMirror.Decoration.mark({ class: "pointed-text" });
  const inside = ranges.filter(([from, to]) => from < to && to <= length);
  return CodeMirror.Decoration.set(inside.map(([from, to]) => mark.range(from, to)), true);
});
