// What the reader chose: shared by all charts of a page.
import { effect, signal } from "@preact/signals";

export type Theme = "light" | "dark";
export type Range = readonly [number, number];

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** The theme in force: the reader's choice, else the system's. */
export const theme = signal<Theme>(dark.matches ? "dark" : "light");
let chosen = false;

dark.addEventListener("change", () => {
  if (!chosen) theme.value = dark.matches ? "dark" : "light";
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function toggleTheme(): void {
  chosen = true;
  theme.value = theme.value === "dark" ? "light" : "dark";
}

/** The operation that the charts show, as a position in the document's series. */
export const selected = signal(0);

/** The minutes that the charts show; null shows all. */
export const range = signal<Range | null>(null);

/** Rises when the reader asks to see everything again: a double click, or Escape on a chart. */
export const unzooms = signal(0);

export function unzoom(): void {
  range.value = null;
  unzooms.value += 1;
}

/** Whether anything could be compared with a forecast; without one nothing is "as expected". */
export const judged = signal(true);

/** A colour of the style sheet as it is in the present theme. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
