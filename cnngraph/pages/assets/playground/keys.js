// The keys of the editor, for people: CodeMirror's own, and those of `editor.js`.

const KEYS = [
  ["Ctrl-S", "save"], ["Ctrl-Space", "what can stand here"], ["Ctrl-I", "what is known of the place of the cursor"],
  ["F12", "go to the definition; also Ctrl and a click"], ["F8, Shift-F8", "the next, the previous finding"],
  ["Ctrl-.", "repair what is wrong at the cursor"], ["Shift-Alt-F", "format"], ["Ctrl-F", "search"],
  ["Ctrl-]  Ctrl-[", "indent more, less; Tab leaves the editor"], ["Ctrl-Z, Ctrl-Y", "undo, redo"],
];

function tellKeys() {
  const items = KEYS.map(([key, text]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)));
  tellPerson("Keys of the editor", make("dl", { class: "keys" }, ...items));
}
