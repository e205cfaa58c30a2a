/** Positions of values along an axis of so many pixels; a logarithmic one keeps a place of its own for 0. */
class Scale {
  /** `values` must be in view; of `extra`, intervals, as much as leaves the values half of the axis. */
  constructor(values, extra, logarithmic, start, end) {
    this.start = start;
    this.end = end;
    this.logarithmic = logarithmic;
    const positive = [...values, ...extra].filter((value) => value > 0);
    this.least = logarithmic ? Math.min(...(positive.length ? positive : [1])) : 0;
    this.zero = logarithmic && values.some((value) => value <= 0);
    const inner = values.map((value) => this.#bend(value));
    let low = Math.min(...inner);
    let high = Math.max(...inner);
    const spread = high - low || Math.abs(high) / 2 || 1;
    const outer = extra.map((value) => this.#bend(value));
    low = Math.max(Math.min(low, ...outer), low - spread / 2);
    high = Math.min(Math.max(high, ...outer), high + spread / 2);
    const margin = 0.06 * (high - low || 2 * spread);
    this.low = !logarithmic && low >= 0 ? Math.max(low - margin, Math.min(0, low)) : low - margin;
    this.high = high + margin;
  }

  #bend(value) {
    if (!this.logarithmic) return value;
    return value > 0 ? Math.log10(Math.max(value, this.least)) : Math.log10(this.least) - 0.5;
  }

  /** The pixel of a value, beyond the ends for one that is not in view. */
  at(value) {
    return this.start + ((this.#bend(value) - this.low) / (this.high - this.low)) * (this.end - this.start);
  }

  holds(value) {
    const bent = this.#bend(value);
    return bent >= this.low && bent <= this.high;
  }

  /** Values for ticks, some `wanted` of them, ascending. */
  ticks(wanted) {
    if (!this.logarithmic) return evenTicks(this.low, this.high, wanted);
    const [low, high] = [10 ** this.low, 10 ** this.high];
    const decades = this.high - this.low;
    const steps = decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5];
    const skipped = Math.max(1, Math.ceil(decades / wanted));
    let ticks = [];
    for (let power = Math.floor(this.low); power <= this.high; power += skipped) {
      ticks.push(...steps.map((step) => step * 10 ** power));
    }
    ticks = ticks.filter((tick) => tick >= low && tick <= high && tick >= this.least / 1.5);
    if (ticks.length < 3)
      ticks = evenTicks(Math.max(low, 0), high, wanted).filter((tick) => tick >= low && tick > 0);
    return this.zero ? [0, ...ticks] : ticks;
  }
}

/** Round values from `low` to `high`. */
function evenTicks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
  const ticks = [];
  for (let count = Math.ceil(low / step); count * step <= high; count += 1)
    ticks.push(Number((count * step).toPrecision(12)));
  return ticks;
}

/** Values that span more than this many times their least are shown logarithmically unless told otherwise. */
const WIDE = 12;

function isWide(values) {
  const positive = values.filter((value) => value > 0);
  return positive.length > 1 && Math.max(...positive) > WIDE * Math.min(...positive);
}
