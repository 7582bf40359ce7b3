// What is wrong: for the editor as underlined text, and below it as a list with causes, helps and repairs.

/** A finding as CodeMirror marks it. */
function marked(finding, repair) {
  const actions = finding.change ? [{ name: finding.change.title, apply: () => repair(finding.change) }] : [];
  const dom = () => make("div", {}, ...inlineParts(finding.message), ...(finding.remark ? [make("br"), ...inlineParts(finding.remark)] : []));
  return {
    from: finding.from, to: finding.to, severity: finding.severity, message: finding.message,
    source: finding.code, renderMessage: dom, actions,
  };
}

/** The list. `on`: goTo(place), repair(change), explain(code). */
class FindingList {
  constructor(container, on) {
    this.on = on;
    this.head = make("h2", { class: "findings-head" });
    this.list = make("ol", { class: "findings" });
    this.live = make("p", { class: "unseen", role: "status" });
    container.append(this.head, this.list, this.live);
    this.show([], 0);
  }

  show(findings, more) {
    const counts = ["error", "warning"].map((kind) => [findings.filter((one) => one.severity === kind).length, kind]);
    const told = counts.filter(([count]) => count).map(([count, kind]) => `${count} ${kind}${count === 1 ? "" : "s"}`);
    const text = (told.join(", ") || "No findings") + (more ? `, and ${more} more` : "");
    this.head.textContent = text;
    if (this.live.textContent !== text) this.live.textContent = text;
    this.list.replaceChildren(...findings.map((finding) => this.item(finding)));
  }

  item(finding) {
    const place = { own: true, from: finding.from, to: finding.to };
    const where = finding.elsewhere ?? place;
    const head = make(
      "button", { class: "finding-head", type: "button", onclick: () => this.on.goTo(where) },
      make("span", { class: `severity ${finding.severity}` }, finding.severity),
      ` ${finding.elsewhere ? `${finding.elsewhere.shown}:${finding.elsewhere.line}` : `line ${finding.line}`}: `,
      ...inlineParts(finding.message),
    );
    const causes = [
      ...(finding.remark ? [make("li", {}, ...inlineParts(finding.remark))] : []),
      ...finding.causes.map((cause) => this.cause(cause)),
      ...finding.notes.map((note) => make("li", {}, ...inlineParts(note))),
      ...finding.helps.map((help) => make("li", { class: "help" }, make("b", {}, "help: "), ...inlineParts(help))),
    ];
    const buttons = [
      finding.change && make("button", { type: "button", onclick: () => this.on.repair(finding.change) }, `Fix: ${finding.change.title}`),
      finding.explained && make("button", { type: "button", onclick: () => this.on.explain(finding.code) }, `${finding.code}?`),
    ].filter(Boolean);
    return make("li", { class: "finding" }, head, causes.length ? make("ul", {}, ...causes) : null, make("div", { class: "row" }, ...buttons));
  }

  cause(cause) {
    const where = cause.own ? `line ${cause.line}` : `${cause.shown}:${cause.line}`;
    const text = [`${where}: `, ...inlineParts(cause.text)];
    if (!cause.own && !cause.file) return make("li", {}, ...text);
    return make("li", {}, make("button", { class: "link", type: "button", onclick: () => this.on.goTo(cause) }, ...text));
  }
}
