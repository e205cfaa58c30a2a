/** A number as people read it: four digits where it is small, thousands apart where it is large. */
function plain(value) {
  if (value === null || value === undefined) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

/** A tick of an axis, short: 25k, 1.5M. */
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential().replace("e+", "e");
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
  return size >= 1000 ? value.toLocaleString("en-US") : String(Number(value.toPrecision(4)));
}

const percent = (share) =>
  share < 0.0995 && share > 0 ? `${(100 * share).toFixed(1)} %` : `${Math.round(100 * share)} %`;

const label = (entry) => (entry.unit ? `${entry.title} [${entry.unit}]` : entry.title);

const withUnit = (value, entry) => (entry.unit ? `${plain(value)} ${entry.unit}` : plain(value));

/** "from 15 to 66", or nothing for a value that is known. */
const range = ([value, low, high]) =>
  low === value && high === value ? "" : `${plain(low)} to ${plain(high)}`;

/** "No design", "1 design", "24 designs". */
const counted = (count) =>
  count === 1 ? "1 design" : `${count ? count.toLocaleString("en-US") : "No"} design${count ? "s" : ""}`;
