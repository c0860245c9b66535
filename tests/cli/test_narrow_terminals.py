"""Every table of the command line on narrow terminals and in pipes: numbers come whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from rich.console import Console, Group, RenderableType
from tests.proofs.test_plot import comparison
from tests.proofs.test_sentences import PLAIN
from tests.sinks.analysis_data import shop_analysis
from tests.tuning.queue_data import model

from tracetune.cli import clusters, model_views, output, proof_tables, server_tables, summary, tables, whatif_views
from tracetune.cli.fitted import FittedTable
from tracetune.domain.analysis import Analysis
from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesKey
from tracetune.domain.whatif import Played
from tracetune.domain.workloads import Autoscaler, Workload
from tracetune.proofs.pages import Score
from tracetune.proofs.power import Caught, OperationPower, Power
from tracetune.proofs.truth import Happening
from tracetune.settings import Entry
from tracetune.stores.models import ModelVersion
from tracetune.training import Change
from tracetune.tuning.whatifs.whatif import whatif

WIDTHS = (80, 100, 120)
KEY = SeriesKey("recommendation-service", "GET /api/v1/products/{id}/recommendations")
VERSION = ModelVersion(
    128, "2026-03-02T12:00:00Z", 1000, "abc",
    {
        "window": {"minutes": 705, "end": "2026-03-02T11:45:00Z"},
        "operations": 1204,
        "metrics": {"latency_p95": {"loss": 0.0834, "coverage": 0.981, "event_f1": 0.67}},
        "backend": "jax",
        "code_version": "0.1.0+3063fde",
    },
    ("production", "champion"),
)  # fmt: skip
VERDICT = Verdict(
    "lstm", {"lstm": 0.0821}, 0.981, "its loss is 30 % below that of the seasonal values", {"lstm": 0.671}
)
SERVICE = {
    "service_name": KEY.service_name,
    "severity": "critical",
    "state": "above its range",
    "is_cause": True,
    "calls_per_minute": 12_345.0,
    "error_ratio": 0.0123,
    "p50": 0.123,
    "p95": 0.456,
    "replicas": 12,
    "version": "2026.11.30-a1b2c3d",
    "course": [0.1, 0.2, 0.4],
}
OPERATION = {"span_name": KEY.span_name, "severity": "", "calls": 1_234_567, "errors": 12, "p50": 0.1, "p95": 0.45}
WORKLOAD = Workload(
    kind="Deployment", namespace="production", name="recommendation-service-v1", replicas=12, ready=11,
    services=("recommendation-service",), cpu_cores=0.25, memory_bytes=512 * 2**20, cpu_limit_cores=None,
    memory_limit_bytes=None, startup_seconds=12.5, pods=frozenset(),
    autoscaler=Autoscaler(name="recommendation-service", least=2, most=12, metrics=("cpu 80 %",)),
)  # fmt: skip


def _power() -> Power:
    caught = tuple(Caught(factor, (5, 6, 19), 120) for factor in (1.25, 1.5, 2.0, 3.0, 5.0, 10.0))
    each = OperationPower(KEY, 1204.0, caught)
    return Power(0, 720, 1440, 20, (800,), (each,), (each,))


def _backtest() -> RenderableType:
    score = Score((6, 125, None), 12)
    sides = (replace(side, score=score) for side in (PLAIN.tracetune, PLAIN.static))
    faults = tuple(Happening("errors", "cart", at, at + 20) for at in (800, 900, 1000))
    return proof_tables.backtest(replace(PLAIN, tracetune=next(sides), static=next(sides), happened=faults))


TABLES: dict[str, Callable[[Analysis], RenderableType]] = {
    "analyze": lambda found: summary.summary(found, None),
    "anomalies": summary.anomalies,
    "explain": lambda found: summary.explanations(found, found.incidents),
    "tune": lambda found: summary.advice(found.advice, everything=True),
    "tune --replay": lambda _: whatif_views.played([Played("the advice of tracetune, each minute", 1204, 98.5, 312)]),
    "whatif": lambda _: whatif_views.table(whatif(model(), 1.2, {"s3": 2})),
    "whatif refused": lambda _: whatif_views.table(whatif(model(), 3.0)),
    "doctor": lambda found: summary.doctor(found.ingested),
    "models": lambda _: model_views.learned([(Metric.LATENCY_P95, KEY, VERDICT)] * 3, ("a limit",)),
    "model list": lambda _: model_views.versions([VERSION, VERSION]),
    "train": lambda _: model_views.trained(VERSION, "promoted"),
    "model diff": lambda _: model_views.diff(
        VERSION, VERSION, [Change(KEY, Metric.LATENCY_P95, "lstm", "trailing_median")]
    ),
    "services": lambda _: server_tables.services([SERVICE]),
    "service": lambda _: server_tables.service(
        {
            "service": SERVICE, "sentence": "p95 is 456 ms, expected 100 to 200 ms.",
            "operations": [{**OPERATION, "course": [0.1, 0.4]}], "callers": [], "callees": [], "incidents": [], "advice": [],
        }
    ),
    "workloads": lambda _: clusters.table([WORKLOAD], {}),
    "backtest": lambda _: _backtest(),
    "power": lambda _: proof_tables.power(_power()),
    "compare-history": lambda _: proof_tables.histories(comparison()),
    "settings": lambda _: summary.settings([Entry("forecast.horizon_minutes", 30, "default", "how far ahead")]),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Analysis:
    return shop_analysis()


def _fitted(answer: RenderableType) -> Iterator[FittedTable]:
    if isinstance(answer, FittedTable):
        yield answer
    elif isinstance(answer, Group):
        for part in answer.renderables:
            yield from _fitted(part)


def _shown(answer: RenderableType, width: int) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(answer)
    return capture.get()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TABLES)
def test_no_number_is_cut_on_a_narrow_terminal(name: str, width: int, shop: Analysis) -> None:
    answer = TABLES[name](shop)

    shown = _shown(answer, width)

    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    missing = [cell for table in _fitted(answer) for cell in table.whole_cells if cell not in shown]
    assert missing == []


@pytest.mark.parametrize("name", TABLES)
def test_pipe_gets_each_row_whole_and_on_one_line(
    name: str, shop: Analysis, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = TABLES[name](shop)

    output.show(answer, None, as_json=False, to=None)

    shown = capsys.readouterr().out
    assert shown == _shown(answer, 1000)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) < 1000


@pytest.mark.parametrize("width", WIDTHS)
def test_advice_keeps_every_number_at_every_width(width: int, shop: Analysis) -> None:
    shown = " ".join(_shown(tables.advice(shop.advice), width).split())

    for number in ("800 ms → 450 ms (300 ms–600 ms)", "2 → 3 (3–4)", "keep 4 (3–5)", "91 % busy at the forecast peak"):
        assert number in shown
