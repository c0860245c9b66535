// The window that the address means: "now" is to the server the end of its newest minute, not what a clock says.
import { computed, signal } from "@preact/signals";
import { from, to } from "./address";
import { minuteOf, type Window, windowOf } from "./instants";

const held = signal<Window | null>(null); // what the server has minutes of

export const shown = computed(() => held.value && windowOf(from.value, to.value, held.value));

/** Takes note of the first and the last minute that the server has. */
export function hold(status: { start: string | null; end: string | null }): void {
  const [start, end] = [minuteOf(status.start), minuteOf(status.end)];
  const before = held.peek();
  if (start !== null && end !== null && (before?.start !== start || before.end !== end)) held.value = { start, end };
}
