"""What a running server predicts, which models speak there, and its trainings, as the values that commands show."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesKey
from tracetune.domain.whatif import Ask, WhatIf
from tracetune.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from tracetune.cli.remote import Server

Judged = tuple[Metric, SeriesKey, Verdict]
Report = Callable[[str, float, float], None]

PAGE = 1_000
POLL_SECONDS = 1.0
_OVER = ("done", "failed", "cancelled")


def what_if(server: Server, ask: Ask, *, is_screened: bool) -> WhatIf:
    """The server's answer, from the queues that it found last."""
    found = server.get(
        "whatif",
        load=f"{ask.load:g}",
        replicas=[f"{name}={count}" for name, count in ask.replicas.items()],
        demand=[f"{name}={factor:g}" for name, factor in ask.demand.items()],
        simulated=str(not is_screened).lower(),
    )
    for service in found["services"]:  # JSON has no NaN: what is not known is null there
        for name in ("busy_share", "saturation_calls_per_second"):
            service[name] = math.nan if service[name] is None else service[name]
    return msgspec.convert(found, WhatIf)


def models(server: Server) -> tuple[list[Judged], Sequence[str]]:
    """Which model speaks for which series there, and what the history is too short for."""
    judged: list[Judged] = []
    while True:
        page = server.get("models", limit=str(PAGE), offset=str(len(judged)))
        judged += [_judged(each) for each in page["verdicts"]]
        if len(judged) >= page["total"] or not page["verdicts"]:
            return judged, page["limits"]


def train(server: Server, report: Report, *, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Ask the server to learn anew, and follow the training to its end; who leaves leaves it running.

    Raises:
        Unavailable: the training failed, or was cancelled.
    """
    job: dict[str, Any] = server.post("models/train", {})
    while job["state"] not in _OVER:
        report("wait for the end of the minute" if job["state"] == "waiting" else "learn", job["done"], job["total"])
        sleep(POLL_SECONDS)
        job = server.get(f"jobs/{job['id']}")
    if job["state"] != "done":
        raise Unavailable(f"the training {job['state']}: {job['text']}", hint="the models of before stay in force")
    return job


def only_files_or_server(files: Sequence[str], url: str) -> bool:
    """Whether a server is to be asked.

    Raises:
        InvalidInput: both files and a server were named on the command line.
    """
    if files and url:
        raise InvalidInput("both trace files and --url are given", hint="name the files, or the server")
    return bool(url)


def _judged(item: dict[str, Any]) -> Judged:
    loss, coverage = (math.nan if item[name] is None else item[name] for name in ("pinball_loss", "coverage"))
    key = SeriesKey(item["service_name"], item["span_name"])
    return Metric(item["metric"]), key, Verdict(item["model"], {item["model"]: loss}, coverage, item["reason"])
