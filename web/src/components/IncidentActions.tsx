// What can be done about an incident: hold back its alerts for a while, say that it is none, take either back, pass it on.
import { useState } from "preact/hooks";
import { apiAddress, problemOf, send } from "../live/answers";
import { useKeys } from "../live/keys";
import { pinned } from "../live/pinned";
import type { IncidentItem } from "../live/views";
import { Menu } from "./Menu";
import { Caret } from "./RangePicker";

const SNOOZES: [minutes: number | "resolved" | "morning", name: string][] = [
  [30, "30 minutes"],
  [120, "2 hours"],
  ["morning", "until tomorrow 9:00"],
  ["resolved", "until it is over"],
];

export function CopyLink() {
  const [said, say] = useState("");
  const copy = async () => {
    const link = pinned();
    try {
      await navigator.clipboard.writeText(link);
      say("Copied: it shows this time for ever");
    } catch {
      say(link); // without leave to use the clipboard, it can be copied from here
    }
    setTimeout(() => say(""), 8000);
  };
  useKeys({ y: () => void copy() });
  return (
    <>
      <button type="button" onClick={copy}>
        Copy link
      </button>
      <span role="status" class={said ? "toast" : "sr"}>
        {said}
      </span>
    </>
  );
}

export function IncidentActions({ incident }: { incident: IncidentItem }) {
  const [opener, open] = useState(0);
  const [fault, setFault] = useState("");
  const attempt = (action: () => Promise<unknown>) => {
    setFault("");
    action().catch((error: unknown) => setFault(`${problemOf(error).title}. ${problemOf(error).detail}`));
  };
  const snooze = (span: (typeof SNOOZES)[number][0]) => attempt(() => send("POST", "snoozes", { incident_id: incident.id, ...until(span) }));
  const wake = () => attempt(() => send("DELETE", `snoozes/${encodeURIComponent(incident.id)}`));
  const dismiss = () => attempt(() => send("POST", "feedback", { id: incident.id }));
  const restore = () => attempt(() => send("DELETE", `feedback/${encodeURIComponent(incident.id)}`));
  useKeys({ s: () => open((before) => before + 1), x: () => (incident.dismissed ? restore() : dismiss()) });
  return (
    <>
      {incident.snoozed_until ? (
        <button type="button" onClick={wake} title={`Alerts are held back until ${incident.snoozed_until}`}>
          Wake up
        </button>
      ) : (
        <Menu
          name="Snooze: hold back alerts"
          opener={opener}
          label={
            <>
              Snooze <kbd>s</kbd> <Caret />
            </>
          }
        >
          {(close) => (
            <>
              <p class="note">Alerts are held back; watching goes on.</p>
              <ul class="choices">
                {SNOOZES.map(([span, name]) => (
                  <li key={name}>
                    <button
                      type="button"
                      onClick={() => {
                        close();
                        snooze(span);
                      }}
                    >
                      {name}
                    </button>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Menu>
      )}
      {incident.dismissed ? (
        <button type="button" onClick={restore}>
          Undo “not an anomaly”
        </button>
      ) : (
        <button type="button" onClick={dismiss} title="No more alerts of it, and the next training learns from it (x)">
          Not an anomaly
        </button>
      )}
      {fault && (
        <span role="alert" class="fault">
          {fault}
        </span>
      )}
    </>
  );
}

function until(span: (typeof SNOOZES)[number][0]): Record<string, unknown> {
  if (span === "resolved") return { until: "resolved" };
  const end = new Date();
  if (span === "morning") {
    end.setDate(end.getDate() + 1);
    end.setHours(9, 0, 0, 0);
  } else {
    end.setMinutes(end.getMinutes() + span);
  }
  return { until: end.toISOString() };
}

/** The incident as a file. */
export function Exports({ incident }: { incident: IncidentItem }) {
  const id = encodeURIComponent(incident.id);
  return (
    <>
      <a class="button" href={apiAddress(`incidents/${id}.md`)} download={`${incident.id}.md`}>
        Markdown
      </a>
      <a class="button" href={apiAddress(`incidents/${id}`)} download={`${incident.id}.json`}>
        JSON
      </a>
    </>
  );
}
