// A timeline as SVG: tracks one above the other on one axis, in each a lane for each device, below them the links.

const SIZES = { action: 20, spans: 9, critical: 4, strip: 26, gap: 8, link: 12, head: 26, axis: 22, after: 16, letter: 6.4 };

/** Where everything stands: {tracks: [{track, y}], lanes: [{lane, y, rows: [[y, height]], strip}], height}. */
function placed(tracks, isShown) {
  const found = { tracks: [], lanes: [], height: SIZES.axis };
  let y = SIZES.axis;
  for (const track of tracks) {
    found.tracks.push({ track, y: y + 16 });
    y += SIZES.head;
    for (const lane of track.lanes.filter(isShown)) {
      const place = { lane, y };
      if (lane.isLink) {
        place.rows = [[y, SIZES.link]];
        y += SIZES.link + 4;
      } else {
        place.rows = [[y, SIZES.action], [y + SIZES.action, SIZES.spans]];
        y += SIZES.action + SIZES.spans + SIZES.critical;
        if (lane.held.length) {
          place.strip = y + 2;
          y += SIZES.strip;
        }
        y += SIZES.gap;
      }
      place.end = y;
      found.lanes.push(place);
    }
    y += SIZES.after;
  }
  found.height = y;
  return found;
}

/** Draws the window [start, end] of a timeline. `look`: {left, width, right, marked, chosen, cursor, unit, fill}. */
class Drawing {
  constructor(places, [start, end], look) {
    Object.assign(this, { places, start, end, look });
    this.parts = [];
    this.x = (seconds) => look.left + (look.width * (seconds - start)) / (end - start);
  }

  svg() {
    this.#axis();
    for (const { track, y } of this.places.tracks) this.#head(track, y);
    const rows = this.places.lanes.flatMap(({ lane }) => lane.rows);
    const drawn = boundedOf(rows, this.start, this.end, (this.end - this.start) / this.look.width);
    let next = 0;
    for (const place of this.places.lanes) {
      this.#label(place);
      place.lane.rows.forEach((_, i) => this.#row(place, i, drawn[next++]));
      if (!place.lane.isLink) this.#critical(place);
      if (place.strip !== undefined) this.#strip(place);
    }
    this.count = drawn.reduce((sum, each) => sum + each.length, 0);
    return this.parts;
  }

  #axis() {
    const { left, width, unit } = this.look;
    const wanted = Math.max(2, Math.min(10, Math.floor(width / 90)));
    for (const { seconds, text } of ticksOf(this.start, this.end, unit, wanted)) {
      const x = this.x(seconds).toFixed(2);
      this.#add("path", { d: `M${x} ${SIZES.axis - 4}V${this.places.height - 8}`, class: "grid" });
      this.#add("text", { x, y: 12, class: "tick" }, text);
    }
    this.#add("path", { d: `M${left} ${SIZES.axis - 4}H${left + width}`, class: "axis" });
  }

