// The slider for the number of devices: the net divided, coloured by device, with its bottleneck, bound and gap.

const OBJECTIVES = { throughput: "throughput", latency: "latency", memory: "memory" };

/** `divide(choice)` asks the server; `paint(found, looks)` colours the graph, with nulls takes the colours away. */
class DevicePane {
  constructor(container, divide, paint) {
    this.divide = divide;
    this.paint = paint;
    this.isShown = false;
    this.count = make("input", { type: "range", id: "devices", min: 1, max: 8, step: 1, value: 2 });
    this.number = make("output", { for: "devices" }, "2 devices");
    this.objective = make("select", { id: "objective" }, ...Object.entries(OBJECTIVES).map(([value, text]) => make("option", { value }, text)));
    this.batch = make("input", { type: "number", id: "batch", min: 1, max: 4096, value: 8 });
    this.legend = make("ul", { class: "legend", "aria-label": "Colours of the devices" });
    this.answer = make("div", { class: "answer", tabindex: "0", "aria-label": "The division" });
    const field = (name, label, ...inputs) => make("div", { class: "field" }, make("label", { for: name }, label), ...inputs);
    container.append(
      make("div", { class: "row" }, field("devices", "Devices", this.count, this.number),
        field("objective", "for", this.objective), field("batch", "Batch", this.batch)),
      this.legend, this.answer,
    );
    const soon = settled(150, () => this.refresh());
    for (const input of [this.count, this.objective, this.batch]) input.addEventListener("input", soon);
    this.count.addEventListener("input", () => this.sayNumber());
  }

  sayNumber() {
    const text = `${this.count.value} device${this.count.value === "1" ? "" : "s"}`;
    this.number.textContent = text;
    this.count.setAttribute("aria-valuetext", text);
  }

  get choice() {
    return { devices: Number(this.count.value), objective: this.objective.value, batch: Number(this.batch.value) };
  }

  set choice({ devices, objective, batch }) {
    Object.assign(this.count, { value: devices });
    Object.assign(this.objective, { value: objective });
    Object.assign(this.batch, { value: batch });
    this.sayNumber();
  }

  /** Colours are there while the pane is. */
  toggle(isShown) {
    this.isShown = isShown;
    if (isShown) this.refresh();
    else this.paint(null, null);
  }

  /** Ask again: an answer at once, then a better one. The older one stays, and steps back, until they are there. */
  async refresh() {
    if (!this.isShown) return;
    this.answer.classList.add("is-old");
    this.answer.setAttribute("aria-busy", "true");
    if (!this.answer.childElementCount) this.answer.replaceChildren(make("p", {}, "Dividing the net …"));
    try {
      const first = await this.divide({ ...this.choice, effort: "first" });
      this.show(first);
      if (!first.isBest) this.show(await this.divide({ ...this.choice, effort: "best" }));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.isFollowed) return;
      this.answer.replaceChildren(...refusal.message.split("\n").map((line) => make("p", { class: "wrong-text" }, line)));
      this.legend.replaceChildren();
      this.paint(null, null);
    }
    this.answer.classList.remove("is-old");
    this.answer.removeAttribute("aria-busy");
  }

  show(found) {
    const looks = Object.fromEntries(found.devices.map((device, place) => [device, deviceLook(place)]));
    const swatch = (device) => {
      const box = make("span", { class: "swatch", "aria-hidden": "true" });
      box.style.background = looks[device].fill;
      return make("li", {}, box, device, device === found.busiest ? " (busiest)" : "");
    };
    const told = make("li", { class: "soft" }, "a closed block has the colour of most of its layers");
    this.legend.replaceChildren(...found.devices.map(swatch), told);
    this.answer.replaceChildren(totalsElement(found.table.totals), tableElement("What each device does", found.table));
    if (this.isShown) this.paint(found, looks);
  }
}
