// How far to trust it: what the data are too short for, how it was made, and which model speaks for which series.
import type { Document, VerdictView } from "../document";
import { duration, number, percent, plural, words } from "../format";
import { Panel, Scroll } from "./Panel";

export function Limits({ limits }: { limits: string[] }) {
  if (!limits.length) return null;
  return (
    <Panel id="limits" title="What the data are too short for">
      <ul class="plain-list">
        {limits.map((limit) => (
          <li key={limit}>{limit}</li>
        ))}
      </ul>
    </Panel>
  );
}

export function Made({ report }: { report: Document }) {
  return (
    <Panel id="made" title="How it was made">
      <dl class="parameters">
        {Object.entries(report.parameters).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {report.verdicts.length > 0 && <Verdicts verdicts={report.verdicts} total={report.series_count} />}
    </Panel>
  );
}

export function Verdicts({ verdicts, total, open = false }: { verdicts: VerdictView[]; total: number; open?: boolean }) {
  const counts = new Map<string, number>();
  for (const verdict of verdicts) counts.set(verdict.model, (counts.get(verdict.model) ?? 0) + 1);
  const told = [...counts].map(([model, count]) => `${words(model)} ${count}`).join(", ");
  const coverages = verdicts.map((verdict) => verdict.coverage).filter((value): value is number => value !== null);
  const mean = coverages.length ? coverages.reduce((sum, value) => sum + value, 0) / coverages.length : null;
  return (
    <details open={open}>
      <summary>
        Models of {plural(total, "series", "series")}: {told}; {percent(mean, 3)} of held-back minutes inside the 98 % range
      </summary>
      <Scroll label="Models">
        <table>
          <thead>
            <tr>
              <th scope="col">Series</th>
              <th scope="col">Metric</th>
              <th scope="col">Model</th>
              <th scope="col" class="n">Inside range</th>
              <th scope="col" class="n">Loss of it</th>
              <th scope="col" class="n">Event F1</th>
              <th scope="col">Why this model</th>
            </tr>
          </thead>
          <tbody>
            {verdicts.map((verdict, at) => (
              <tr key={at}>
                <th scope="row">
                  <b>{verdict.service_name}</b> {verdict.span_name}
                </th>
                <td>{words(verdict.metric)}</td>
                <td>{words(verdict.model)}</td>
                <td class="n">{percent(verdict.coverage, 3)}</td>
                <td class="n">{loss(verdict)}</td>
                <td class="n">{number(verdict.event_f1)}</td>
                <td class="wrap">{verdict.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {total > verdicts.length && (
        <p class="quiet">The first {verdicts.length} of them.</p>
      )}
    </details>
  );
}

/** Pinball loss is in the metric's unit. */
function loss(verdict: VerdictView): string {
  const value = verdict.pinball_loss;
  return verdict.metric.startsWith("latency") || verdict.metric.startsWith("self_time") ? duration(value) : number(value);
}
