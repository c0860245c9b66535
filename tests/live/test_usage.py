"""CPU and memory that nobody answers for."""

from __future__ import annotations

from tracetune.live.usage import WatchedUsage
from tracetune.sources.prometheus_query import PrometheusQuery


def test_while_prometheus_is_away_nothing_is_known_and_the_reason_is_told() -> None:
    watched = WatchedUsage(PrometheusQuery("http://127.0.0.1:9"))

    assert watched.read(0, 60) == ()
    assert "http://127.0.0.1:9 does not answer" in watched.problem
    assert "goes on without" in watched.problem


def test_an_answer_ends_the_problem() -> None:
    class Answering(PrometheusQuery):
        def read(self, *_: float) -> tuple[()]:
            return ()

    watched = WatchedUsage(Answering("http://127.0.0.1:9"))
    watched.problem = "it was away"

    watched.read(0, 60)

    assert watched.problem == ""
