// Questions to people, and short messages. A dialog gives the focus back to where it was.

/** A dialog with a title, some elements and buttons; the answer is the name of the button, "" for Escape. */
function askPerson(title, content, buttons) {
  const heading = make("h2", { id: "dialog-title" }, title);
  const row = make("div", { class: "row" });
  const form = make("form", { method: "dialog" }, heading, ...content, row);
  const dialog = make("dialog", { "aria-labelledby": "dialog-title" }, form);
  for (const [name, text] of buttons) row.append(make("button", { value: name }, text));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/** Ask for the name of a file; null where nobody gives one. */
async function askName(title, given, told = "") {
  const field = make("input", {
    id: "file-name", value: given, required: true, maxlength: 200, autocomplete: "off", spellcheck: "false",
    pattern: ".*\\.cnn", title: "a name that ends in .cnn", "aria-describedby": "name-told",
  });
  const content = [make("label", { for: "file-name" }, "Name in the folder"), field, make("p", { id: "name-told" }, told)];
  const cancel = make("button", { type: "button", class: "cancel" }, "Cancel");
  const answered = askPerson(title, content, [["ok", "Save"]]);
  const dialog = field.closest("dialog");
  cancel.addEventListener("click", () => dialog.close(""));
  dialog.querySelector(".row").append(cancel);
  field.focus();
  field.setSelectionRange(0, Math.max(given.length - 4, 0));
  return (await answered) === "ok" ? field.value.trim() : null;
}

/** Show something to read; closed by its button or Escape. */
function tellPerson(title, element) {
  return askPerson(title, [make("div", { class: "reading", tabindex: "0" }, element)], [["ok", "Close"]]);
}

/** The line at the foot of the page: what has just happened, or what does not work; and how long the check took. */
class StatusLine {
  constructor() {
    this.text = make("span", { role: "status" });
    this.time = make("span", { class: "time" });
    this.element = make("footer", { class: "status" }, this.text, this.time);
  }

  say(text, isWrong = false) {
    this.text.textContent = text;
    this.text.classList.toggle("wrong-text", isWrong);
  }
}
