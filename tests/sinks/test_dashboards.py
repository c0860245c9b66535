from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.conftest import local_client

from tracetune.api.app import create_app
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis
from tracetune.sinks.dashboards import files

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"\btracetune_[a-z0-9_]+")


def _dashboards() -> dict[str, Any]:
    return {name: json.loads(text) for name, text in files().items() if name.endswith(".json")}


def _queries() -> list[str]:
    targets = [t["expr"] for d in _dashboards().values() for panel in d["panels"] for t in panel["targets"]]
    variables = [v["definition"] for d in _dashboards().values() for v in d["templating"]["list"] if "definition" in v]
    groups = yaml.safe_load(files()["prometheus/tracetune.rules.yml"])["groups"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    return [*targets, *variables, *rules]


def test_the_committed_files_equal_the_code() -> None:
    for name, text in files().items():
        assert (ROOT / "deploy" / name).read_text("utf-8") == text, "run: make docs"


def test_every_metric_that_is_used_is_exposed(shop: Analysis) -> None:
    exposed = set(_NAME.findall(local_client(create_app(fixed(shop))).get("/metrics").text))
    used = {name for query in _queries() for name in _NAME.findall(query)}

    assert used - exposed == set()
    assert len(used) > 15


def test_panels_have_their_own_places_and_ids() -> None:
    for dashboard in _dashboards().values():
        panels = dashboard["panels"]
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in panels)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]

        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
        assert len({panel["id"] for panel in panels}) == len(panels)


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    (tmp_path / "tracetune.rules.yml").write_text(files()["prometheus/tracetune.rules.yml"])

    checked = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", "tracetune.rules.yml"],  # noqa: S607 - Debian's
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "6 rules found" in checked.stdout


RULE_TEST = """
rule_files: [tracetune.rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'tracetune_incident_open{service="payments", cause="payments", severity="critical"}', values: '0x4 1x5 _x10'}
      - {series: 'tracetune_closed_minute_timestamp_seconds', values: '0x60'}
    alert_rule_test:
      - {eval_time: 4m, alertname: TracetuneIncident, exp_alerts: []}
      - eval_time: 6m
        alertname: TracetuneIncident
        exp_alerts:
          - exp_labels: {service: payments, cause: payments, severity: critical}
            exp_annotations:
              summary: "payments departs from its forecast; payments is blamed"
              description: "Run tracetune anomalies, or open the incident in tracetune."
      - {eval_time: 20m, alertname: TracetuneIncident, exp_alerts: []}
"""


def test_the_incident_rule_fires_and_resolves_in_promtools_own_test(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    (tmp_path / "tracetune.rules.yml").write_text(files()["prometheus/tracetune.rules.yml"])
    (tmp_path / "test.yml").write_text(RULE_TEST)

    tested = subprocess.run(
        ["promtool", "test", "rules", "test.yml"],  # noqa: S607 - Debian's
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr
