// Status as a shape, a colour and a word: never by colour alone.
import type { Severity } from "../document";
import { judged } from "../state";

const PATHS: Record<Severity, string> = {
  critical: "M6 1 11.4 10.6H.6z",
  warning: "M6 .6 11.4 6 6 11.4.6 6z",
  minor: "M1.6 1.6h8.8v8.8H1.6z",
  "": "M6 3.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z",
};

const SEVERITY_WORDS: Record<Severity, string> = {
  critical: "Critical",
  warning: "Warning",
  minor: "Minor",
  "": "As expected",
};

/** False for the quiet status of a report without a forecast: nothing was compared with anything. */
export function isJudged(severity: Severity): boolean {
  return severity !== "" || judged.value;
}

export function wordOf(severity: Severity): string {
  return isJudged(severity) ? SEVERITY_WORDS[severity] : "Not judged";
}

/** The shape as part of a drawing; its name is said elsewhere. */
export function shapePath(severity: Severity): string {
  return PATHS[severity];
}

export function Shape({ severity, size = 12 }: { severity: Severity; size?: number }) {
  return (
    <svg class={`shape ${severity || "normal"}`} viewBox="0 0 12 12" width={size} height={size} role="img" aria-label={wordOf(severity)}>
      <path d={PATHS[severity]} fill="currentColor" class={isJudged(severity) ? "" : "unjudged"} />
    </svg>
  );
}

export function Pill({ severity }: { severity: Severity }) {
  return <span class={`pill ${severity || "normal"}`}>{wordOf(severity)}</span>;
}
