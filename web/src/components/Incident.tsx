// Incidents: what happened, why we think so, what speaks against it, and traces to look at.
import { culpritOf } from "../culprit";
import type { AnomalyView, CauseView, Document, IncidentView } from "../document";
import { clock, duration, durations, length, number, percent, period, sentence, words } from "../format";
import { range, selected } from "../state";
import { Empty, Panel, Scroll } from "./Panel";
import { PathBars } from "./PathBars";
import { Pill, Shape } from "./Status";
import { Waterfalls } from "./Waterfall";

export function Incidents({ report }: { report: Document }) {
  const { incidents } = report;
  if (!incidents.length) {
    const judged = report.series_count > 0;
    return (
      <Panel id="incidents" title="Incidents" note={judged ? "none" : "not judged"}>
        <Empty>
          {judged
            ? "Nothing departed from its forecast long or far enough to be news."
            : "Without a forecast nothing can be called unusual. See what the data are too short for, below."}
        </Empty>
      </Panel>
    );
  }
  return (
    <section id="incidents" aria-label="Incidents" class="stack">
      {incidents.map((incident, at) => (
        <Incident key={incident.id} incident={incident} report={report} open={at === 0} />
      ))}
    </section>
  );
}

function Incident({ incident, report, open }: { incident: IncidentView; report: Document; open: boolean }) {
  const end = incident.end ?? report.start_minute + report.cutoff;
  const culprit = culpritOf(incident);
  return (
    <details class="panel incident" open={open}>
      <summary>
        <span class="incident-title">
          <Shape status={incident.severity} size={14} />
          <h2>{incident.headline}</h2>
        </span>
        <Pill status={incident.severity} />
        <span class="when">
          {period(incident.onset, incident.end)} UTC, {length(end - incident.onset)}
          {incident.end === null && ", goes on"}
        </span>
        <span class="id">{incident.id}</span>
      </summary>
      <div class="incident-body">
        <div class="column">
          {incident.contributions.length > 0 && <PathBars incident={incident} culprit={culprit} />}
          <Onsets incident={incident} linkTo={(anomaly) => chartLink(anomaly, report)} />
        </div>
        <div class="column">
          <Why incident={incident} />
        </div>
      </div>
      <Waterfalls incident={incident} culprit={culprit} />
    </details>
  );
}

export const CAUSES: Record<CauseView["kind"], string> = {
  own_time: "its own time grew",
  gap: "time between caller and callee grew: network, queue or connection pool",
  errors: "its own errors grew",
  load: "more calls than forecast; the code is not to blame",
  unknown: "no clear reason",
};

export function Why({ incident, title = "Why we think so" }: { incident: IncidentView; title?: string }) {
  const [cause, runnerUp] = incident.causes;
  if (!cause) return <Empty>No cause stands out. No service's own time on the critical path grew clearly.</Empty>;
  return (
    <>
      <h3>{title}</h3>
      <p class="cause">
        <strong>{cause.service_name}</strong>
        {cause.span_name && ` ${cause.span_name}`}: {CAUSES[cause.kind]}
      </p>
      <ul class="evidence for">
        {cause.evidence.map((reason) => (
          <li key={reason}>{sentence(reason)}</li>
        ))}
      </ul>
      <h3>What speaks against it, or was looked at</h3>
      {cause.against.length ? (
        <ul class="evidence against">
          {cause.against.map((reason) => (
            <li key={reason}>{sentence(reason)}</li>
          ))}
        </ul>
      ) : (
        <p class="quiet">Nothing found against it.</p>
      )}
      <dl class="marks">
        <div>
          <dt>Confidence</dt>
          <dd>{number(cause.confidence, 2)}</dd>
        </div>
        <div>
          <dt>Runner-up</dt>
          <dd>{runnerUp ? `${runnerUp.service_name} ${number(runnerUp.confidence, 2)}` : "none"}</dd>
        </div>
        {incident.release && (
          <div>
            <dt>Release</dt>
            <dd>{incident.release}</dd>
          </div>
        )}
      </dl>
    </>
  );
}

export const KINDS: Record<AnomalyView["kind"], string> = {
  slower: "slower",
  load: "slower under load",
  mix: "other calls than usual",
  errors: "errors",
  surge: "more calls",
  drop: "fewer calls",
};

export function observed(anomaly: AnomalyView): [string, string] {
  const { kind, observed: seen, expected_lower: lower, expected_upper: upper } = anomaly;
  if (kind === "errors") return [percent(seen), `at most ${percent(upper)}`];
  if (kind === "surge" || kind === "drop" || kind === "mix") return [`${number(seen)} /min`, `${number(lower, 2)}–${number(upper, 2)} /min`];
  return [duration(seen), durations(lower, upper)];
}

interface Link {
  href: string;
  onClick?: () => void;
}

interface OnsetsProps {
  incident: IncidentView;
  linkTo: (anomaly: AnomalyView) => Link | null; // null where there is nothing to see
  title?: boolean;
}

export function Onsets({ incident, linkTo, title = true }: OnsetsProps) {
  return (
    <>
      {title && <h3>In the order it began</h3>}
      <Scroll label={`Anomalies of ${incident.id}`}>
        <table class="cards inline">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Operation</th>
              <th scope="col">What</th>
              <th scope="col" class="n">Seen</th>
              <th scope="col" class="n">Expected</th>
            </tr>
          </thead>
          <tbody>
            {incident.anomalies.map((anomaly) => {
              const [seen, expected] = observed(anomaly);
              return (
                <tr key={`${anomaly.service_name} ${anomaly.span_name} ${anomaly.kind} ${anomaly.onset}`} title={anomaly.why}>
                  <td data-name="from">{clock(anomaly.onset)}</td>
                  <th scope="row" title={`${anomaly.service_name} ${anomaly.span_name}`}>
                    <Shape status={anomaly.severity} /> <Named anomaly={anomaly} link={linkTo(anomaly)} />
                  </th>
                  <td data-name="what">{KINDS[anomaly.kind] ?? words(anomaly.kind)}</td>
                  <td class="n strong" data-name="seen">{seen}</td>
                  <td class="n" data-name="expected">{expected}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function Named({ anomaly, link }: { anomaly: AnomalyView; link: Link | null }) {
  const name = (
    <>
      <b>{anomaly.service_name}</b> {anomaly.span_name}
    </>
  );
  return link ? <a {...link}>{name}</a> : name;
}

/** Shows the anomaly in the chart of its operation, with as much time around it. */
function chartLink(anomaly: AnomalyView, report: Document): Link | null {
  const { service_name, span_name } = anomaly;
  const at = report.series.findIndex((one) => one.service_name === service_name && one.span_name === span_name);
  if (at < 0) return null;
  const onClick = () => {
    const end = anomaly.end ?? report.start_minute + report.cutoff;
    const around = Math.max(2 * (end - anomaly.onset), 30);
    selected.value = at;
    range.value = [
      Math.max(anomaly.onset - around, report.start_minute),
      Math.min(end + around, report.start_minute + report.length - 1),
    ];
  };
  return { href: "#durations", onClick };
}
