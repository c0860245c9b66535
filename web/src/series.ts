// One operation minute by minute, as numbers: what the charts draw, whether it came packed in a report or over the wire.
import { decode, minutesOf } from "./columns";
import type { Column, OperationSeries } from "./document";

export type Values = (number | null)[];

/** The time axis: where the data begin, where the forecast begins, and where it ends; minutes since the epoch. */
export interface Axis {
  start: number;
  cutoff: number;
  end: number;
}

/** One metric over some minutes, with what was expected of it where there is a forecast. */
export interface Track {
  minutes: number[];
  value: Values;
  expected: { lower: Values; middle: Values; upper: Values } | null;
}

export interface MinuteSeries {
  service_name: string;
  span_name: string; // "" stands for all operations of the service
  quantile: "p95" | "p50"; // what latency holds
  band: "p95" | "p50" | ""; // what is expected of latency is said of this one; "" where there is no forecast
  latency: Track;
  median: Values | null; // at the minutes of latency, where it is another line than that
  calls: Track;
  errors: Track | null; // share of calls; null where none failed
}

/** The series of a report, unpacked. */
export function unpack(one: OperationSeries, axis: Axis): MinuteSeries {
  const minutes = minutesOf(one.minutes, axis.start, axis.end - axis.start);
  const track = (value: Column, lower: Column | null, middle: Column | null, upper: Column | null): Track => ({
    minutes,
    value: decode(value),
    expected: lower && upper ? { lower: decode(lower), middle: middle ? decode(middle) : new Array(minutes.length).fill(null), upper: decode(upper) } : null,
  });
  return {
    service_name: one.service_name,
    span_name: one.span_name,
    quantile: "p95",
    band: one.band,
    latency: track(one.p95, one.lower, one.middle, one.upper),
    median: decode(one.p50),
    calls: track(one.calls, one.calls_lower, null, one.calls_upper),
    errors: one.error_ratio && track(one.error_ratio, null, null, null),
  };
}

/** The position of a minute in a track, or of the last one before it; -1 before the first. */
export function positionOf(minutes: number[], minute: number): number {
  let [low, high] = [0, minutes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (minutes[middle]! <= minute) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The value at exactly this minute. */
export function valueAt(track: Track | null, minute: number): number | null {
  const at = track ? positionOf(track.minutes, minute) : -1;
  return track && track.minutes[at] === minute ? (track.value[at] ?? null) : null;
}
