// The colours of the language: its classes and their patterns come from the server, where all highlighters get them.

/** The class of a word as the name of a style: "open string" -> "open_string". */
function classOf(kind) {
  return kind.replaceAll(" ", "_");
}

/** What CodeMirror needs to colour a text; `words` are [class, pattern] in the order in which they are tried. */
function cnnLanguage(words) {
  const patterns = words.map(([kind, pattern]) => [classOf(kind), new RegExp(pattern, "yu")]);
  const tags = Object.fromEntries(patterns.map(([kind]) => [kind, CodeMirror.Tag.define()]));
  const language = CodeMirror.StreamLanguage.define({
    name: "cnn",
    token: (stream) => tokenAt(stream, patterns),
    tokenTable: tags,
    languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
    indent: (state, after, context) => indentation(after, context),
  });
  const styles = Object.entries(tags).map(([kind, tag]) => ({ tag, class: `cnn-${kind}` }));
  return [language, CodeMirror.syntaxHighlighting(CodeMirror.HighlightStyle.define(styles))];
}

/** Move a stream over its next word; the class of it, or null. */
function tokenAt(stream, patterns) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = stream.pos;
    const found = pattern.exec(stream.string);
    if (found && found[0]) {
      stream.pos += found[0].length;
      return kind;
    }
  }
  stream.next();
  return null;
}

/** As the line above; two spaces more after an open bracket, two less before a closing one. */
function indentation(after, context) {
  const above = context.lineAt(Math.max(context.lastIndent ?? context.pos - 1, 0), -1).text;
  const base = /^ */.exec(above)[0].length;
  const opens = /[({[]\s*(#.*)?$/.test(above) ? 2 : 0;
  return Math.max(base + opens - (/^\s*[)}\]]/.test(after) ? 2 : 0), 0);
}
