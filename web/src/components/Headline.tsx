// The one sentence, and what it rests on.
import type { Document, Facts } from "../document";
import { bytes, length, moment, plural, words } from "../format";
import { Scroll } from "./Panel";
import { Shape } from "./Status";

export function Headline({ report }: { report: Document }) {
  const { facts } = report;
  return (
    <section class={`panel headline ${report.severity || "normal"}`} aria-label="Summary">
      <h1>
        <Shape status={report.severity} size={20} />
        <span>{report.headline}</span>
      </h1>
      {facts.spans > 0 && <FactsLine facts={facts} />}
      <Sources facts={facts} />
    </section>
  );
}

function FactsLine({ facts }: { facts: Facts }) {
  const first = Math.floor(facts.start_seconds / 60);
  const last = Math.ceil(facts.end_seconds / 60);
  return (
    <ul class="facts">
      <li>{plural(facts.traces, "trace")}</li>
      <li>{plural(facts.spans, "span")}</li>
      <li>{plural(facts.services, "service")}</li>
      <li>
        {moment(first)} to {moment(last)} UTC ({length(last - first)})
      </li>
      {facts.missing_minutes > 0 && <li>{plural(facts.missing_minutes, "minute")} without any span</li>}
    </ul>
  );
}

function Sources({ facts }: { facts: Facts }) {
  const failed = facts.sources.filter((source) => source.error).length;
  return (
    <details class="sources">
      <summary>
        {plural(facts.sources.length, "file")} read
        {failed > 0 && `, ${failed} not usable or not to its end`}
      </summary>
      <Scroll label="Files">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Format</th>
              <th scope="col" class="n">Spans</th>
              <th scope="col" class="n">Size</th>
              <th scope="col">Problem</th>
            </tr>
          </thead>
          <tbody>
            {facts.sources.map((source) => (
              <tr key={source.name}>
                <th scope="row">{source.name}</th>
                <td>{words(source.format)}</td>
                <td class="n">{source.spans.toLocaleString("en-GB")}</td>
                <td class="n">{bytes(source.bytes_read)}</td>
                <td class="wrap">{source.error || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
