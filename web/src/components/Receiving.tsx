// What comes in by which way, how quickly, and how the server itself is doing.
import { useEffect, useRef } from "preact/hooks";
import { bytes, length, number, plural, shortCount, words } from "../format";
import type { components } from "../live/api";
import { Empty, Panel, Scroll } from "./Panel";

type Data = components["schemas"]["DataProblems"];
type Process = NonNullable<Data["process"]>;
type Source = Data["sources"][number];

export function Receiving({ data }: { data: Data }) {
  const { process } = data;
  const rates = useRates(data);
  const note = process ? `${shortCount(process.spans_per_minute)} spans in the last minute · ${plural(data.spans, "span")} since the start` : `${plural(data.spans, "span")}, ${plural(data.traces, "trace")}`;
  return (
    <Panel id="sources" title="Where spans come from" note={note}>
      {process && process.problems.length > 0 && (
        <div class="told" role="alert">
          {process.problems.map((text) => (
            <p key={text} class="fault">
              {text}
            </p>
          ))}
        </div>
      )}
      {data.sources.length ? <Sources sources={data.sources} rates={rates} /> : <Empty>Nothing sends spans yet.</Empty>}
      {process && <Facts process={process} />}
      {process && process.left_out.length > 0 && (
        <p class="note">
          Left out or noted:{" "}
          {process.left_out.map((one, at) => (
            <span key={one.reason}>
              {at > 0 && " · "}
              {one.count.toLocaleString("en-GB")} {one.meaning || words(one.reason)}
            </span>
          ))}
        </p>
      )}
    </Panel>
  );
}

function Sources({ sources, rates }: { sources: Source[]; rates: Map<string, number> }) {
  const live = sources.some((one) => one.requests > 0 || one.bytes_read === 0);
  return (
    <Scroll label="Sources">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Format</th>
            <th scope="col" class="n">Spans</th>
            {live && <th scope="col" class="n">Now</th>}
            <th scope="col" class="n">Size</th>
            {live && <th scope="col" class="n">Turned away</th>}
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((source) => (
            <tr key={keyOf(source)}>
              <th scope="row">{source.name}</th>
              <td data-name="format">{words(source.format)}</td>
              <td class="n" data-name="spans">{source.spans.toLocaleString("en-GB")}</td>
              {live && <td class="n" data-name="now">{rateOf(rates.get(keyOf(source)))}</td>}
              <td class="n" data-name="size">{bytes(source.bytes_read)}</td>
              {live && <td class={source.refused ? "n strong" : "n"} data-name="turned away">{source.refused.toLocaleString("en-GB")}</td>}
              <td class={source.error ? "wrap fault" : "wrap"} data-name="state">{source.error || (live && source.spans === 0 ? "nothing yet" : "fine")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Facts({ process }: { process: Process }) {
  const facts: [string, string][] = [
    ["History", process.model_minutes >= process.model_minutes_wanted ? length(process.model_minutes) : `${number(process.model_minutes / 60, 2)} of ${number(process.model_minutes_wanted / 60, 2)} h`],
    ["Behind", `${number(process.lag_seconds, 2)} s`],
    ["Waiting for whole traces", plural(process.held_spans, "span")],
    ["Memory", bytes(process.memory_bytes)],
    ["Journal", bytes(process.journal_bytes)],
    ["Store", process.store],
  ];
  return (
    <dl class="parameters receiving">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function keyOf(source: Source): string {
  return `${source.name} ${source.format}`;
}

function rateOf(rate: number | undefined): string {
  return rate === undefined ? "…" : rate > 0 ? `${shortCount(rate)} /s` : "0";
}

/** Spans a second by source, between this answer and an earlier one of another time. */
function useRates(data: Data): Map<string, number> {
  const held = useRef<{ before: Data; rates: Map<string, number> }>({ before: data, rates: new Map() });
  const now = data.process ? Date.parse(data.process.time) : 0;
  const { before } = held.current;
  const seconds = before.process ? (now - Date.parse(before.process.time)) / 1000 : 0;
  const spans = new Map(before.sources.map((source) => [keyOf(source), source.spans]));
  const rates = seconds > 0 ? new Map(data.sources.map((source) => [keyOf(source), Math.max(0, source.spans - (spans.get(keyOf(source)) ?? 0)) / seconds])) : held.current.rates;
  useEffect(() => {
    if (seconds > 0) held.current = { before: data, rates };
  }, [data]);
  return rates;
}