  #head(track, y) {
    const name = makeSvg("tspan", { class: "track" }, track.name);
    this.#add("text", { x: 8, y }, name, `  ${track.note}`);
  }

  #label({ lane, y }) {
    const middle = y + (lane.isLink ? 10 : 14);
    const { left } = this.look;
    if (!lane.isLink) {
      this.#add("rect", { x: 8, y: y + 3, width: 12, height: 14, class: `device device-${lane.colour % 8}` });
      this.#add("text", { x: left + this.look.width + 10, y: middle, class: "small" }, lane.told);
    }
    const letters = Math.floor((left - (lane.isLink ? 18 : 36)) / SIZES.letter);
    const name = lane.label.length > letters ? `${lane.label.slice(0, letters - 1)}…` : lane.label;
    this.#add("text", { x: lane.isLink ? 14 : 26, y: middle, class: lane.isLink ? "small" : "" }, name);
  }

  #row(place, i, drawn) {
    const [y, height] = place.rows[i];
    this.#add("rect", { x: this.look.left, y, width: this.look.width, height, class: "lane" });
    for (const { start, end, bars } of drawn) {
      const from = Math.max(this.x(start), this.look.left);
      const to = Math.min(this.x(end), this.look.left + this.look.width);
      const bar = bars.reduce((most, each) => (each.end - each.start > most.end - most.start ? each : most));
      const name = lookOf(bar);
      const marked = bars.some((each) => this.look.marked(each)) ? " marked" : "";
      const chosen = bars.includes(this.look.chosen) ? " chosen" : "";
      const width = Math.max(to - from, 0.75);
      this.#add("rect", {
        x: from.toFixed(2), y, width: width.toFixed(2), height, class: `bar ${name}${marked}${chosen}`,
        fill: this.look.fill(name), rx: width > 6 ? 2 : null,
      });
      if (bar.kind === "actions") this.#inside(bars.length > 1 ? "" : bar.label, bar.microbatch, from, width, y + 14);
      if (bars.includes(this.look.cursor)) {
        this.#add("rect", { x: from - 2, y: y - 2, width: width + 4, height: height + 4, class: "cursor" });
      }
    }
  }

  #inside(label, microbatch, x, width, y) {
    const short = microbatch >= 0 ? String(microbatch) : "";
    const text = [label, short].find((each) => each && each.length * SIZES.letter + 6 <= width);
    if (text) {
      const room = text.length * SIZES.letter + 4;
      this.#add("rect", { x: x + width / 2 - room / 2, y: y - 11, width: room, height: 14, rx: 3, class: "under" });
      this.#add("text", { x: x + width / 2, y, class: "inside" }, text);
    }
  }

  #critical({ lane, y }) {
    for (const [start, end] of lane.critical) {
      if (end <= this.start || start >= this.end) continue;
      const from = Math.max(this.x(start), this.look.left);
      const to = Math.min(this.x(end), this.look.left + this.look.width);
      const top = y + SIZES.action + SIZES.spans + 1;
      this.#add("rect", { x: from, y: top, width: Math.max(to - from, 0.75), height: 3, class: "critical" });
    }
  }

  /** Bytes over time as stairs, the limit as a line; what lies above it is said beside it. */
  #strip({ lane, strip }) {
    const { left, width } = this.look;
    const peak = Math.max(...lane.held.map(([, bytes]) => bytes));
    const highest = Math.max(lane.limit < 4 * peak ? Math.max(lane.limit, peak) : peak, 1);
    const at = (bytes) => (strip + (SIZES.strip - 4) * (1 - bytes / highest)).toFixed(2);
    const before = lane.held.filter(([time]) => time <= this.start);
    let path = `M${left} ${at(0)}V${at(before.length ? before[before.length - 1][1] : lane.held[0][1])}`;
    for (const [time, bytes] of lane.held) {
      if (time > this.start && time < this.end) path += `H${this.x(time).toFixed(2)}V${at(bytes)}`;
    }
    const end = Math.min(this.x(lane.track.length), left + width);
    this.#add("path", { d: `${path}H${Math.max(end, left).toFixed(2)}V${at(0)}Z`, class: "held" });
    if (lane.limit <= highest) this.#add("path", { d: `M${left} ${at(lane.limit)}H${left + width}`, class: "limit" });
    const look = `small${peak > lane.limit ? " over" : ""}`;
    this.#add("text", { x: left + width + 10, y: strip + 16, class: look }, lane.room);
  }

  #add(tag, attributes, ...children) {
    this.parts.push(makeSvg(tag, attributes, ...children));
  }
}

/** The class of a bar, by which it has its colour and pattern. */
function lookOf(bar) {
  if (bar.kind === "messages") return "does-send";
  return bar.kind === "actions" ? `phase-${bar.lane.track.phases[bar.phase][0]}` : `does-${bar.does}`;
}
