// One operation minute by minute: durations with what was expected of them, calls and errors below on the same clock.
import { useMemo, useState } from "preact/hooks";
import { decode, minutesOf } from "../columns";
import type { AnomalyView, Document, OperationSeries } from "../document";
import { clock, duration, durations, durationTicks, moment, number, percent, shortCount } from "../format";
import { range, selected } from "../state";
import { OperationSelect } from "./OperationSelect";
import { Empty, Panel, Scroll } from "./Panel";
import { TimeChart, type Line } from "./TimeChart";
import type { Mark, Shade } from "./timeMarks";

type Values = (number | null)[];

interface Drawn {
  minutes: number[];
  p50: Values;
  p95: Values;
  lower: Values;
  middle: Values;
  upper: Values;
  calls: Values;
  callsLower: Values;
  callsUpper: Values;
  errors: Values;
}

const MOST_TABLE_ROWS = 240;
const LATENCY = new Set(["slower", "load"]);

export function Durations({ report }: { report: Document }) {
  const one = report.series[selected.value];
  const [at, point] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const drawn = useMemo(() => (one ? draw(one, report) : null), [one, report]);
  const charts = useMemo(() => (one && drawn ? chartsOf(one, drawn, report) : null), [one, drawn, report]);
  if (!one || !drawn || !charts) {
    return (
      <Panel id="durations" title="Durations per minute">
        <Empty>No operation was seen. Give a file with spans; “tracetune doctor FILE” says what is in it.</Empty>
      </Panel>
    );
  }
  const cutoff = report.start_minute + report.cutoff;
  const common = { minutes: drawn.minutes, marks: charts.marks, cutoff, onCursor: point };
  const actions = (
    <>
      <OperationSelect series={report.series} id="durations-operation" />
      {range.value && (
        <button type="button" onClick={() => (range.value = null)}>
          Show all
        </button>
      )}
      <button type="button" aria-pressed={table} onClick={() => setTable(!table)}>
        Table
      </button>
    </>
  );
  return (
    <Panel id="durations" title="Durations per minute" actions={actions}>
      <Legend one={one} />
      <Readout drawn={drawn} at={at} report={report} one={one} />
      {table ? (
        <MinuteTable drawn={drawn} />
      ) : (
        <>
          <TimeChart {...common} {...charts.latency} height={290} ticks={durationTicks} />
          <div class="pair small">
            <div>
              <h3>
                Calls <span class="note">per minute</span>
              </h3>
              <TimeChart {...common} {...charts.calls} marks={[]} height={120} ticks={(values) => values.map(shortCount)} />
            </div>
            <div>
              <h3>
                Errors <span class="note">% of calls</span>
              </h3>
              {one.error_ratio ? (
                <TimeChart {...common} {...charts.errors} marks={[]} height={120} ticks={(values) => values.map((value) => percent(value))} />
              ) : (
                <Empty>No call failed.</Empty>
              )}
            </div>
          </div>
        </>
      )}
      {!one.band && <p class="quiet">No expected range for this operation: too little history. See what the data are too short for.</p>}
    </Panel>
  );
}

function draw(one: OperationSeries, report: Document): Drawn {
  const minutes = minutesOf(one.minutes, report.start_minute, report.length);
  const nothing: Values = new Array(minutes.length).fill(null);
  const optional = (column: OperationSeries["lower"]) => (column ? decode(column) : nothing);
  const calls = decode(one.calls);
  return {
    minutes,
    p50: decode(one.p50),
    p95: decode(one.p95),
    lower: optional(one.lower),
    middle: optional(one.middle),
    upper: optional(one.upper),
    calls,
    callsLower: optional(one.calls_lower),
    callsUpper: optional(one.calls_upper),
    errors: one.error_ratio ? decode(one.error_ratio) : calls.map((count) => (count ? 0 : null)),
  };
}

function chartsOf(one: OperationSeries, drawn: Drawn, report: Document) {
  const name = `${one.service_name} ${one.span_name}`;
  const mine = report.incidents
    .flatMap((incident) => incident.anomalies)
    .filter((anomaly) => anomaly.service_name === one.service_name && anomaly.span_name === one.span_name);
  const shades = (wanted: (kind: AnomalyView["kind"]) => boolean): Shade[] =>
    mine
      .filter((anomaly) => wanted(anomaly.kind))
      .map((anomaly) => ({ first: anomaly.onset, last: anomaly.end ?? report.start_minute + report.cutoff, severity: anomaly.severity }));
  const slow = shades((kind) => LATENCY.has(kind));
  const volume = shades((kind) => kind === "surge" || kind === "drop");
  const failing = shades((kind) => kind === "errors");
  const related = new Set([one.service_name, ...(one.own_time?.service_names ?? [])]);
  const marks: Mark[] = report.releases
    .filter((release) => related.has(release.service_name))
    .map((release) => ({ minute: release.minute, label: `${release.service_name} ${release.service_version}` }));
  const only = (values: Values, spans: Shade[]): Values =>
    values.map((value, at) => (spans.some((span) => inside(drawn.minutes[at] ?? 0, span)) ? value : null));
  const line = (values: Values, stroke: string, width: number, dash?: number[]): Line => ({ values, stroke, width, ...(dash ? { dash } : {}) });
  return {
    marks,
    latency: {
      label: latencyLabel(name, one, mine),
      lines: [
        line(drawn.middle, "accent", 1, [4, 3]),
        line(drawn.p50, "normal", 1),
        line(drawn.p95, "ink", 1.25),
        line(only(drawn.p95, slow), "critical", 2),
      ],
      band: one.lower ? { lower: drawn.lower, upper: drawn.upper } : undefined,
      shades: slow,
    },
    calls: {
      label: `Calls of ${name} per minute. The table holds the numbers.`,
      lines: [line(drawn.calls, "ink", 1.25), line(only(drawn.calls, volume), "critical", 2)],
      band: one.calls_lower ? { lower: drawn.callsLower, upper: drawn.callsUpper } : undefined,
      shades: volume,
    },
    errors: {
      label: `Share of calls of ${name} that failed, per minute. The table holds the numbers.`,
      lines: [line(drawn.errors, "ink", 1.25), line(only(drawn.errors, failing), "critical", 2)],
      band: undefined,
      shades: failing,
    },
  };
}

