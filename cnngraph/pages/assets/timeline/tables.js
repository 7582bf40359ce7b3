// A timeline in words: what a bar is, and all bars as tables, for whoever does not see or point.

const MOST_ROWS = 500; // of one table

/** A bar in lines: what, how long, from when, for whom. */
function linesOf(bar, unit) {
  const { lane } = bar;
  const during = `${microText(bar.end - bar.start, unit)} from ${microText(bar.start, unit)} to ${microText(bar.end, unit)}`;
  if (bar.kind === "messages") {
    return [`${bar.label}, ${bytesText(bar.bytes)}, on the way ${arrowOf(lane)}${microbatchText(bar)}`, during];
  }
  const phase = lane.track.phases[bar.phase][1];
  if (bar.kind === "actions") {
    const said = bar.label.includes(" ") ? bar.label : `${bar.label}: ${phase}${microbatchText(bar)}`;
    return [`${lane.label} ${said}`, during, ...nodesText(bar)];
  }
  return [`${lane.label} ${bar.label}: ${doingText(bar)}`, during, ...(bar.does === "wait" ? [] : nodesText(bar))];
}

const arrowOf = (lane) => `from ${lane.devices[0]} to ${lane.devices[1]}`;
const microbatchText = (bar) => (bar.microbatch >= 0 ? ` of ${bar.lane.track.part} ${bar.microbatch}` : "");

function doingText({ does, name, peer, isWhole }) {
  const what = name && !isWhole ? ` ${name}` : "";
  if (does === "wait") return `waits for ${name || "its turn"}${peer ? ` of ${peer}` : ""}`;
  if (does === "send") return `sends${what} to ${peer}`;
  if (does === "receive") return `receives${what} from ${peer}`;
  if (does === "reduce") return `adds up${what}${peer ? ` with ${peer}` : ""}`;
  return `${does === "update" ? "updates" : "computes"}${what}`;
}

function nodesText({ nodes }) {
  return nodes.length ? [`${nodes.length} operator${nodes.length > 1 ? "s" : ""} of the graph`] : [];
}

/** All actions of a track as a table, the first `MOST_ROWS`. */
function actionTable(track, unit) {
  const rows = track.lanes.filter((lane) => !lane.isLink).flatMap((lane) => lane.rows[0]);
  rows.sort((a, b) => a.start - b.start || a.end - b.end);
  const cells = rows.slice(0, MOST_ROWS).map((bar) => [
    bar.lane.label, bar.label, track.phases[bar.phase][1], microText(bar.start, unit), microText(bar.end - bar.start, unit),
  ]);
  const more = rows.length - cells.length;
  const caption = `${track.name}: what each device does${more > 0 ? `; the first ${MOST_ROWS}, ${more} more follow` : ""}`;
  return tableOf(caption, ["device", "bar", "phase", "from", "takes"], cells);
}

function tableOf(caption, head, rows) {
  const top = make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...others]) => (
    make("tr", {}, make("th", { scope: "row" }, first), ...others.map((text) => make("td", {}, text)))
  ));
  const table = make("table", {}, make("caption", {}, caption), make("thead", {}, top), make("tbody", {}, ...body));
  return make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption }, table);
}
