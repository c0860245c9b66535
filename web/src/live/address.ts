// The address is the state: which screen, of what, over which time, with what chosen. Whoever has the link sees the same.
import { batch, computed, signal } from "@preact/signals";
import { USUAL_SPAN } from "./instants";
import { formatPlace, parsePlace, type Place } from "./places";

/** What stays when the reader goes from screen to screen. */
const KEPT = ["from", "to"];

const base = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");

export const place = signal<Place>(parsePlace(location.pathname, location.search, base));
export const screen = computed(() => place.value.path[0] ?? "");
export const from = computed(() => place.value.query.from ?? USUAL_SPAN);
export const to = computed(() => place.value.query.to ?? "");
/** Whether the range moves with the clock. */
export const moving = computed(() => from.value.startsWith("now") && (to.value === "" || to.value === "now"));

/** One value of the query; "" where it is not given. */
export function asked(name: string): string {
  return place.value.query[name] ?? "";
}

/** The address of another screen, over the same time. */
export function href(path: string[], query: Record<string, string> = {}): string {
  const kept = Object.fromEntries(KEPT.map((name) => [name, asked(name)]));
  return formatPlace({ path, query: { ...kept, ...query } }, base);
}

export function go(address: string, how: "push" | "replace" = "push"): void {
  const url = new URL(address, location.href);
  history[how === "push" ? "pushState" : "replaceState"](null, "", url);
  const before = place.peek().path.join("/");
  batch(() => {
    place.value = parsePlace(url.pathname, url.search, base);
  });
  if (how === "push" && place.peek().path.join("/") !== before) scrollTo(0, 0);
}

/** Changes values of the query on the same screen; an empty one is taken out. */
export function ask(query: Record<string, string>, how: "push" | "replace" = "replace"): void {
  const { path, query: now } = place.peek();
  go(formatPlace({ path, query: { ...now, ...query } }, base), how);
}

/** Follows the browser's Back and Forward, and every link to a screen without loading the page anew. */
export function followAddress(): void {
  addEventListener("popstate", () => {
    place.value = parsePlace(location.pathname, location.search, base);
  });
  document.addEventListener("click", (event) => {
    const anchor = (event.target as Element | null)?.closest?.("a");
    const url = anchor?.getAttribute("href") ? new URL(anchor.getAttribute("href")!, document.baseURI) : null;
    if (!anchor || !url || !isOurs(url) || anchor.hasAttribute("download") || anchor.target) return;
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(url.href);
  });
}

function isOurs(url: URL): boolean {
  const inner = url.pathname.slice(base.length);
  return url.origin === location.origin && url.pathname.startsWith(base) && !url.hash && !/^(api|assets|metrics)\b/.test(inner);
}
