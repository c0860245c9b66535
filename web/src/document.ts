// What the page is given: the same names as src/tracetune/sinks/document.py, where each value is explained.
// Times are minutes since the Unix epoch, durations are seconds, ratios 0 to 1; null is "not known".

export interface Column {
  scale: "linear" | "log";
  origin: number;
  step: number;
  codes: string;
}

export type Severity = "" | "critical" | "warning" | "minor";

export interface Source {
  name: string;
  format: string;
  spans: number;
  bytes_read: number;
  error: string;
}

export interface Facts {
  traces: number;
  spans: number;
  services: number;
  start_seconds: number;
  end_seconds: number;
  missing_minutes: number;
  sources: Source[];
}

export type WaterfallRow = [
  service_name: string,
  span_name: string,
  depth: number,
  offset_seconds: number,
  duration_seconds: number,
  failed: boolean,
];

export interface Waterfall {
  trace_id: string;
  start_seconds: number;
  duration_seconds: number;
  rows: WaterfallRow[];
  hidden: number;
}

export interface AnomalyView {
  service_name: string;
  span_name: string;
  kind: "slower" | "load" | "errors" | "surge" | "drop" | "mix";
  severity: Severity;
  onset: number;
  end: number | null;
  score: number;
  observed: number | null;
  expected_lower: number | null;
  expected: number | null;
  expected_upper: number | null;
  calls: number;
  why: string;
}

export interface ContributionView {
  service_name: string;
  usual_seconds: number | null;
  now_seconds: number | null;
  share_of_rise: number | null;
  of_the_rise: string; // the share in words
}

export interface CauseView {
  service_name: string;
  span_name: string;
  kind: "own_time" | "gap" | "errors" | "load" | "unknown";
  confidence: number | null;
  evidence: string[];
  against: string[];
}

export interface IncidentView {
  id: string;
  headline: string;
  kind: AnomalyView["kind"];
  severity: Severity;
  onset: number;
  end: number | null;
  services: string[];
  anomalies: AnomalyView[];
  entry: string;
  usual_seconds: number | null;
  now_seconds: number | null;
  contributions: ContributionView[];
  causes: CauseView[];
  release: string;
  slow: Waterfall[];
  usual: Waterfall[];
}

export interface Release {
  minute: number;
  service_name: string;
  service_version: string;
}

export interface Distribution {
  first: number;
  usual: number[];
  unusual: number[];
}

export interface OwnTime {
  minutes_per_bin: number;
  service_names: string[];
  seconds: Column[];
  total_seconds: number[];
}

export interface OperationSeries {
  service_name: string;
  span_name: string;
  is_root: boolean;
  minutes: number[];
  p50: Column;
  p95: Column;
  band: "p95" | "p50" | "";
  lower: Column | null;
  middle: Column | null;
  upper: Column | null;
  calls: Column;
  calls_lower: Column | null;
  calls_upper: Column | null;
  error_ratio: Column | null;
  distribution: Distribution;
  own_time: OwnTime | null;
}

export interface Spread {
  minutes_per_cell: number;
  service_names: string[];
  cells: string[];
  by: string[]; // for each cell above its range which number departed most: m median, p p95, e errors; "" where none is
}

export interface OperationRow {
  service_name: string;
  span_name: string;
  calls: number;
  errors: number;
  p50: number | null;
  p95: number | null;
  impact_seconds: number;
  spark: Column;
  severity: Severity;
}

export interface MapNode {
  service_name: string;
  x: number;
  y: number;
  kind: string;
  severity: Severity;
  is_cause: boolean;
  calls: number;
  p95: number | null;
}

export interface MapEdge {
  client: string;
  server: string;
  calls: number;
  errors: number;
  on_slow_path: boolean;
  points: [number, number][];
}

export interface ServiceMap {
  width: number;
  height: number;
  node_width: number;
  node_height: number;
  nodes: MapNode[];
  edges: MapEdge[];
}

export interface AdviceView {
  target_service: string;
  peer: string;
  knob:
    | "replicas"
    | "timeout"
    | "retries"
    | "retry_budget"
    | "connection_pool"
    | "outlier_detection"
    | "concurrency_limit"
    | "cpu"
    | "memory"
    | "placement"
    | "sampling"
    | "rollback"
    | "instrumentation";
  action: "set" | "keep" | "cannot_say";
  unit: string;
  current: number | null;
  lower: number | null;
  target: number | null;
  upper: number | null;
  confidence: "high" | "medium" | "low";
  reasons: string[];
  unlock: string;
  effect: string;
  risk: string;
  details: Record<string, number>;
  is_minor: boolean;
  patch: string;
}

export interface FindingView {
  code: string;
  effect: "rejected" | "corrected" | "noted";
  meaning: string;
  remedy: string;
  count: number;
  total: number;
  where: string[];
  detail: string;
}

export interface VerdictView {
  metric: string;
  service_name: string;
  span_name: string;
  model: string;
  coverage: number | null;
  pinball_loss: number | null;
  event_f1: number | null;
  reason: string;
}

export interface WhatIfEndpoint {
  service_name: string;
  span_name: string;
  calls_per_second: number;
  now: number[];
}

export interface WhatIfService {
  service_name: string;
  replicas: number;
  calls_per_second: number;
  saturation_calls_per_second: number | null;
}

export interface WhatIfRefusal {
  reason: string;
  service_name: string;
  said: string;
  unlock: string;
  is_final: boolean;
}

export type WhatIfAnswer = [
  is_screened: boolean,
  sentence: string,
  latency: number[][] | null,
  busy: (number | null)[],
  refusals: number[],
];

export interface WhatIfs {
  service_name: string;
  present: number;
  advised: number;
  advice: number;
  reason: string;
  loads: number[];
  replicas: number[];
  endpoints: WhatIfEndpoint[];
  services: WhatIfService[];
  refusals: WhatIfRefusal[];
  answers: WhatIfAnswer[];
}

export interface Document {
  headline: string;
  severity: Severity;
  facts: Facts;
  start_minute: number;
  cutoff: number;
  length: number;
  incidents: IncidentView[];
  series: OperationSeries[];
  releases: Release[];
  spread: Spread | null;
  operations: OperationRow[];
  operation_count: number;
  map: ServiceMap;
  advice: AdviceView[];
  what_ifs: WhatIfs | null;
  findings: FindingView[];
  limits: string[];
  parameters: Record<string, string>;
  verdicts: VerdictView[];
  series_count: number;
}

/** The time axis of a report's charts. */
export function axisOf(report: Document): { start: number; cutoff: number; end: number } {
  const { start_minute: start, cutoff, length } = report;
  return { start, cutoff: start + cutoff, end: start + length };
}
