// Numbers, times and durations in the reader's words. Pure. Units are chosen by size, so that a run
// of 200 steps and one of 100,000 both read well. A no-break space binds a number to its unit.

const NB = "\u00a0";
const MINUTE = 60, HOUR = 3600, DAY = 86400;

export const NONE = "–";

export function integer(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? NONE : Math.round(value).toLocaleString("en-GB");
}

function scaled(value: number, digits: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? Math.max(0, digits - 3) : size >= 10 ? Math.max(0, digits - 2) : digits - 1);
}

const STEPS: [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

// 3.20 M, 41.2 k, 186 B as [number, unit]: three digits that count.
export function compactParts(value: number | null | undefined, digits = 3): [string, string] {
  if (value == null || !Number.isFinite(value)) return [NONE, ""];
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) >= size * 0.9995) return [scaled(value / size, digits), unit];
  }
  return [Number.isInteger(value) ? String(value) : scaled(value, digits), ""];
}

export function compact(value: number | null | undefined, digits = 3): string {
  const [number, unit] = compactParts(value, digits);
  return unit ? number + NB + unit : number;
}

// For axes: no trailing zeros (10 k, 2.5 M).
export function axisNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  for (const [step, unit] of STEPS) if (size >= step) return trim(value / step) + NB + unit;
  return size >= 0.001 ? trim(value) : exponent(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)));
}

// 6e-5, 3.2e-4.
export function exponent(value: number | null | undefined, digits = 2): string {
  if (value == null) return NONE;
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  return `${mantissa!.includes(".") ? mantissa!.replace(/\.?0+$/, "") : mantissa}e${Number(power)}`;
}

export function loss(value: number | null | undefined): string {
  if (value == null) return NONE;
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

// Three significant digits for anything (gradient norms, milliseconds), exponent for the very small.
export function significant(value: number | null | undefined): string {
  if (value == null) return NONE;
  const size = Math.abs(value);
  if (size >= 1000) return integer(value);
  if (size > 0 && size < 0.001) return exponent(value, 3);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

export function percent(ratio: number | null | undefined, digits = 1): string {
  return ratio == null ? NONE : (ratio * 100).toFixed(digits) + "%";
}

export function bytesParts(bytes: number | null | undefined): [string, string] {
  if (bytes == null) return [NONE, ""];
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes, i = 0;
  while (value >= 999.5 && i < units.length - 1) { value /= 1000; i++; }
  return [i === 0 ? String(value) : scaled(value, 3), units[i]!];
}

export function bytes(value: number | null | undefined): string {
  return bytesParts(value).join(NB).trim();
}

// 0.4 s, 41 s, 1 h 27 min, 3 d 4 h.
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  const s = Math.max(0, seconds);
  if (s > 0 && s < 0.095) return `${Math.max(1, Math.round(s * 1000))}${NB}ms`;
  if (s < 9.95) return `${s === 0 ? 0 : s.toFixed(1)}${NB}s`;
  if (s < 59.5) return `${Math.round(s)}${NB}s`;
  if (s < HOUR - 30) return pair(Math.floor(s / MINUTE), "min", Math.round(s % MINUTE), "s", 60, s < 10 * MINUTE);
  if (s < DAY - MINUTE) return pair(Math.floor(s / HOUR), "h", Math.round((s % HOUR) / MINUTE), "min", 60, true);
  if (s < 14 * DAY) return pair(Math.floor(s / DAY), "d", Math.round((s % DAY) / HOUR), "h", 24, true);
  return `${integer(s / DAY)}${NB}days`;
}

function pair(major: number, majorUnit: string, minor: number, minorUnit: string, full: number, both: boolean): string {
  if (minor === full) { major += 1; minor = 0; }
  return `${major}${NB}${majorUnit}` + (both && minor > 0 ? ` ${minor}${NB}${minorUnit}` : "");
}

// One unit only, for running ages: "4 s", "12 min", "6 h", "3 days".
export function ageParts(seconds: number): [string, string] {
  const s = Math.max(0, seconds);
  if (s < 90) return [String(Math.round(s)), "s"];
  if (s < 90 * MINUTE) return [String(Math.round(s / MINUTE)), "min"];
  if (s < 36 * HOUR) return [String(Math.round(s / HOUR)), "h"];
  return [String(Math.round(s / DAY)), "days"];
}

export function age(seconds: number): string {
  return ageParts(seconds).join(NB);
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const shortDayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const weekdayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const yearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

export const clock = (ms: number): string => clockFormat.format(ms);
export const clockSeconds = (ms: number): string => secondFormat.format(ms);
export const day = (ms: number): string => dayFormat.format(ms);
export const shortDay = (ms: number): string => shortDayFormat.format(ms);
export const fullTime = (ms: number): string => fullFormat.format(ms);

function dayNumber(ms: number): number {
  const date = new Date(ms);
  return Math.floor((ms - date.getTimezoneOffset() * 60000) / (DAY * 1000));
}

// "14:02", "yesterday 14:02", "Tue 18:40", "12 April", "12 Apr 2025": as near as the reader needs.
// `fine`: with seconds, for what is part of a short run.
export function when(ms: number, now: number, fine = false): string {
  const days = dayNumber(now) - dayNumber(ms);
  if (days === 0) return fine ? clockSeconds(ms) : clock(ms);
  if (days === 1) return `yesterday ${clock(ms)}`;
  if (days > 1 && days < 7) return `${weekdayFormat.format(ms)} ${clock(ms)}`;
  if (days === -1) return `tomorrow ${clock(ms)}`;
  return Math.abs(days) < 300 ? dayFormat.format(ms) : yearFormat.format(ms);
}

// A range of two moments without saying a shared part twice: "14:02 and 14:05", "27 June and 3 July".
export function between(low: number, high: number, now: number): [string, string] {
  if (high - low < 2 * DAY * 1000 && low - now < 2 * DAY * 1000) {
    const seconds = high - now < 5 * MINUTE * 1000;
    const at = (ms: number) => (seconds ? clockSeconds(ms) : clock(ms));
    const first = dayNumber(low) === dayNumber(now) ? at(low) : when(low, now);
    const second = dayNumber(high) === dayNumber(low) ? at(high) : when(high, now);
    return [first, second];
  }
  const bound = (ms: number) => day(ms).replace(" ", NB);
  return dayNumber(low) === dayNumber(high) ? [`${bound(low)}, ${clock(low)}`, clock(high)] : [bound(low), bound(high)];
}

export function plural(count: number, one: string, many = one + "s"): string {
  return `${integer(count)} ${count === 1 ? one : many}`;
}

export function list(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
