"""What-if answers on a terminal and as JSON."""

from __future__ import annotations

import io
import json

from rich.console import Console
from tests.tuning.queue_data import model

from tracetune.cli.whatif_views import document, table
from tracetune.domain.whatif import WhatIf
from tracetune.tuning.whatifs.whatif import screen, whatif


def _text(found: WhatIf) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(table(found))
    printed = console.file
    assert isinstance(printed, io.StringIO)
    return printed.getvalue()


def test_an_answer_shows_endpoints_services_and_their_use() -> None:
    text = _text(whatif(model(), 1.2, {"s3": 2}))

    assert "P99 BETWEEN" in text
    assert "op0" in text
    assert "s3" in text
    assert "no number" not in text


def test_a_refusal_shows_why_and_what_it_takes() -> None:
    text = _text(whatif(model(), 3.0))

    assert "no number: s3 would need" in text
    assert "it takes more replicas of s3" in text


def test_json_has_no_number_that_is_none() -> None:
    found = json.loads(json.dumps(document(whatif(model(), 3.0)), allow_nan=False))

    assert found["is_answered"] is False
    assert found["endpoints"][0]["latency"] is None
    assert found["refusals"][0]["reason"] == "saturated"


def test_a_screened_answer_is_near_the_simulated_one() -> None:
    quick, sure = screen(model(), 0.9), whatif(model(), 0.9)

    assert quick.is_screened
    assert quick.endpoints[0].latency is not None
    assert sure.endpoints[0].latency is not None
    assert abs(quick.endpoints[0].latency.p95.value / sure.endpoints[0].latency.p95.value - 1) < 0.15
