// The server's answers as the shared components take them: times as minutes, columns as one series, an incident as a whole.
import type { AdviceView, AnomalyView, CauseView, IncidentView, Release, ServiceMap, Severity, Spread } from "../document";
import type { Axis, MinuteSeries, Track, Values } from "../series";
import type { components } from "./api";
import { minuteOf } from "./instants";

type Schemas = components["schemas"];
export type Status = Schemas["Status"];
export type Overview = Schemas["Overview"];
export type IncidentItem = Schemas["IncidentItem"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type AnomalyItem = Schemas["AnomalyItem"];
export type ServiceItem = Schemas["ServiceItem"];
export type ServiceDetail = Schemas["ServiceDetail"];
export type OperationItem = Schemas["OperationItem"];
export type SeriesAnswer = Schemas["SeriesAnswer"];
export type GraphAnswer = Schemas["GraphAnswer"];
export type Strips = Schemas["Strips"];
export type PathItem = Schemas["PathItem"];
export type ReleaseItem = Schemas["ReleaseItem"];

export function severityOf(text: string): Severity {
  return text === "critical" || text === "warning" || text === "minor" ? text : "";
}

export function anomalyView(item: AnomalyItem): AnomalyView {
  return {
    ...item,
    kind: item.kind as AnomalyView["kind"],
    severity: severityOf(item.severity),
    onset: minuteOf(item.onset) ?? 0,
    end: minuteOf(item.end),
  };
}

export function releaseView(item: ReleaseItem): Release {
  return { minute: minuteOf(item.time) ?? 0, service_name: item.service_name, service_version: item.service_version };
}

export function incidentView(detail: IncidentDetail): IncidentView {
  const { incident } = detail;
  return {
    id: incident.id,
    headline: incident.headline,
    kind: incident.kind as IncidentView["kind"],
    severity: severityOf(incident.severity),
    onset: minuteOf(incident.onset) ?? 0,
    end: minuteOf(incident.end),
    services: incident.services,
    anomalies: incident.anomalies.map(anomalyView),
    entry: incident.entry,
    usual_seconds: detail.usual_seconds,
    now_seconds: detail.now_seconds,
    contributions: detail.contributions,
    causes: detail.causes as CauseView[],
    release: incident.release,
    slow: detail.slow as IncidentView["slow"],
    usual: detail.usual as IncidentView["usual"],
  };
}

/** Advice about one service before that about others, and something to do before something to keep. */
export function adviceViews(advice: Schemas["AdviceView"][], about = ""): AdviceView[] {
  // To leave a bad release comes first, also where it is gone already and is only not to come back.
  const deed = (one: AdviceView) => (one.action === "set" || one.knob === "rollback" ? 0 : one.action === "keep" ? 2 : 4);
  const rank = (one: AdviceView) => (one.target_service === about ? 0 : 1) + deed(one);
  return [...(advice as AdviceView[])].sort((a, b) => rank(a) - rank(b));
}

export function mapView(answer: GraphAnswer): ServiceMap {
  const nodes = answer.nodes.map((node) => ({ ...node, severity: severityOf(node.severity) }));
  return { ...answer, nodes, edges: answer.edges as ServiceMap["edges"] };
}

export function spreadView(answer: Strips): Spread | null {
  if (!answer.strips.length) return null;
  return {
    minutes_per_cell: answer.minutes_per_cell,
    service_names: answer.strips.map((strip) => strip.service_name),
    cells: answer.strips.map((strip) => strip.cells),
    by: answer.strips.map((strip) => strip.by),
  };
}

export interface SeriesAnswers {
  latency: SeriesAnswer;
  median: SeriesAnswer | null; // where latency is another quantile
  calls: SeriesAnswer;
  errors: SeriesAnswer;
}

export function seriesView({ latency, median, calls, errors }: SeriesAnswers): MinuteSeries {
  const quantile = latency.quantile === "p50" ? "p50" : "p95";
  const main = trackOf(latency);
  const aligned = median && median.time.length === latency.time.length && median.time.every((at, row) => at === latency.time[row]);
  const failed = errors.value.some((ratio) => ratio !== null && ratio > 0);
  return {
    service_name: latency.service_name,
    span_name: latency.span_name,
    quantile,
    band: main.expected ? quantile : "",
    latency: main,
    median: aligned ? median.value : null,
    calls: trackOf(calls),
    errors: failed ? trackOf(errors) : null,
  };
}

function trackOf(answer: SeriesAnswer): Track {
  const { lower, middle, upper } = answer;
  return {
    minutes: answer.time.map((seconds) => Math.round(seconds / 60)),
    value: answer.value,
    expected: lower && middle && upper ? { lower: lower as Values, middle: middle as Values, upper: upper as Values } : null,
  };
}

/** From the beginning of what was asked to the end of the forecast. */
export function axisOf(series: MinuteSeries, answer: SeriesAnswer, asked: { start: string; end: string }): Axis {
  const first = minuteOf(asked.start) ?? series.latency.minutes[0] ?? 0;
  const last = series.latency.minutes[series.latency.minutes.length - 1] ?? first;
  return { start: first, cutoff: Math.round(answer.future_from / 60), end: Math.max(last + 1, minuteOf(asked.end) ?? 0) };
}
