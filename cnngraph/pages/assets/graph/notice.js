// What is said in the view: that a layout takes long, with a way to give it up, and that one has failed.

const SLOW = 500; // milliseconds after which a layout is said to take long

class Notice {
  #timer = 0;

  constructor() {
    this.words = make("span");
    this.button = make("button", { type: "button" });
    this.element = make("div", { class: "notice", role: "status", hidden: true }, this.words, this.button);
    this.button.addEventListener("click", () => this.#act());
  }

  /** After a while: these words, and a button. */
  soon(words, button, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.say(words, button, act), SLOW);
  }

  say(words, button, act) {
    clearTimeout(this.#timer);
    this.words.textContent = words;
    this.button.textContent = button;
    this.act = act;
    this.element.hidden = false;
  }

  hide() {
    clearTimeout(this.#timer);
    this.element.hidden = true;
  }

  #act() {
    this.hide();
    this.act();
  }
}
