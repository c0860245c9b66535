// The server's stream: a new snapshot makes the screens ask again, unless the reader pinned a range or paused.
import { computed, effect, signal } from "@preact/signals";
import { moving } from "./address";
import { apiAddress, refusals, version } from "./answers";
import { mayLook } from "./session";

export type Connection = "open" | "lost";

export const connection = signal<Connection>("open");
/** The reader's own pause, besides a pinned range. */
export const paused = signal(false);
export const isLive = computed(() => moving.value && !paused.value && connection.value === "open");

/** Rises whenever a training went on. */
export const trainings = signal(0);

const EVENTS = ["snapshot", "incident_opened", "incident_changed", "incident_ended"];

const AGAIN_MS = 5000;

/** Keeps the stream open for as long as the reader may look; one that the server refused is tried again. */
export function followStream(): void {
  let missed = false;
  let source: EventSource | null = null;
  let again = 0;
  const news = () => {
    if (moving.peek() && !paused.peek()) version.value = version.peek() + 1;
    else missed = true;
  };
  const close = () => {
    clearTimeout(again);
    source?.close();
    source = null;
  };
  const open = () => {
    const opened = (source = new EventSource(apiAddress("stream")));
    for (const name of EVENTS) opened.addEventListener(name, news);
    opened.addEventListener("training", () => (trainings.value = trainings.peek() + 1));
    opened.onopen = () => {
      if (connection.peek() === "lost") news(); // what happened meanwhile was not told
      connection.value = "open";
    };
    opened.onerror = () => {
      connection.value = "lost";
      if (opened.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      refusals.value = refusals.peek() + 1; // perhaps the session ended: a refused stream does not say why
      again = setTimeout(() => (close(), open()), AGAIN_MS);
    };
  };
  effect(() => {
    if (!mayLook.value) return undefined;
    open();
    return close;
  });
  effect(() => {
    if (!moving.value || paused.value || !missed) return;
    missed = false;
    version.value = version.peek() + 1;
  });
}
