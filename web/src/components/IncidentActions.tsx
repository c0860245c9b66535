// What can be done about an incident: hold back its alerts for a while, say that it is none, take either back, pass it on.
import { useState } from "preact/hooks";
import { clock } from "../format";
import { apiAddress, problemOf, request, send } from "../live/answers";
import { useKeys } from "../live/keys";
import type { components } from "../live/api";
import { minuteOf } from "../live/instants";
import { mayChange } from "../live/session";
import { pinned } from "../live/pinned";
import type { IncidentItem } from "../live/views";
import { Menu } from "./Menu";
import { Caret } from "./RangePicker";

const SNOOZES: [lasts: string, name: string][] = [
  ["30m", "30 minutes"],
  ["2h", "2 hours"],
  ["", "until tomorrow 9:00"],
  ["resolved", "until it is over"],
];

type Silence = components["schemas"]["SilenceItem"];
type Feedback = components["schemas"]["FeedbackItem"];

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

/** Nothing for whoever may only look: every button would be refused. */
export function IncidentActions({ incident }: { incident: IncidentItem }) {
  return mayChange.value ? <Actions incident={incident} /> : null;
}

function Actions({ incident }: { incident: IncidentItem }) {
  const [opener, open] = useState(0);
  const [fault, setFault] = useState("");
  const [said, say] = useState("");
  const attempt = (action: () => Promise<string>) => {
    setFault("");
    say("");
    action().then(say, (error: unknown) => setFault(`${problemOf(error).title}: ${problemOf(error).detail}`));
  };
  const snooze = (lasts: string) =>
    attempt(async () => {
      await send("POST", "snoozes", { incident_id: incident.id, ...(lasts ? { lasts } : { until: tomorrowMorning() }) });
      return "";
    });
  const wake = () =>
    attempt(async () => {
      const all = await request<Silence[]>(apiAddress("snoozes"));
      const ours = all.filter(({ incident_id }) => incident_id === incident.id);
      for (const one of ours) await send("DELETE", `snoozes/${encodeURIComponent(one.id)}`);
      return ours.length ? "Alerts are sent again" : "It is maintenance that holds them back: end it on the Alerts screen";
    });
  const dismiss = () =>
    attempt(async () => {
      const [first] = await send<Feedback[]>("POST", "feedback", { id: incident.id });
      return first?.effect ?? "";
    });
  const restore = () =>
    attempt(async () => {
      const ours = new Set(incident.anomalies.map((one) => one.id));
      const all = await request<Feedback[]>(apiAddress("feedback"));
      for (const one of all.filter(({ anomaly_id }) => ours.has(anomaly_id))) await send("DELETE", `feedback/${encodeURIComponent(one.id)}`);
      return "It counts as an anomaly again";
    });
  useKeys({ s: () => open((before) => before + 1), x: () => (incident.dismissed ? restore() : dismiss()) });
  return (
    <>
      {incident.snoozed_until ? (
        <button type="button" onClick={wake} title={`Alerts are held back until ${untilWhen(incident.snoozed_until)}`}>
          Snoozed until {untilWhen(incident.snoozed_until)} · wake
        </button>
      ) : (
        <Menu
          name="Snooze: hold back alerts"
          opener={opener}
          label={
            <>
              Snooze <kbd aria-hidden="true">s</kbd> <Caret />
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
        <button type="button" onClick={dismiss} title="No more alerts of it and of its like; it can be undone (x)">
          Not an anomaly
        </button>
      )}
      <span role="status" class={said ? "toast" : "sr"}>
        {said}
      </span>
      {fault && (
        <span role="alert" class="fault">
          {fault}
        </span>
      )}
    </>
  );
}

function tomorrowMorning(): string {
  const end = new Date();
  end.setDate(end.getDate() + 1);
  end.setHours(9, 0, 0, 0);
  return end.toISOString();
}

function untilWhen(until: string): string {
  const minute = minuteOf(until);
  return minute === null ? "it is over" : clock(minute);
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
