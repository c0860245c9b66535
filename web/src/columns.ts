// Decodes the columns of src/tracetune/sinks/columns.py: two digits a value.
import type { Column } from "./document";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
const MISSING = 0;
const ZERO = 1;

const digitOf = new Map([...ALPHABET].map((digit, value) => [digit.charCodeAt(0), value]));

/** The values of a column; null where nothing was observed. */
export function decode(column: Column): (number | null)[] {
  const { scale, origin, step, codes } = column;
  const values: (number | null)[] = new Array(codes.length / 2);
  for (let at = 0; at < values.length; at++) {
    const high = digitOf.get(codes.charCodeAt(2 * at)) ?? 0;
    const low = digitOf.get(codes.charCodeAt(2 * at + 1)) ?? 0;
    const code = high * 64 + low;
    if (code === MISSING) values[at] = null;
    else if (code === ZERO) values[at] = 0;
    else values[at] = scale === "linear" ? (code - ZERO) * step : origin * Math.exp((code - 2) * step);
  }
  return values;
}

/** The minute of each point, from the distances between them; every minute where there are none. */
export function minutesOf(distances: number[], start: number, length: number): number[] {
  if (!distances.length) return Array.from({ length }, (_, at) => start + at);
  let minute = start;
  return distances.map((distance) => (minute += distance));
}
