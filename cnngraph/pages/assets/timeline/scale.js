// Times as people read them, and the marks of a time axis.

const UNITS = [["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]];

/** Three digits and a unit; `unit` "" is for times of a unit that nobody knows. */
function timeText(seconds, unit = "s") {
  if (!seconds) return unit ? "0 s" : "0";
  if (!unit) return String(Number(seconds.toPrecision(6)));
  const [name, factor] = UNITS.find(([, least]) => seconds >= least) ?? UNITS[3];
  return `${Number((seconds / factor).toPrecision(3))} ${name}`;
}

/** The same in microseconds, however long. */
function microText(seconds, unit = "s") {
  return unit ? `${(seconds * 1e6).toLocaleString("en-US", { maximumFractionDigits: 3 })} µs` : timeText(seconds, "");
}

const BYTES = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

function bytesText(count) {
  const found = BYTES.find(([, least]) => count >= least);
  return found ? `${Number((count / found[1]).toPrecision(3))} ${found[0]}` : `${count} B`;
}

/** About `wanted` round times from `start` to `end`, and what they are called: [{seconds, text}]. */
function ticksOf(start, end, unit, wanted = 8) {
  const rough = Math.max((end - start) / wanted, 1e-15);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough * (1 - 1e-9));
  const [name, factor] = unit ? UNITS.find(([, least]) => end >= least) ?? UNITS[3] : ["", 1];
  const places = Math.max(0, -Math.floor(Math.log10(step / factor) + 1e-9));
  const found = [];
  for (let i = Math.ceil(start / step - 1e-9); i * step <= end * (1 + 1e-9); i++) {
    found.push({ seconds: i * step, text: `${((i * step) / factor).toFixed(places)} ${name}`.trim() });
  }
  return found;
}
