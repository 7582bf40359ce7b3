// The data of a timeline as objects, and which of them are drawn: neighbours that are too thin to see become one bar.

const LEAST = 1.5; // pixels of a bar by itself
const MOST_BARS = 3000; // that are drawn at a time

const ROWS = { actions: 4, spans: 7, messages: 5 };

/** Lists of whole numbers, as `cnngraph/pages/timeline.py` writes them, as bars: {start, end, ...} in seconds. */
function barsOf(rows, kind, tick, make) {
  const width = ROWS[kind];
  const found = new Array(rows.length / width);
  for (let i = 0; i < found.length; i++) {
    const row = rows.slice(i * width, (i + 1) * width);
    found[i] = { start: row[0] * tick, end: (row[0] + row[1]) * tick, index: i, kind, ...make(row.slice(2), i) };
  }
  return found;
}

/** A lane, a device or a link: its bars in rows, from above. */
class Lane {
  constructor(track, given, all) {
    const { tick, words, picks, phases, kinds } = all;
    Object.assign(this, { track, name: given.name, label: given.label ?? given.name, colour: given.colour, told: given.told ?? "" });
    this.nodes = new Map(Object.entries(given.nodes ?? {}));
    this.isLink = "messages" in given;
    this.devices = this.isLink ? [given.source, given.target] : [given.device];
    if (this.isLink) {
      this.rows = [barsOf(given.messages, "messages", tick, ([microbatch, word, bytes]) => (
        { lane: this, microbatch, bytes, word, label: words[word], nodes: [] }
      ))];
      return;
    }
    const label = (phase, microbatch) => phases[phase][0] + (microbatch < 0 ? "" : microbatch);
    const actions = barsOf(given.actions, "actions", tick, ([phase, microbatch], i) => ({
      lane: this, phase, microbatch, label: given.labels[i] ?? label(phase, microbatch),
      nodes: this.nodes.get(phases[phase][0]) ?? [],
    }));
    const spans = barsOf(given.spans, "spans", tick, ([kind, phase, microbatch, word, peer]) => ({
      lane: this, does: kinds[kind], phase, microbatch, name: words[word], peer: words[peer],
      label: label(phase, microbatch), nodes: picks[word],
    }));
    for (const span of spans) {
      if (!span.nodes.length && ["compute", "update"].includes(span.does)) {
        span.nodes = this.nodes.get(phases[span.phase][0]) ?? [];
        span.isWhole = true;
      }
    }
    this.rows = [actions, spans];
    this.critical = pairsOf(given.critical).map(([start, length]) => [start * tick, (start + length) * tick]);
    this.held = pairsOf(given.held ?? []).map(([time, bytes]) => [time * tick, bytes]);
    Object.assign(this, { limit: given.limit, room: given.room });
  }

  /** The bytes held at a time. */
  heldAt(seconds) {
    let found = 0;
    for (const [time, bytes] of this.held) if (time <= seconds) found = bytes;
    return found;
  }
}

function pairsOf(flat) {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/** The place of the first bar that ends after `seconds`. */
function firstAfter(bars, seconds) {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars[middle].end <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bar at a time, or one that is not farther from it than `slack`; undefined where there is none. */
function barAt(bars, seconds, slack) {
  const i = firstAfter(bars, seconds);
  if (bars[i] && bars[i].start <= seconds) return bars[i];
  const near = [bars[i - 1], bars[i]].filter(Boolean).map((bar) => (
    [Math.min(Math.abs(bar.start - seconds), Math.abs(bar.end - seconds)), bar]
  ));
  near.sort((a, b) => a[0] - b[0]);
  return near[0] && near[0][0] <= slack ? near[0][1] : undefined;
}

/** What of a row is drawn between two times: [{start, end, bars}], with neighbours below `thin` seconds as one. */
function drawnOf(bars, start, end, thin) {
  const found = [];
  for (let i = firstAfter(bars, start); i < bars.length && bars[i].start < end; i++) {
    const bar = bars[i];
    const last = found[found.length - 1];
    const isThin = bar.end - bar.start < thin;
    if (last && isThin && last.isThin && bar.start - last.end < thin && last.end - last.start < 4 * thin) {
      last.end = Math.max(last.end, bar.end);
      last.bars.push(bar);
    } else {
      found.push({ start: bar.start, end: bar.end, isThin, bars: [bar] });
    }
  }
  return found;
}

/** The same for many rows, with bars so wide that there are `MOST_BARS` at most in all. */
function boundedOf(rows, start, end, secondsOfPixel) {
  for (let thin = LEAST; ; thin *= 2) {
    const found = rows.map((bars) => drawnOf(bars, start, end, thin * secondsOfPixel));
    if (found.reduce((sum, drawn) => sum + drawn.length, 0) <= MOST_BARS) return found;
  }
}
