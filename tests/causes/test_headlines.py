"""The one sentence of an explanation."""

from __future__ import annotations

import pytest
from tests.causes.minutes_data import CHECKOUT, incident, minutes, on, shop

from tracetune.causes.evidence import Suspect
from tracetune.causes.headlines import headline
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey

WHY = "the traces do not say why"
BETWEEN = "the connection between cart and payments"


@pytest.mark.parametrize(
    ("service", "kind", "departed", "is_slower", "said"),
    [
        ("payments", CauseKind.OWN_TIME, AnomalyKind.SLOWER, True, "GET /checkout is slow because of payments"),
        ("frontend", CauseKind.OWN_TIME, AnomalyKind.SLOWER, True, "GET /checkout is slow because of frontend itself"),
        ("payments", CauseKind.GAP, AnomalyKind.SLOWER, True, f"GET /checkout is slow because of {BETWEEN}"),
        ("payments", CauseKind.ERRORS, AnomalyKind.ERRORS, True, "GET /checkout fails because of payments"),
        ("payments", CauseKind.ERRORS, AnomalyKind.SLOWER, True, "GET /checkout is slow because of payments"),
        ("payments", CauseKind.ERRORS, AnomalyKind.SLOWER, False, "GET /checkout fails because of payments"),
        ("shop", CauseKind.LOAD, AnomalyKind.LOAD, True, "Traffic to shop rose 2.1×; latency follows the load"),
        ("shop", CauseKind.LOAD, AnomalyKind.SURGE, False, "Traffic to shop rose 2.1×; no operation became slower"),
        (
            "",
            CauseKind.UNKNOWN,
            AnomalyKind.SLOWER,
            True,
            f"GET /checkout is slower than expected; {WHY}",
        ),
        (
            "",
            CauseKind.UNKNOWN,
            AnomalyKind.DROP,
            False,
            f"GET /checkout gets fewer calls than expected; {WHY}",
        ),
    ],
)
def test_headline_says_what_happened_and_who_is_behind_it(
    service: str, kind: CauseKind, departed: AnomalyKind, is_slower: bool, said: str
) -> None:
    case = on(minutes(lambda _: shop(), 12), incident(CHECKOUT, onset=9, kind=departed))
    suspect = Suspect(service, "", kind, 1.0, (), (), between=BETWEEN, factor="2.1×")

    assert headline(suspect, SeriesKey(*CHECKOUT), case, is_slower=is_slower) == said
