"""A lab incident against a running `tracetune serve`: one alert that names the true service, in time, and its end."""

from __future__ import annotations

import asyncio
import queue
import shutil
import sys
from pathlib import Path

import pytest

from served import Told, alertmanager, fill_store, receiver, server
from tracetune_lab.faults import Fault, Truth
from tracetune_lab.play import Played, play
from tracetune_lab.profiles import Profile
from tracetune_lab.recordings import Recording
from tracetune_lab.scenarios import Scenario

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
    pytest.mark.skipif(
        shutil.which("prometheus-alertmanager") is None, reason="prometheus-alertmanager is not installed"
    ),
]

PAST = Path(__file__).resolve().parent.parent / "recordings" / "dev" / "shop-day-release"
IN_TIME_SECONDS = 120.0
# Nobody is told of an end before the minutes after it were quiet for a while.
RESOLVED_WITHIN_SECONDS = 600.0

INCIDENT = Scenario(
    name="live-incident",
    about="Charging cards takes 0.5 s longer for two and a half minutes, while a server watches.",
    split="dev",
    topology="shop",
    run_seconds=770,
    profile=Profile(base_rps=2.2, peak_rps=2.2),
    mix={"GET /home": 0.35, "GET /product": 0.2, "POST /cart": 0.12, "POST /checkout": 0.3, "GET /search": 0.03},
    seed=601,
    # Early in a minute: what begins late in one is seen in the next, and told up to a minute later.
    faults=[Fault("latency_constant", 75, 225, 0.5, "payment", "POST /charge")],
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, list[Told]]:
    """What really happened, and every alert that Alertmanager passed on until the load had ended."""
    folder = tmp_path_factory.mktemp("serve")
    past = Recording(PAST)
    fill_store(folder, past, past.truths()[0].start_unix_nano, times=8)
    with receiver() as (hook, alerts), alertmanager(folder, hook) as told, server(folder, told) as ports:
        played: Played = asyncio.run(play(INCIDENT, f"http://127.0.0.1:{ports['otlp_http']}", "auto"))
        assert played.load.sent == played.load.answered
        return played.truths[0], _all(alerts)


def test_the_incident_is_one_alert_that_names_the_true_service_within_two_minutes(
    heard: tuple[Truth, list[Told]],
) -> None:
    truth, alerts = heard
    sys.stdout.write(
        "".join(f"{each.at_unix_seconds - truth.start_unix_nano / 1e9:6.0f} s {each}\n" for each in alerts)
    )

    firing = [each for each in alerts if each.status == "firing"]
    during = {each.labels["incident"]: each for each in reversed(firing)}
    assert len(during) == 1
    (first,) = during.values()
    assert first.labels["service"] == truth.service
    assert 0 < first.at_unix_seconds - truth.start_unix_nano / 1e9 <= IN_TIME_SECONDS


def test_the_alert_is_resolved_after_the_fault(heard: tuple[Truth, list[Told]]) -> None:
    truth, alerts = heard

    ends = [each.at_unix_seconds for each in alerts if each.status == "resolved"]
    assert len(ends) == 1
    assert 0 < ends[0] - truth.end_unix_nano / 1e9 <= RESOLVED_WITHIN_SECONDS


def _all(alerts: queue.Queue[Told]) -> list[Told]:
    return [alerts.get_nowait() for _ in range(alerts.qsize())]
