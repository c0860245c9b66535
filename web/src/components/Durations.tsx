// One operation minute by minute: durations with what was expected of them, calls and errors below on the same clock.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { AnomalyView, Document, Release } from "../document";
import { axisOf } from "../document";
import { clock, duration, durations, durationTicks, moment, number, percent, shortCount } from "../format";
import { type Axis, type MinuteSeries, type Track, unpack, valueAt, type Values } from "../series";
import { range, selected } from "../state";
import { OperationSelect } from "./OperationSelect";
import { Empty, Panel, Scroll } from "./Panel";
import { type Line, TimeChart } from "./TimeChart";
import type { Dot, Mark, Shade } from "./timeMarks";

const MOST_TABLE_ROWS = 240;
const LATENCY = new Set(["slower", "load"]);

/** The charts of the report's selected operation. */
export function Durations({ report }: { report: Document }) {
  const one = report.series[selected.value];
  const axis = useMemo(() => axisOf(report), [report]);
  const series = useMemo(() => (one ? unpack(one, axis) : null), [one, axis]);
  const anomalies = useMemo(() => (one ? anomaliesOf(report, one.service_name, one.span_name) : []), [report, one]);
  const releases = useMemo(() => {
    const related = new Set([one?.service_name, ...(one?.own_time?.service_names ?? [])]);
    return report.releases.filter((release) => related.has(release.service_name));
  }, [report, one]);
  if (!series) {
    return (
      <Panel id="durations" title="Durations per minute">
        <Empty>No operation was seen. Give a file with spans; “tracetune doctor FILE” says what is in it.</Empty>
      </Panel>
    );
  }
  const select = <OperationSelect series={report.series} id="durations-operation" />;
  return <DurationCharts title="Durations per minute" series={series} axis={axis} anomalies={anomalies} releases={releases} actions={select} />;
}

function anomaliesOf(report: Document, service: string, span: string): AnomalyView[] {
  return report.incidents
    .flatMap((incident) => incident.anomalies)
    .filter((anomaly) => anomaly.service_name === service && anomaly.span_name === span);
}

interface Props {
  title: string;
  series: MinuteSeries;
  axis: Axis;
  anomalies: AnomalyView[];
  releases: Release[];
  dots?: Dot[]; // single traces, at their minute and duration
  actions?: ComponentChildren;
  note?: string; // why there is no expected range
}

const NO_DOTS: Dot[] = [];

export function DurationCharts({ title, series, axis, anomalies, releases, dots = NO_DOTS, actions, note }: Props) {
  const [minute, point] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const charts = useMemo(() => chartsOf(series, axis, anomalies, releases, dots), [series, axis, anomalies, releases, dots]);
  const common = { axis, onCursor: point };
  const controls = (
    <>
      {actions}
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
    <Panel id="durations" title={title} actions={controls}>
      <Legend series={series} dots={dots.length > 0} />
      <Readout series={series} minute={minute} axis={axis} releases={releases} />
      {table ? (
        <MinuteTable series={series} />
      ) : (
        <>
          <TimeChart {...common} {...charts.latency} height={290} ticks={durationTicks} />
          <div class="pair small">
            <div>
              <h3>
                Calls <span class="note">per minute</span>
              </h3>
              <TimeChart {...common} {...charts.calls} height={120} ticks={(values) => values.map(shortCount)} />
            </div>
            <div>
              <h3>
                Errors <span class="note">% of calls</span>
              </h3>
              {charts.errors ? (
                <TimeChart {...common} {...charts.errors} height={120} ticks={(values) => values.map((value) => percent(value))} />
              ) : (
                <Empty>No call failed.</Empty>
              )}
            </div>
          </div>
        </>
      )}
      {!series.band && <p class="quiet">{note || "No expected range for this operation: too little history."}</p>}
    </Panel>
  );
}

const NO_MARKS: Mark[] = [];

function chartsOf(series: MinuteSeries, axis: Axis, anomalies: AnomalyView[], releases: Release[], dots: Dot[]) {
  const name = `${series.service_name} ${series.span_name}`.trim();
  const shades = (wanted: (kind: AnomalyView["kind"]) => boolean): Shade[] =>
    anomalies
      .filter((anomaly) => wanted(anomaly.kind))
      .map((anomaly) => ({ first: anomaly.onset, last: anomaly.end ?? axis.cutoff, severity: anomaly.severity }));
  const slow = shades((kind) => LATENCY.has(kind));
  const volume = shades((kind) => kind === "surge" || kind === "drop" || kind === "mix");
  const failing = shades((kind) => kind === "errors");
  const marks: Mark[] = releases.map((release) => ({ minute: release.minute, label: `${release.service_name} ${release.service_version}` }));
  const line = (values: Values, stroke: string, width: number, dash?: number[]): Line => ({ values, stroke, width, ...(dash ? { dash } : {}) });
  const chart = (track: Track, spans: Shade[]) => ({
    minutes: track.minutes,
    lines: [line(track.value, "ink", 1.25), line(within(track, spans), "critical", 2)],
    band: track.expected ?? undefined,
    shades: spans,
    marks: NO_MARKS,
    dots: NO_DOTS,
  });
  const latency = chart(series.latency, slow);
  const forecast = series.latency.expected ? [line(series.latency.expected.middle, "accent", 1, [4, 3])] : [];
  const median = series.median ? [line(series.median, "normal", 1)] : [];
  return {
    latency: { ...latency, label: latencyLabel(name, series, anomalies), lines: [...forecast, ...median, ...latency.lines], marks, dots },
    calls: { ...chart(series.calls, volume), label: `Calls of ${name} per minute. The table holds the numbers.` },
    errors: series.errors && {
      ...chart(series.errors, failing),
      label: `Share of calls of ${name} that failed, per minute. The table holds the numbers.`,
    },
  };
}

