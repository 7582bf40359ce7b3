// Microseconds, and the marks of a time axis.

/** Seconds in microseconds, however long; `unit` as in `timeText`. */
function microText(seconds, unit = "s") {
  return unit ? `${(seconds * 1e6).toLocaleString("en-US", { maximumFractionDigits: 3 })} µs` : timeText(seconds, "");
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
