// Status as a shape, a colour and a word: never by colour alone.
import type { Severity } from "../document";
import { judged } from "../state";

/** A severity, or one of the states that are no news: nothing to compare with yet, or nothing to compare. */
export type Status = Severity | "learning" | "idle";

const DOT = "M6 3.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z";
const RING = "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z";

const PATHS: Record<Status, string> = {
  critical: "M6 1 11.4 10.6H.6z",
  warning: "M6 .6 11.4 6 6 11.4.6 6z",
  minor: "M1.6 1.6h8.8v8.8H1.6z",
  "": DOT,
  learning: RING,
  idle: "M2 5.2h8v1.6H2z",
};

const WORDS: Record<Status, string> = {
  critical: "Critical",
  warning: "Warning",
  minor: "Minor",
  "": "As expected",
  learning: "Learning",
  idle: "Idle",
};

/** The quiet status where nothing could be compared with anything is not "as expected". */
function known(status: Status): Status | "unjudged" {
  return status === "" && !judged.value ? "unjudged" : status;
}

export function isNews(status: Status): status is Exclude<Severity, ""> {
  return status !== "" && status !== "learning" && status !== "idle";
}

export function wordOf(status: Status): string {
  const sure = known(status);
  return sure === "unjudged" ? "Not judged" : WORDS[sure];
}

/** The shape as part of a drawing of 12 by 12; its name is said elsewhere. */
export function Glyph({ status, className = "" }: { status: Status; className?: string }) {
  const open = known(status) === "unjudged" || status === "learning";
  return <path class={`${className} ${open ? "unjudged" : ""}`} d={PATHS[status]} fill="currentColor" />;
}

export function Shape({ status, size = 12, quiet = false }: { status: Status; size?: number; quiet?: boolean }) {
  const named = quiet ? { "aria-hidden": true as const } : { role: "img" as const, "aria-label": wordOf(status) };
  return (
    <svg class={`shape ${classOf(status)}`} viewBox="0 0 12 12" width={size} height={size} {...named}>
      <Glyph status={status} />
    </svg>
  );
}

export function classOf(status: Status): string {
  return isNews(status) ? status : "normal";
}

export function Pill({ status }: { status: Status }) {
  return <span class={`pill ${classOf(status)}`}>{wordOf(status)}</span>;
}
