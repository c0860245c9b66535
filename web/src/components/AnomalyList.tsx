// What is unusual, ranked: incident by incident, its likely cause first; each row is a link to the service's own charts.
import { useState } from "preact/hooks";
import { href } from "../live/address";
import { rowId } from "../live/chosen";
import { minuteOf } from "../live/instants";
import { type AnomalyItem, type IncidentItem, severityOf } from "../live/views";
import { clock, length, moment, plural } from "../format";
import { Empty, Panel } from "./Panel";
import { Sparkline } from "./Sparkline";
import { Shape } from "./Status";

const FEW = 5;
const LONG = 90; // characters, beyond which a name is cut after three lines
const COURSE_BEFORE = 30; // minutes of an anomaly's course that lie before its onset, where there are so many

interface Props {
  incidents: IncidentItem[];
  chosen: string;
  unfolded: Set<string>;
  unfold: (id: string) => void;
  quiet: string; // what to say where there is none
  last: IncidentItem | null; // the last one that ended, shown where there is none in the window
}

/** The rows as they are shown, in order: what the keyboard moves over. */
export function rowsOf(incidents: IncidentItem[], unfolded: Set<string>): AnomalyItem[] {
  return incidents.flatMap((incident) => rowsIn(incident, unfolded.has(incident.id)));
}

function rowsIn(incident: IncidentItem, all: boolean): AnomalyItem[] {
  const kept = incident.anomalies.filter((one) => !one.dismissed);
  const sorted = [...kept].sort((a, b) => Number(b.is_cause) - Number(a.is_cause)); // stable: else as the server ranked them
  return all ? sorted : sorted.slice(0, FEW);
}

export function addressOf(anomaly: AnomalyItem): string {
  return href(["services", anomaly.service_name], { op: anomaly.span_name, a: anomaly.id });
}

export function AnomalyList({ incidents, chosen, unfolded, unfold, quiet, last }: Props) {
  const open = incidents.filter((incident) => incident.end === null && !incident.dismissed);
  const ended = incidents.filter((incident) => incident.end !== null && !incident.dismissed);
  const group = (incident: IncidentItem) => (
    <Group key={incident.id} incident={incident} chosen={chosen} all={unfolded.has(incident.id)} unfold={() => unfold(incident.id)} />
  );
  const keys = (
    <span class="note">
      <kbd>j</kbd> <kbd>k</kbd> to move
    </span>
  );
  return (
    <Panel id="anomalies" title="Anomalies" note={incidents.length > 0 && "the likely cause first"} actions={incidents.length > 0 && keys}>
      {open.map(group)}
      {ended.length > 0 && <h3 class="earlier">{open.length ? "Earlier" : "Ended in this window"}</h3>}
      {ended.map(group)}
      {!open.length && !ended.length && <Empty>{quiet}</Empty>}
      {!open.length && !ended.length && last && !last.dismissed && (
        <>
          <h3 class="earlier">The last one, {moment(minuteOf(last.onset) ?? 0)}</h3>
          {group(last)}
        </>
      )}
    </Panel>
  );
}

function Group({ incident, chosen, all, unfold }: { incident: IncidentItem; chosen: string; all: boolean; unfold: () => void }) {
  const rows = rowsIn(incident, all);
  const hidden = incident.anomalies.filter((one) => !one.dismissed).length - rows.length;
  return (
    <section class="incident-group" aria-label={`Incident ${incident.id}`}>
      <p class="group-head">
        <a href={href(["incidents", incident.id])}>{incident.id}</a>
        <span>{plural(incident.services.length, "service")}</span>
        {incident.snoozed_until && <span class="tag">snoozed</span>}
        {incident.cause_kind === "load" && <span>load, not a fault</span>}
      </p>
      <ol class="anomalies">
        {rows.map((anomaly) => (
          <Row key={anomaly.id} anomaly={anomaly} chosen={anomaly.id === chosen} />
        ))}
      </ol>
      {hidden > 0 && (
        <button type="button" class="more" onClick={unfold}>
          {plural(hidden, "more operation")}
        </button>
      )}
    </section>
  );
}

function Row({ anomaly, chosen }: { anomaly: AnomalyItem; chosen: boolean }) {
  const onset = minuteOf(anomaly.onset) ?? 0;
  const name = `${anomaly.service_name} ${anomaly.span_name}`;
  const begun = Math.min(COURSE_BEFORE, anomaly.course.length);
  const { expected_lower: lower, expected_upper: upper } = anomaly;
  return (
    <li id={rowId(anomaly.id)} class={chosen ? "anomaly chosen" : "anomaly"}>
      <Shape status={severityOf(anomaly.severity)} />
      <div class="anomaly-text">
        <a href={addressOf(anomaly)} aria-current={chosen || undefined} class={name.length > LONG ? "long" : ""} title={name}>
          <b>{anomaly.service_name}</b> {anomaly.span_name}
        </a>{" "}
        {anomaly.is_cause && <span class="cause-pill">likely cause</span>}
        <p>{anomaly.why}</p>
      </div>
      <div class="anomaly-course">
        <Sparkline
          values={anomaly.course}
          news={begun}
          until={begun + anomaly.minutes}
          band={lower !== null && upper !== null && anomaly.unit !== "ratio" ? [lower, upper] : null}
        />
        <span>
          {clock(onset)} · {length(anomaly.minutes)}
        </span>
      </div>
    </li>
  );
}

/** Which incidents are shown with all their operations. */
export function useUnfolded(): [Set<string>, (id: string) => void] {
  const [unfolded, set] = useState(new Set<string>());
  return [unfolded, (id) => set(new Set([...unfolded, id]))];
}
