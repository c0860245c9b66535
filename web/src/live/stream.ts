// The server's stream: a new snapshot makes the screens ask again, unless the reader pinned a range or paused.
import { computed, effect, signal } from "@preact/signals";
import { moving } from "./address";
import { apiAddress, version } from "./answers";

export type Connection = "open" | "lost";

export const connection = signal<Connection>("open");
/** The reader's own pause, besides a pinned range. */
export const paused = signal(false);
export const isLive = computed(() => moving.value && !paused.value && connection.value === "open");

const EVENTS = ["snapshot", "incident_opened", "incident_changed", "incident_ended"];

/** Opens the stream for the life of the page. */
export function followStream(): void {
  let missed = false;
  const news = () => {
    if (moving.peek() && !paused.peek()) version.value += 1;
    else missed = true;
  };
  const source = new EventSource(apiAddress("stream"));
  for (const name of EVENTS) source.addEventListener(name, news);
  source.onopen = () => {
    if (connection.peek() === "lost") news(); // what happened meanwhile was not told
    connection.value = "open";
  };
  source.onerror = () => (connection.value = "lost");
  effect(() => {
    if (!moving.value || paused.value || !missed) return;
    missed = false;
    version.value = version.peek() + 1;
  });
}
