// What is wrong with the file, or could be better: each finding with its places, in the text and in the graph.

class Findings {
  constructor(net, { openText, go }) {
    Object.assign(this, { net, openText, go });
    const items = net.words.findings.map((finding) => this.#item(finding));
    const none = make("p", { class: "soft" }, "Nothing is wrong with this file.");
    this.element = make(
      "div",
      { class: "findings fill", tabindex: 0, role: "region", "aria-label": "Findings" },
      ...(items.length ? items : [none]),
    );
  }

  get title() {
    const { length } = this.net.words.findings;
    return length ? `Findings (${length})` : "Findings";
  }

  /** The places of errors, or of warnings, in the text. */
  places(severity) {
    const found = this.net.words.findings.filter((finding) => finding.severity === severity);
    return found
      .flatMap(({ places }) => places.slice(0, 1))
      .map((place) => this.#inText(place))
      .filter(({ file }) => file >= 0);
  }

  #item(finding) {
    const sign = finding.severity === "error" ? "✗" : "!";
    const places = finding.places.map((place) => this.#place(place)).flatMap((link) => [link, make("br")]);
    const shown = finding.nodes.map((id) =>
      make("button", { type: "button", class: "link", onclick: () => this.go(id) }, `show ${id} in the graph`),
    );
    return make(
      "article",
      { class: finding.severity },
      make("h2", {}, `${sign} ${finding.severity} ${finding.code}`),
      make("p", {}, finding.message),
      make("p", {}, ...places, ...shown),
      ...finding.notes.map((note) => make("p", { class: "soft" }, note)),
    );
  }

  #place(place) {
    const at = this.#inText(place);
    const text = `${place.file}:${place.line}${place.text ? `: ${place.text}` : ""}`;
    if (at.file < 0) return make("span", {}, text);
    return make("button", { type: "button", class: "link", onclick: () => this.openText(at) }, text);
  }

  #inText({ file, from, to }) {
    return { file: this.net.model.files.findIndex(({ name }) => name === file), from, to };
  }
}
