"""The commands that ask a running server to predict, to learn, and which models speak there."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from tests.api.real import served
from tests.browser.servers import with_queues
from tests.sinks.analysis_data import shop_analysis
from tests.tuning import queue_data
from typer.testing import Result

from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import fixed
from tracetune.errors import InvalidInput, NotFound, Unavailable
from tracetune.live.jobs import Jobs
from tracetune.live.publisher import Publisher


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


@pytest.fixture(scope="module")
def asked() -> threading.Event:
    """Set whenever anything about trainings changed."""
    return threading.Event()


@pytest.fixture(scope="module")
def jobs(asked: threading.Event) -> Jobs:
    return Jobs(lambda _: asked.set())


@pytest.fixture(scope="module")
def url(jobs: Jobs) -> Iterator[str]:
    snapshot = dataclasses.replace(fixed(with_queues(shop_analysis())).current(), model=queue_data.model())
    with served(create_app(Publisher(snapshot), options=Options(jobs=jobs))) as url:
        yield url


def test_a_what_if_is_answered_by_the_server_as_by_files(run: Run, url: str) -> None:
    arguments = ("whatif", "--url", url, "--load", "0.9", "--replicas", "s3=2", "--screen")

    found = json.loads(run(*arguments, "--json").stdout)
    table = run(*arguments).stdout

    assert (found["load"], found["replicas"]) == (0.9, {"s3": 2})
    assert found["endpoints"][0]["span_name"] == "op0"
    assert "s3" in table
    assert "BUSY" in table


def test_a_service_that_the_server_does_not_know_is_said(run: Run, url: str) -> None:
    assert isinstance(run("whatif", "--url", url, "--replicas", "paymints=2").exception, NotFound)


def test_files_and_a_server_cannot_both_be_meant(run: Run, url: str) -> None:
    for command in ("whatif", "models", "train"):
        assert isinstance(run(command, "traces.json", "--url", url).exception, InvalidInput)


def test_models_of_the_server_are_listed_whole(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracetune.cli.served.PAGE", 7)  # so that there are several pages

    found = json.loads(run("models", "--url", url, "--json").stdout)

    assert len(found["verdicts"]) == 30
    assert {each["model"] for each in found["verdicts"]} == {"lstm", "trailing_median"}
    assert found["limits"]


def _trainer(jobs: Jobs, asked: threading.Event, problem: str) -> threading.Thread:
    """Does what the minute loop does: begins a training that is waited for, and ends it."""

    asked.clear()

    def work() -> None:
        asked.wait(30)
        jobs.began("30 series of 1440 minutes", steps=lambda: (6, 6))
        jobs.ended(problem)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_training_is_followed_to_its_end(run: Run, url: str, jobs: Jobs, asked: threading.Event) -> None:
    thread = _trainer(jobs, asked, "")

    found: Any = json.loads(run("train", "--url", url, "--json", "--quiet").stdout)

    thread.join(10)
    assert (found["state"], found["text"]) == ("done", "30 series of 1440 minutes")


def test_a_training_that_failed_fails_the_command(run: Run, url: str, jobs: Jobs, asked: threading.Event) -> None:
    thread = _trainer(jobs, asked, "too short")

    error = run("train", "--url", url, "--quiet").exception

    thread.join(10)
    assert isinstance(error, Unavailable)
    assert "too short" in error.message