function inside(minute: number, span: Shade): boolean {
  return minute >= span.first && minute < span.last;
}

function latencyLabel(name: string, one: OperationSeries, anomalies: AnomalyView[]): string {
  const news = anomalies.filter((anomaly) => LATENCY.has(anomaly.kind));
  const told = news.length ? `Outside its expected range: ${news.map((anomaly) => anomaly.why).join(" ")}` : "Inside its expected range.";
  return `Durations of ${name} per minute, 95th percentile and median${one.band ? ", with the expected range" : ""}. ${one.band ? told : ""} Arrow keys move along it.`;
}

function Legend({ one }: { one: OperationSeries }) {
  return (
    <ul class="legend">
      <li>
        <i class="key ink" /> p95
      </li>
      <li>
        <i class="key median" /> median
      </li>
      {one.band && (
        <>
          <li>
            <i class="key forecast" /> forecast of {one.band === "p95" ? "p95" : "the median"}
          </li>
          <li>
            <i class="key band" /> 98 % range
          </li>
        </>
      )}
      <li>
        <i class="key hatch" /> anomalous
      </li>
      <li>
        <i class="key release" /> release first seen
      </li>
    </ul>
  );
}

interface ReadoutProps {
  drawn: Drawn;
  at: number | null;
  report: Document;
  one: OperationSeries;
}

function Readout({ drawn, at, report, one }: ReadoutProps) {
  const minute = at === null ? undefined : drawn.minutes[at];
  if (at === null || minute === undefined) {
    return <p class="readout quiet">Drag to zoom, double-click for all. ← → move along the chart.</p>;
  }
  const releases = report.releases.filter((release) => release.minute === minute);
  const seen = drawn.calls[at] != null;
  const future = minute >= report.start_minute + report.cutoff;
  return (
    <p class="readout" aria-live="polite">
      <b>{moment(minute)}</b>
      {seen ? (
        <>
          <span>p95 {duration(drawn.p95[at] ?? null)}</span>
          <span>median {duration(drawn.p50[at] ?? null)}</span>
        </>
      ) : (
        <span>{future ? "forecast" : "not observed"}</span>
      )}
      {one.lower && <span>expected {durations(drawn.lower[at] ?? null, drawn.upper[at] ?? null)}</span>}
      {seen && <span>{number(drawn.calls[at] ?? null, 4)} calls</span>}
      {seen && <span>{percent(drawn.errors[at] ?? null)} errors</span>}
      {releases.map((release) => (
        <span key={release.service_name}>
          {release.service_name} {release.service_version} first seen
        </span>
      ))}
    </p>
  );
}

function MinuteTable({ drawn }: { drawn: Drawn }) {
  const [first, last] = range.value ?? [-Infinity, Infinity];
  const rows = drawn.minutes.map((minute, at) => [minute, at] as const).filter(([minute]) => minute >= first && minute <= last);
  const shown = rows.slice(0, MOST_TABLE_ROWS);
  return (
    <>
      <Scroll label="Durations per minute as a table">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">Minute (UTC)</th>
              <th scope="col" class="n">p95</th>
              <th scope="col" class="n">Median</th>
              <th scope="col" class="n">Forecast</th>
              <th scope="col" class="n">98 % range</th>
              <th scope="col" class="n">Calls</th>
              <th scope="col" class="n">Errors</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(([minute, at]) => (
              <tr key={minute}>
                <th scope="row">{at === 0 || minute % 1440 === 0 ? moment(minute) : clock(minute)}</th>
                <td class="n">{duration(drawn.p95[at] ?? null)}</td>
                <td class="n">{duration(drawn.p50[at] ?? null)}</td>
                <td class="n">{duration(drawn.middle[at] ?? null)}</td>
                <td class="n">{durations(drawn.lower[at] ?? null, drawn.upper[at] ?? null)}</td>
                <td class="n">{number(drawn.calls[at] ?? null, 4)}</td>
                <td class="n">{percent(drawn.errors[at] ?? null)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > shown.length && (
        <p class="quiet">
          {shown.length} of {rows.length} minutes: zoom in on the chart to choose others.
        </p>
      )}
    </>
  );
}
