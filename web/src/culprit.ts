// Whom an incident points at: the one service that is drawn in the colour of news.
import type { Document, IncidentView, OperationSeries } from "./document";

/** The likeliest cause, where it is a service's fault at all; "" for load and for causes unknown. */
export function culpritOf(incident: IncidentView): string {
  const cause = incident.causes[0];
  return !cause || cause.kind === "load" || cause.kind === "unknown" ? "" : cause.service_name;
}

/** The culprit of the worst incident that this operation is part of. */
export function culpritFor(report: Document, one: OperationSeries): string {
  const name = `${one.service_name} ${one.span_name}`;
  const touched = report.incidents.filter(
    (incident) =>
      incident.entry === name ||
      incident.anomalies.some((anomaly) => anomaly.service_name === one.service_name && anomaly.span_name === one.span_name),
  );
  return touched.map(culpritOf).find((culprit) => culprit) ?? "";
}
