// The Markdown of hovers, completions and explanations as elements. Text stays text: nothing of a file becomes markup.

/** Headings, fenced code, lists and paragraphs; in them `code` and **bold**. Anything else stands as it is. */
function markdownElements(markdown) {
  const made = make("div", { class: "told" });
  const lines = markdown.split("\n");
  let list = null;
  while (lines.length) {
    const line = lines.shift();
    const item = /^(?:[-*]|\d+\.)\s+(.*)/.exec(line);
    if (!item) list = null;
    if (line.startsWith("```")) made.append(make("pre", { tabindex: "0" }, fenced(lines)));
    else if (/^#{1,4} /.test(line)) made.append(make("h3", {}, ...inlineParts(line.replace(/^#+ /, ""))));
    else if (item) {
      if (!list) made.append((list = make("ul")));
      list.append(make("li", {}, ...inlineParts(item[1])));
    } else if (line.trim()) made.append(make("p", {}, ...inlineParts(paragraph(line, lines))));
  }
  return made;
}

/** The lines up to the end of a fence; they are taken away. */
function fenced(lines) {
  const end = lines.findIndex((line) => line.startsWith("```"));
  const taken = lines.splice(0, end < 0 ? lines.length : end + 1);
  return taken.slice(0, end < 0 ? undefined : -1).join("\n");
}

/** A line and those that go on with it; two spaces at an end begin a new one. */
function paragraph(first, lines) {
  const taken = [first];
  while (lines.length && lines[0].trim() && !/^(```|#{1,4} |[-*] )/.test(lines[0])) taken.push(lines.shift());
  return taken.map((line) => (line.endsWith("  ") ? `${line.trim()}\n` : `${line} `)).join("").trimEnd();
}

/** Text with its `code` and **bold** as elements. */
function inlineParts(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    return part.length > 4 && part.startsWith("**") ? make("strong", {}, part.slice(2, -2)) : part;
  });
}
