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
  const [first, second] = incident.causes;
  const culprit = culpritOf(incident);
  return (
    <details class="panel incident" open={open}>
      <summary>
        <span class="incident-title">
          <Shape severity={incident.severity} size={14} />
          <h2>{incident.headline}</h2>
        </span>
        <Pill severity={incident.severity} />
        <span class="when">
          {period(incident.onset, incident.end)} UTC, {length(end - incident.onset)}
          {incident.end === null && ", goes on"}
        </span>
        <span class="id">{incident.id}</span>
      </summary>
      <div class="incident-body">
        <div class="column">
          {incident.contributions.length > 0 && <PathBars incident={incident} culprit={culprit} />}
          <Onsets incident={incident} report={report} />
        </div>
        <div class="column">
          {first && <Why cause={first} runnerUp={second} release={incident.release} />}
          {!first && <Empty>No cause stands out. No service's own time on the critical path grew clearly.</Empty>}
        </div>
      </div>
      <Waterfalls incident={incident} culprit={culprit} />
    </details>
  );
}

const CAUSES: Record<CauseView["kind"], string> = {
  own_time: "its own time grew",
  gap: "time between caller and callee grew: network, queue or connection pool",
  errors: "its own errors grew",
  load: "more calls than forecast; the code is not to blame",
  unknown: "no clear reason",
};

function Why({ cause, runnerUp, release }: { cause: CauseView; runnerUp: CauseView | undefined; release: string }) {
  return (
    <>
      <h3>Why we think so</h3>
      <p class="cause">
        <strong>{cause.service_name}</strong> {cause.span_name}: {CAUSES[cause.kind]}
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
        {release && (
          <div>
            <dt>Release</dt>
            <dd>{release}</dd>
          </div>
        )}
      </dl>
    </>
  );
}

const KINDS: Record<AnomalyView["kind"], string> = {
  slower: "slower",
  load: "slower under load",
  errors: "errors",
  surge: "more calls",
  drop: "fewer calls",
};

function observed(anomaly: AnomalyView): [string, string] {
  const { kind, observed: seen, expected_lower: lower, expected_upper: upper } = anomaly;
  if (kind === "errors") return [percent(seen), `at most ${percent(upper)}`];
  if (kind === "surge" || kind === "drop") return [`${number(seen)} /min`, `${number(lower, 2)}–${number(upper, 2)} /min`];
  return [duration(seen), durations(lower, upper)];
}

function Onsets({ incident, report }: { incident: IncidentView; report: Document }) {
  return (
    <>
      <h3>In the order it began</h3>
      <Scroll label={`Anomalies of ${incident.id}`}>
        <table>
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
                  <td>{clock(anomaly.onset)}</td>
                  <th scope="row" title={`${anomaly.service_name} ${anomaly.span_name}`}>
                    <Shape severity={anomaly.severity} /> <ChartLink anomaly={anomaly} report={report} />
                  </th>
                  <td>{KINDS[anomaly.kind] ?? words(anomaly.kind)}</td>
                  <td class="n strong">{seen}</td>
                  <td class="n">{expected}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

/** Shows the anomaly in the chart of its operation, with as much time around it; plain text where it has no chart. */
function ChartLink({ anomaly, report }: { anomaly: AnomalyView; report: Document }) {
  const { service_name, span_name } = anomaly;
  const at = report.series.findIndex((one) => one.service_name === service_name && one.span_name === span_name);
  const name = (
    <>
      <b>{service_name}</b> {span_name}
    </>
  );
  if (at < 0) return name;
  const show = () => {
    const end = anomaly.end ?? report.start_minute + report.cutoff;
    const around = Math.max(2 * (end - anomaly.onset), 30);
    selected.value = at;
    range.value = [
      Math.max(anomaly.onset - around, report.start_minute),
      Math.min(end + around, report.start_minute + report.length - 1),
    ];
  };
  return (
    <a href="#durations" onClick={show}>
      {name}
    </a>
  );
}
