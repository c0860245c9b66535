// The window that the server made of the address: what "now" meant when it answered.
import { signal } from "@preact/signals";
import { minuteOf } from "./instants";

export interface Shown {
  start: number; // minutes since the epoch
  end: number;
}

export const shown = signal<Shown | null>(null);

export function show(answer: { start: string; end: string }): void {
  const [start, end] = [minuteOf(answer.start), minuteOf(answer.end)];
  const before = shown.peek();
  if (start !== null && end !== null && (before?.start !== start || before.end !== end)) shown.value = { start, end };
}
