// The courses of an incident's operations below each other on one clock, the cause first: who was late first is seen at once.
import { useMemo } from "preact/hooks";
import type { AnomalyView, IncidentView } from "../document";
import { durationTicks, number, percent, shortCount } from "../format";
import { apiAddress, useAnswer } from "../live/answers";
import { rfc3339 } from "../live/instants";
import type { SeriesAnswer } from "../live/views";
import { Panel } from "./Panel";
import { type Line, TimeChart } from "./TimeChart";

const MOST = 6;
const BEFORE = 45; // minutes shown before the first onset
const AFTER = 20;

interface Props {
  incident: IncidentView;
  title: string;
  end: number;
  hrefOf: (service: string) => string;
}

export function Strips({ incident, title, end, hrefOf }: Props) {
  const shown = incident.anomalies.slice(0, MOST);
  const axis = { start: incident.onset - BEFORE, cutoff: end + AFTER, end: end + AFTER };
  return (
    <Panel id="courses" title={title} note="each operation that departed, on one clock; blue: what was expected">
      <div class="courses">
        {shown.map((anomaly) => (
          <Strip key={`${anomaly.service_name} ${anomaly.span_name} ${anomaly.kind}`} anomaly={anomaly} axis={axis} hrefOf={hrefOf} />
        ))}
      </div>
      {incident.anomalies.length > shown.length && <p class="quiet">The first {shown.length} of {incident.anomalies.length}; all are in the list above.</p>}
    </Panel>
  );
}

const METRICS: Record<AnomalyView["kind"], string> = { slower: "latency", load: "latency", mix: "calls", errors: "errors", surge: "calls", drop: "calls" };
const UNITS: Record<string, string> = { latency: "p95", errors: "errors, % of calls", calls: "calls per minute" };
const TICKS: Record<string, (values: number[]) => string[]> = {
  latency: durationTicks,
  errors: (values) => values.map((value) => percent(value)),
  calls: (values) => values.map((value) => (value < 10_000 ? number(value) : shortCount(value))),
};

interface StripProps {
  anomaly: AnomalyView;
  axis: { start: number; cutoff: number; end: number };
  hrefOf: (service: string) => string;
}

const NOTHING = () => undefined;

function Strip({ anomaly, axis, hrefOf }: StripProps) {
  const metric = METRICS[anomaly.kind] ?? "latency";
  const address = apiAddress(`services/${encodeURIComponent(anomaly.service_name)}/series`, {
    from: rfc3339(axis.start),
    to: rfc3339(axis.end),
    metric,
    q: metric === "latency" ? (anomaly.why.startsWith("median") ? "p50" : "p95") : "",
    op: anomaly.span_name,
  });
  const { data } = useAnswer<SeriesAnswer>(address);
  const chart = useMemo(() => (data ? drawn(data, anomaly, axis) : null), [data, anomaly.onset, anomaly.end]);
  return (
    <div class="course">
      <h3>
        <a href={hrefOf(anomaly.service_name)}>{anomaly.service_name}</a> {anomaly.span_name}{" "}
        <span class="note">{metric === "latency" && anomaly.why.startsWith("median") ? "median" : UNITS[metric]}</span>
      </h3>
      {chart ? <TimeChart {...chart} axis={axis} height={104} ticks={TICKS[metric] ?? durationTicks} onCursor={NOTHING} /> : <div class="chart-place" />}
    </div>
  );
}

function drawn(data: SeriesAnswer, anomaly: AnomalyView, axis: { cutoff: number }) {
  const minutes = data.time.map((seconds) => Math.round(seconds / 60));
  const last = anomaly.end ?? axis.cutoff;
  const news = data.value.map((value, at) => (minutes[at]! >= anomaly.onset && minutes[at]! < last ? value : null));
  const lines: Line[] = [
    { values: data.value, stroke: "ink", width: 1.25 },
    { values: news, stroke: "critical", width: 2 },
  ];
  return {
    label: `${anomaly.service_name} ${anomaly.span_name}: ${anomaly.why}`,
    minutes,
    lines,
    band: data.lower && data.upper ? { lower: data.lower, upper: data.upper } : undefined,
    shades: [{ first: anomaly.onset, last, severity: anomaly.severity }],
    marks: data.releases.map((release) => ({ minute: Math.floor(Date.parse(release.time) / 60_000), label: `${release.service_name} ${release.service_version}` })),
    dots: [],
  };
}
