"""Grafana dashboards and Prometheus rules over the server's own metrics, as files to provision.

They are files, not calls of Grafana's API, which changes between versions; each uses only names that /metrics has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

SCHEMA_VERSION = 39  # Grafana 11; later versions migrate it by themselves
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def files() -> Mapping[str, str]:
    """Every file by its name."""
    return {
        "grafana/tracetune-overview.json": _text(_overview()),
        "grafana/tracetune-service.json": _text(_service()),
        "grafana/tracetune-process.json": _text(_process()),
        "prometheus/tracetune.rules.yml": RULES,
    }


def _text(dashboard: Json) -> str:
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _overview() -> Json:
    return _dashboard(
        "tracetune-overview",
        "tracetune: overview",
        [
            _stat("Incidents that go on", "tracetune_incidents_open"),
            _stat("Services with an anomaly", "count(max by (service) (tracetune_anomaly_score) > 1) or vector(0)"),
            _stat("Seconds behind", "time() - tracetune_closed_minute_timestamp_seconds", unit="s"),
            _table("Incidents", "tracetune_incident_open"),
            _lines(
                "Worst anomaly score by service; above 1 is anomalous",
                "topk(10, max by (service) (tracetune_anomaly_score))",
                "{{service}}",
            ),
            _lines(
                "p95 over its expected upper bound",
                'topk(10, max by (service, operation) (tracetune_latency_seconds{quantile="0.95"}) '
                '/ max by (service, operation) (tracetune_latency_expected_seconds{percentile="p95", bound="upper"}))',
                "{{service}} {{operation}}",
            ),
            _lines("Calls a minute", "topk(10, sum by (service) (tracetune_calls))", "{{service}}"),
            _lines(
                "Replicas advised, less those there are",
                "tracetune_replicas_advised - on (service) tracetune_replicas",
                "{{service}}",
            ),
        ],
    )


def _service() -> Json:
    pick = 'service="$service", operation="$operation"'
    return _dashboard(
        "tracetune-service",
        "tracetune: service",
        [
            _band(
                "Latency p95 and what was expected of it",
                f'tracetune_latency_seconds{{{pick}, quantile="0.95"}}',
                f'tracetune_latency_expected_seconds{{{pick}, percentile="p95", bound="%s"}}',
                "s",
            ),
            _band("Calls a minute", f"tracetune_calls{{{pick}}}", f'tracetune_calls_expected{{{pick}, bound="%s"}}', "short"),
            _lines("Share of calls that failed", f"tracetune_error_ratio{{{pick}}}", "failed", unit="percentunit"),
            _lines("Anomaly score", 'tracetune_anomaly_score{service="$service"}', "{{metric}}"),
            _heatmap("Durations in the last minute", 'sum by (le) (tracetune_call_duration_seconds_bucket{service="$service"})'),
            _lines(
                "Replicas",
                'label_replace(tracetune_replicas{service="$service"}, "what", "seen", "", "") or '
                'label_replace(tracetune_replicas_advised{service="$service"}, "what", "advised", "", "")',
                "{{what}}",
            ),
            _stat("Minutes inside the 98 % band", 'tracetune_model_coverage_ratio{service="$service"}', unit="percentunit"),
        ],
        [_variable("service", "label_values(tracetune_calls, service)"),
         _variable("operation", 'label_values(tracetune_calls{service="$service"}, operation)')],
    )  # fmt: skip


def _process() -> Json:
    return _dashboard(
        "tracetune-process",
        "tracetune: the process",
        [
            _lines(
                "Spans received a second", "sum by (source) (rate(tracetune_spans_received_total[5m]))", "{{source}}"
            ),
            _lines(
                "Spans left out or noted, a second",
                "sum by (reason) (rate(tracetune_spans_dropped_total[5m]))",
                "{{reason}}",
            ),
            _lines("Spans waiting for their traces", "tracetune_held_spans", "held"),
            _lines("From the minute's end to its publication", "tracetune_lag_seconds", "lag", unit="s"),
            _lines("Acknowledged, not yet in a stored minute", "tracetune_journal_bytes", "journal", unit="bytes"),
            _lines(
                "Alerts a minute",
                "60 * sum by (channel, outcome) (rate(tracetune_alerts_total[5m]))",
                "{{channel}} {{outcome}}",
            ),
            _table("Versions", "tracetune_build_info"),
        ],
    )


def _dashboard(uid: str, title: str, panels: list[Json], variables: list[Json] | None = None) -> Json:
    """Panels two a row, in their order; the small ones four a row."""
    x = y = 0
    for number, panel in enumerate(panels, 1):
        small = panel["type"] == "stat"
        width, height = (6, 4) if small else (12, 8)
        if x + width > 24:
            x, y = 0, y + height
        panel |= {"id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}, "datasource": _SOURCE}
        x += width
        if (not small and x >= 24) or (small and not (number < len(panels) and panels[number]["type"] == "stat")):
            x, y = 0, y + height
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": uid,
        "title": title,
        "tags": ["tracetune"],
        "timezone": "utc",
        "editable": True,
        "schemaVersion": SCHEMA_VERSION,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [source, *(variables or [])]},
        "panels": panels,
    }


def _variable(name: str, query: str) -> Json:
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
    }


def _target(query: str, legend: str, ref: str = "A", **more: Any) -> Json:  # noqa: ANN401 - JSON
    return {"refId": ref, "expr": query, "legendFormat": legend, "datasource": _SOURCE, **more}


def _panel(kind: str, title: str, unit: str, targets: list[Json]) -> Json:
    defaults = {"unit": unit, "color": {"mode": "palette-classic"}}
    return {"type": kind, "title": title, "fieldConfig": {"defaults": defaults, "overrides": []}, "targets": targets}


def _lines(title: str, query: str, legend: str, *, unit: str = "short") -> Json:
    return _panel("timeseries", title, unit, [_target(query, legend)])


def _stat(title: str, query: str, *, unit: str = "short") -> Json:
    return _panel("stat", title, unit, [_target(query, "", instant=True)])


def _table(title: str, query: str) -> Json:
    return _panel("table", title, "short", [_target(query, "", instant=True, format="table")])


def _heatmap(title: str, query: str) -> Json:
    return _panel("heatmap", title, "s", [_target(query, "{{le}}", format="heatmap", exemplar=True)])


def _band(title: str, measured: str, expected: str, unit: str) -> Json:
    """The measured line over the expected range: the upper bound is filled down to the lower one."""
    bounds = [_target(expected % bound, bound, ref) for ref, bound in (("B", "lower"), ("C", "upper"), ("D", "mid"))]
    panel = _panel("timeseries", title, unit, [_target(measured, "measured", exemplar=True), *bounds])

    def look(name: str, **custom: Any) -> Json:  # noqa: ANN401 - JSON
        properties = [{"id": f"custom.{each}", "value": value} for each, value in custom.items()]
        blue = {"id": "color", "value": {"mode": "fixed", "fixedColor": "blue"}}
        return {"matcher": {"id": "byName", "options": name}, "properties": [*properties, blue]}

    panel["fieldConfig"]["overrides"] = [
        look("lower", lineWidth=0),
        look("upper", lineWidth=0, fillBelowTo="lower", fillOpacity=15),
        look("mid", lineWidth=1, lineStyle={"fill": "dash"}),
    ]
    return panel


RULES = """\
# Alerts for those who prefer Prometheus rules to tracetune's own Alertmanager client; use one of the two.
# Anomalies alone do not page: only an incident does, by its severity.
groups:
  - name: tracetune
    rules:
      - alert: TracetuneIncident
        expr: sum by (service, cause, severity) (tracetune_incident_open) > 0
        labels:
          severity: "{{ $labels.severity }}"
        annotations:
          summary: "{{ $labels.service }} departs from its forecast{{ if $labels.cause }}; {{ $labels.cause }} is blamed{{ end }}"
          description: "Run tracetune anomalies, or open the incident in tracetune."
      - alert: TracetuneAway
        expr: absent(tracetune_closed_minute_timestamp_seconds)
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: "No metrics of tracetune were scraped for 5 minutes"
          description: "Look whether the process runs and Prometheus may ask it."
      - alert: TracetuneBehind
        expr: time() - tracetune_closed_minute_timestamp_seconds > 600
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: "tracetune has closed no minute for {{ $value | humanizeDuration }}"
          description: "Look whether spans arrive: tracetune doctor --endpoint, and the dashboard of the process."
      - alert: TracetuneDropsSpans
        expr: >-
          sum(rate(tracetune_spans_dropped_total{reason=~"malformed|no_trace_id|no_span_id|no_time|time_out_of_range|negative_duration"}[10m]))
          > 0.01 * sum(rate(tracetune_spans_received_total[10m]))
        for: 10m
        labels:
          severity: warning
        annotations:
          summary: "{{ $value | humanize }} spans a second cannot be used"
          description: "The page Data names the reason and the remedy."
      - alert: TracetuneAlertsFail
        expr: sum by (channel) (increase(tracetune_alerts_total{outcome="failed"}[10m])) > 5
        labels:
          severity: warning
        annotations:
          summary: "tracetune cannot reach {{ $labels.channel }}"
          description: "GET /api/v1/alerts says why."
  - name: tracetune.recorded
    rules:
      - record: service:tracetune_latency_over_expected:ratio
        expr: >-
          max by (service) (max by (service, operation) (tracetune_latency_seconds{quantile="0.95"})
          / max by (service, operation) (tracetune_latency_expected_seconds{percentile="p95", bound="upper"}))
"""
