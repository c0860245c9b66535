"""Suspects of failing calls."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from tests.causes.minutes_data import BANK, CHARGE, CHECKOUT, Pods, after, incident, minutes, on

from tracetune.causes.errors import error_suspects
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.causes import CauseKind
from tracetune.domain.minutes import INSTANCES
from tracetune.domain.series import SeriesKey

FAILING = {"POST /charge": {"error_ratio": 0.2}, "Charge": {"error_ratio": 0.2}}


def test_origin_of_errors_is_suspected_with_those_who_pass_them_on() -> None:
    what = incident(BANK, CHARGE, onset=80, kind=AnomalyKind.ERRORS)
    case = on(minutes(after(80, **FAILING), 95), what)

    found = list(error_suspects(case, SeriesKey(*CHECKOUT)))

    assert [(each.service_name, each.span_name, each.kind) for each in found] == [(*BANK, CauseKind.ERRORS)]
    assert "payments passes its errors on" in found[0].evidence
    assert any(sentence.startswith("request rate unchanged") for sentence in found[0].against)


def test_instance_whose_calls_fail_is_named() -> None:
    two = {"bank": Pods((("b-0", "", 0.5, 1.0), ("b-1", "", 0.5, 1.0)))}
    batch = minutes(after(80, **FAILING), 95, pods=lambda _: two)
    rows = batch.instances.to_pylist()
    for row in rows:  # all errors of the bank are of one instance
        if row["service_name"] == "bank":
            row["errors"] = 2 * row["errors"] if row["instance"] == "b-1" else 0
    moved = replace(batch, instances=pa.Table.from_pylist(rows, INSTANCES))
    case = on(moved, incident(BANK, CHARGE, onset=80, kind=AnomalyKind.ERRORS))

    found = list(error_suspects(case, None))

    assert any("one instance stands out: b-1 has" in sentence for sentence in found[0].evidence)