/** The values inside the spans: the thick line of what is news. */
function within(track: Track, spans: Shade[]): Values {
  return track.value.map((value, at) => (spans.some((span) => inside(track.minutes[at] ?? 0, span)) ? value : null));
}

function inside(minute: number, span: Shade): boolean {
  return minute >= span.first && minute < span.last;
}

function latencyLabel(name: string, series: MinuteSeries, anomalies: AnomalyView[]): string {
  const news = anomalies.filter((anomaly) => LATENCY.has(anomaly.kind));
  const told = news.length ? `Outside its expected range: ${news.map((anomaly) => anomaly.why).join(" ")}` : "Inside its expected range.";
  return `Durations of ${name} per minute, ${series.quantile === "p95" ? "95th percentile" : "median"}${series.median ? " and median" : ""}${series.band ? ", with the expected range" : ""}. ${series.band ? told : ""} Arrow keys move along it.`;
}

function Legend({ series, dots }: { series: MinuteSeries; dots: boolean }) {
  return (
    <ul class="legend">
      <li>
        <i class="key ink" /> {QUANTILES[series.quantile]}
      </li>
      {series.median && (
        <li>
          <i class="key median" /> median
        </li>
      )}
      {series.band && (
        <>
          <li>
            <i class="key forecast" /> forecast of {QUANTILES[series.band]}
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
      {dots && (
        <li>
          <i class="key dot" /> slow trace
        </li>
      )}
    </ul>
  );
}

const QUANTILES = { p95: "p95", p50: "the median" };

interface ReadoutProps {
  series: MinuteSeries;
  minute: number | null;
  axis: Axis;
  releases: Release[];
}

function Readout({ series, minute, axis, releases }: ReadoutProps) {
  if (minute === null) {
    return <p class="readout quiet">Drag to zoom, double-click for all. ← → move along the chart.</p>;
  }
  const { latency, median } = series;
  const at = latency.minutes.indexOf(minute);
  const calls = valueAt(series.calls, minute);
  const seen = calls !== null || (latency.value[at] ?? null) !== null;
  return (
    <p class="readout" aria-live="polite">
      <b>{moment(minute)}</b>
      {seen && at >= 0 && (
        <span>
          {series.quantile === "p95" ? "p95" : "median"} {duration(latency.value[at] ?? null)}
        </span>
      )}
      {seen && at >= 0 && median && <span>median {duration(median[at] ?? null)}</span>}
      {!seen && <span>{minute >= axis.cutoff ? "forecast" : "not observed"}</span>}
      {latency.expected && at >= 0 && <span>expected {durations(latency.expected.lower[at] ?? null, latency.expected.upper[at] ?? null)}</span>}
      {calls !== null && <span>{number(calls, 4)} calls</span>}
      {calls !== null && <span>{percent(errorsAt(series, minute))} errors</span>}
      {releases
        .filter((release) => release.minute === minute)
        .map((release) => (
          <span key={release.service_name}>
            {release.service_name} {release.service_version} first seen
          </span>
        ))}
    </p>
  );
}

function MinuteTable({ series }: { series: MinuteSeries }) {
  const [first, last] = range.value ?? [-Infinity, Infinity];
  const { latency, median } = series;
  const rows = latency.minutes.map((minute, at) => [minute, at] as const).filter(([minute]) => minute >= first && minute <= last);
  const shown = rows.slice(0, MOST_TABLE_ROWS);
  return (
    <>
      <Scroll label="Durations per minute as a table">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">Minute (UTC)</th>
              <th scope="col" class="n">{series.quantile === "p95" ? "p95" : "Median"}</th>
              {median && <th scope="col" class="n">Median</th>}
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
                <td class="n">{duration(latency.value[at] ?? null)}</td>
                {median && <td class="n">{duration(median[at] ?? null)}</td>}
                <td class="n">{duration(latency.expected?.middle[at] ?? null)}</td>
                <td class="n">{durations(latency.expected?.lower[at] ?? null, latency.expected?.upper[at] ?? null)}</td>
                <td class="n">{number(valueAt(series.calls, minute), 4)}</td>
                <td class="n">{percent(errorsAt(series, minute))}</td>
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

/** Where no call of the series failed there is no track of errors, but there were calls. */
function errorsAt(series: MinuteSeries, minute: number): number | null {
  if (series.errors) return valueAt(series.errors, minute);
  return valueAt(series.calls, minute) ? 0 : null;
}
