// Numbers and times as people read them: a unit on every number, two to three significant digits, UTC.

const MISSING = "–";

/** A number with `digits` significant digits, never in exponents, with thousands separated; `trim` drops final zeros. */
export function number(value: number | null, digits = 3, trim = true): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  const rounded = Number(value.toPrecision(digits)); // 0.9996 of three digits is 1.00, not 1.000
  const magnitude = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  const decimals = Math.min(Math.max(digits - 1 - magnitude, 0), 6);
  const text = value.toFixed(decimals);
  const [whole = "", fraction = ""] = (decimals && trim ? text.replace(/\.?0+$/, "") : text).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction && `.${fraction}`);
}

const UNITS: [number, string][] = [
  [3600, "h"],
  [60, "min"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
];

function unitOf(seconds: number): [number, string] {
  const size = Math.abs(seconds);
  if (size >= 7200) return UNITS[0]!;
  if (size >= 120) return UNITS[1]!;
  if (size >= 0.9995) return UNITS[2]!;
  return size >= 0.9995e-3 ? UNITS[3]! : UNITS[4]!;
}

/** A measured duration with three significant digits, in ms until 1 s. */
export function duration(seconds: number | null): string {
  return inUnit(seconds, false);
}

/** A duration somebody set, as round as it is: "450 ms", "2 s". */
export function setting(seconds: number | null): string {
  return inUnit(seconds, true);
}

function inUnit(seconds: number | null, trim: boolean): string {
  if (seconds === null || !Number.isFinite(seconds)) return MISSING;
  if (seconds === 0) return "0 ms";
  const [scale, unit] = unitOf(seconds);
  return `${number(seconds / scale, 3, trim)} ${unit}`;
}

/** Two durations in the unit of the larger one: "110–147 ms". */
export function durations(lower: number | null, upper: number | null): string {
  if (lower === null || upper === null) return MISSING;
  const [scale, unit] = unitOf(upper);
  return `${number(lower / scale)}–${number(upper / scale)} ${unit}`;
}

/** Labels of one axis: all in the unit of the largest. */
export function durationTicks(ticks: number[]): string[] {
  const [scale, unit] = unitOf(Math.max(...ticks, 1e-6));
  return ticks.map((tick) => (tick === 0 ? "0" : `${number(tick / scale)} ${unit}`));
}

export function percent(ratio: number | null, digits = 2): string {
  return ratio === null || !Number.isFinite(ratio) ? MISSING : `${number(ratio * 100, digits)} %`;
}

/** A share in a column of shares: whole per cents, tenths below ten, never a false zero. */
export function share(ratio: number | null): string {
  if (ratio === null || !Number.isFinite(ratio)) return MISSING;
  const value = ratio * 100;
  if (value > 0 && value < 0.05) return "< 0.1 %";
  if (Math.abs(value) < 0.05) return "0.0 %";
  return `${value.toFixed(Math.abs(value) >= 9.95 ? 0 : 1).replace("-", "−")} %`;
}

const COUNTS: [number, string][] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A count short enough for a map or an axis: "412", "4.1 k", "1.24 M". */
export function shortCount(value: number): string {
  const found = COUNTS.find(([scale]) => value >= 10 * scale || (scale > 1e3 && value >= scale));
  return found ? `${number(value / found[0])} ${found[1]}` : number(value, 4);
}

export function bytes(value: number): string {
  if (value >= 1e9) return `${number(value / 1e9, 3, false)} GB`;
  if (value >= 1e6) return `${number(value / 1e6, 3, false)} MB`;
  return value >= 1e3 ? `${number(value / 1e3, 3, false)} kB` : `${value} B`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count, 12)} ${count === 1 ? one : many}`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** "13:42" of a minute since the epoch. */
export function clock(minute: number): string {
  const date = new Date(minute * 60_000);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** "2026-06-20". */
export function day(minute: number): string {
  return new Date(minute * 60_000).toISOString().slice(0, 10);
}

/** "2026-06-20 13:42" */
export function moment(minute: number): string {
  return `${day(minute)} ${clock(minute)}`;
}

/** "13:42–14:30", with the day where it changes. */
export function period(first: number, last: number | null): string {
  if (last === null) return `since ${clock(first)}`;
  return day(first) === day(last - 1) ? `${clock(first)}–${clock(last)}` : `${moment(first)} – ${moment(last)}`;
}

/** "48 min", "2 h 10 min", "3 days". */
export function length(minutes: number): string {
  if (minutes < 120) return `${minutes} min`;
  if (minutes >= 2880) return `${number(minutes / 1440, 2)} days`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

const TICK_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080];

/** Round times in [first, last), at most `most`, with labels as long as they need be. */
export function timeTicks(first: number, last: number, most: number): { minute: number; label: string }[] {
  const step = TICK_MINUTES.find((minutes) => (last - first) / minutes <= most) ?? 10_080;
  const found = [];
  for (let minute = Math.ceil(first / step) * step; minute < last; minute += step) {
    found.push({ minute, label: step >= 1440 ? day(minute).slice(5) : clock(minute) });
  }
  return found;
}

/** A clause as a sentence: with a capital, unless it begins with a name in code, and a full stop. */
export function sentence(text: string): string {
  const first = /^\p{Ll}[\p{L}'’]*( |$)/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** "bank_gateway" codes as words: "connection pool". */
export function words(code: string): string {
  return code.replaceAll("_", " ");
}
