from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.api.real import PATIENCE_SECONDS, free_port, program, served

from tracetune.sinks.dashboards import files

OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


def test_openmetrics_is_what_its_own_parser_takes(client: TestClient) -> None:
    answer = client.get("/metrics", headers=OPENMETRICS)

    parsed = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    names = {family.name for family in parsed}
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert {"tracetune_latency_seconds", "tracetune_anomaly_score", "tracetune_spans_received"} <= names


def test_promtool_has_nothing_to_say_against_the_text(client: TestClient) -> None:
    try:
        checked = subprocess.run(
            ["promtool", "check", "metrics"],  # noqa: S607 - Debian's
            input=client.get("/metrics").content,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("promtool is not installed")

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_prometheus_scrapes_it_and_takes_the_rules(app: FastAPI, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "tracetune.rules.yml").write_text(files()["prometheus/tracetune.rules.yml"])
    with served(app) as url:
        host = url.removeprefix("http://")
        (tmp_path / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}\nrule_files: [tracetune.rules.yml]\n"
            f'scrape_configs: [{{job_name: tracetune, static_configs: [{{targets: ["{host}"]}}]}}]\n'
        )
        command = [
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]
        with program(command, f"http://127.0.0.1:{port}/-/ready", tmp_path):
            address = f"http://127.0.0.1:{port}/api/v1"
            latency = _eventually(f"{address}/query", 'tracetune_latency_seconds{service="payments",quantile="0.95"}')
            ratio = _eventually(f"{address}/query", "service:tracetune_latency_over_expected:ratio")
            targets = _get(f"{address}/targets")["activeTargets"]

    assert 0.05 < float(latency[0]["value"][1]) < 0.5
    assert {each["metric"]["service"] for each in ratio} >= {"payments", "frontend"}
    assert [(each["health"], each["lastError"]) for each in targets] == [("up", "")]


def _eventually(url: str, query: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := _get(f"{url}?{urllib.parse.urlencode({'query': query})}")["result"]):
        assert time.monotonic() < deadline, query
        time.sleep(0.05)  # Prometheus tells nobody when it has scraped
    return found


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
        return json.load(answer)["data"]
