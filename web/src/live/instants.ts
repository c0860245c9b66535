// Times as addresses hold them: "now-3h", which stays relative, or an instant in RFC 3339; and whatever people paste.
import { clock, day, moment } from "../format";

/** What the picker offers. */
export const SPANS: [from: string, name: string][] = [
  ["now-15m", "15 minutes"],
  ["now-1h", "hour"],
  ["now-3h", "3 hours"],
  ["now-12h", "12 hours"],
  ["now-24h", "24 hours"],
  ["now-2d", "2 days"],
  ["now-7d", "7 days"],
];

export const USUAL_SPAN = "now-3h";

const MINUTES: Record<string, number> = { s: 1 / 60, m: 1, h: 60, d: 1440, w: 10_080 };
const RELATIVE = /^now(?:-(\d{1,7})([smhdw]))?$/;
const UNIT_NAMES: Record<string, string> = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };

/** Minutes before now that a relative time names; null for any other text. */
export function ago(text: string): number | null {
  const found = RELATIVE.exec(text);
  return found ? Number(found[1] ?? 0) * (MINUTES[found[2] ?? "m"] ?? 1) : null;
}

export interface Window {
  start: number; // minutes since the epoch
  end: number;
}

/** What two times of an address mean, as the server reads them, to which "now" is the end of what it holds; null where one is no time. */
export function windowOf(from: string, to: string, held: Window): Window | null {
  const start = from ? before(from, held.end, Math.floor) : held.start;
  const end = to ? before(to, held.end, Math.ceil) : held.end;
  return start === null || end === null || end <= start ? null : { start, end };
}

function before(text: string, now: number, round: (minutes: number) => number): number | null {
  const minutes = ago(text);
  if (minutes !== null) return round(now - minutes);
  const stamp = Date.parse(text);
  return Number.isFinite(stamp) ? round(stamp / 60_000) : null;
}

/** Minutes since the epoch of an RFC 3339 text; null where it is none. */
export function minuteOf(text: string | null | undefined): number | null {
  const stamp = text ? Date.parse(text) : Number.NaN;
  return Number.isFinite(stamp) ? Math.floor(stamp / 60_000) : null;
}

export function rfc3339(minute: number): string {
  return new Date(minute * 60_000).toISOString().replace(/\.000Z$/, "Z");
}

/** The instant of a pasted text: RFC 3339 with or without zone (UTC then), or seconds to nanoseconds since the epoch. */
export function pasted(text: string): string | null {
  const trimmed = text.trim();
  if (ago(trimmed) !== null) return trimmed;
  if (/^\d{9,19}(\.\d+)?$/.test(trimmed)) {
    const digits = trimmed.split(".")[0]!.length;
    const scale = digits <= 11 ? 1 : digits <= 14 ? 1e3 : digits <= 17 ? 1e6 : 1e9;
    return instant(Math.floor((Number(trimmed) / scale) * 1e3));
  }
  const dated = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i.exec(trimmed);
  if (!dated) return null;
  const [, date, time = "00:00", zone = "Z"] = dated;
  const [hours = "00", minutes = "00", seconds = "00"] = time.replace(",", ".").split(":");
  const whole = seconds.split(".")[0] ?? "00";
  return instant(Date.parse(`${date}T${hours}:${minutes}:${whole}${/^(z|utc)$/i.test(zone) ? "Z" : zone}`));
}

function instant(stamp: number): string | null {
  return Number.isFinite(stamp) ? new Date(stamp).toISOString().replace(/\.\d{3}Z$/, "Z") : null;
}

/** "Last 3 hours", or the two ends; `zone` is said by whoever prints it. */
export function spanName(from: string, to: string): string {
  const known = SPANS.find(([span]) => span === from);
  if (!to && known) return `Last ${known[1]}`;
  const relative = RELATIVE.exec(from);
  if (!to && relative?.[1]) {
    const name = UNIT_NAMES[relative[2] ?? "m"] ?? "minute";
    return `Last ${relative[1]} ${name}${relative[1] === "1" ? "" : "s"}`;
  }
  const [first, last] = [minuteOf(from), minuteOf(to)];
  if (first === null) return `${from} to ${to || "now"}`;
  if (last === null) return `Since ${moment(first)}`;
  const end = day(first) === day(last) ? clock(last) : moment(last);
  return `${moment(first)} – ${end}`;
}
