"""One short real run, and what bad luck leaves behind: processes, ports and recordings."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tracetune_lab import counts, ports
from tracetune_lab.errors import InvalidTopologyError, PortsBusyError, ProcessDiedError
from tracetune_lab.faults import Fault, Truth
from tracetune_lab.lab import Lab, LabOptions
from tracetune_lab.load import LoadPlan
from tracetune_lab.profiles import Profile
from tracetune_lab.record import record
from tracetune_lab.recordings import Recording
from tracetune_lab.scenarios import Scenario
from tracetune_lab.topology import span_name
from tracetune_lab.topology_files import load_topology
from tracetune_lab.views import CLIENT, SERVER, Spans, hop_seconds, read_spans

# Sockets of aiohttp's and gRPC's loops may be closed by the collector after a loop has gone.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

SCENARIO = Scenario(
    name="short",
    about="three faults, one after another",
    split="dev",
    topology="bookinfo",
    run_seconds=21,
    profile=Profile(base_rps=12, peak_rps=12),
    seed=9,
    faults=[
        Fault("latency_constant", 6, 12, 0.3, "details", "GET /details"),
        Fault("slow_hop", 13, 17, 0.2, "ratings", "GET /ratings", caller="reviews"),
        Fault("errors", 17, 21, 0.5, "ratings", "GET /ratings"),
    ],
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    # Real-time priority keeps the machine's other work out of the times, where the system permits it.
    return asyncio.run(record(SCENARIO, tmp_path_factory.mktemp("recordings"), whole_minutes=False, priority="auto"))


def test_every_request_is_answered_and_every_span_of_envoy_is_recorded(recording: Recording) -> None:
    manifest = recording.manifest

    assert manifest.requests_sent == manifest.requests_answered > 200
    assert len(read_spans(recording).kind) == manifest.spans_received == manifest.spans_sent_by_envoy


def test_server_spans_of_each_pod_equal_envoys_own_count_of_requests(recording: Recording) -> None:
    spans = read_spans(recording)

    served = spans.where(spans.kind == SERVER)
    pods, numbers = np.unique(served.instance.astype(str), return_counts=True)
    counted = {f"inbound_{pod}": int(number) for pod, number in zip(pods, numbers, strict=True)}
    assert counted == recording.manifest.requests_seen_by_envoy


def test_each_trace_has_one_root_and_every_parent(recording: Recording) -> None:
    spans = read_spans(recording)

    known = set(spans.span_id.tolist())
    assert (spans.parent_id == "").sum() == len(set(spans.trace_id.tolist())) == recording.manifest.requests_sent
    assert all(parent in known for parent in spans.parent_id.tolist() if parent)


def test_added_latency_is_in_the_own_time_of_its_operation_and_nowhere_else(recording: Recording) -> None:
    spans, truth = read_spans(recording), recording.truths()[0]

    changes = {}
    for service, name in spans.operations():
        before, during = around(recording, spans.server(service, name), truth)
        changes[name] = float(np.median(during.own_seconds) - np.median(before.own_seconds))
    added = changes.pop(truth.span_name)
    # A busy machine makes all operations slower: what the others became slower by is the noise of this very run.
    noise = max(abs(change) for change in changes.values())
    assert added - float(np.median(list(changes.values()))) == pytest.approx(
        0.3, abs=0.08 + noise
    )  # some wait for the pool
    assert noise < added / 3


def around(recording: Recording, spans: Spans, truth: Truth) -> tuple[Spans, Spans]:
    """The spans before the fault, and while it lasted."""
    started = recording.manifest.load_started_unix_nano
    before = spans.between(started, truth.start_unix_nano)
    return before, spans.between(truth.start_unix_nano, truth.end_unix_nano)


def test_slow_hop_is_between_the_sidecars(recording: Recording) -> None:
    spans, truth = read_spans(recording), recording.truths()[1]

    periods = around(recording, spans, truth)
    changes = {}
    for caller, callee in (("reviews", "ratings"), ("productpage", "details"), ("productpage", "reviews")):
        name = span_name(callee, f"GET /{callee}")
        before, during = (float(np.median(hop_seconds(part, f"{caller}.default", name))) for part in periods)
        changes[name] = during - before
    added = changes.pop(truth.span_name)
    noise = max(abs(change) for change in changes.values())
    assert added == pytest.approx(0.2, abs=0.03 + noise)
    assert noise < added / 3


def test_errors_are_half_of_the_calls_and_are_retried(recording: Recording) -> None:
    spans, truth = read_spans(recording), recording.truths()[2]

    during = spans.between(truth.start_unix_nano, truth.end_unix_nano)
    served = during.server(truth.service_name, truth.span_name)
    called = during.where((during.kind == CLIENT) & (during.name == truth.span_name))
    reviews = during.where((during.kind == SERVER) & (during.service_name == "reviews.default"))
    assert served.is_error.mean() == pytest.approx(0.5, abs=0.2)
    assert len(called.kind) > 1.15 * len(reviews.kind)


def test_sidecar_and_sdk_spans_are_in_one_trace_with_redis_by_grpc(tmp_path: Path) -> None:
    async def scene() -> tuple[counts.Account, counts.Tally]:
        topology, tally = load_topology("shop"), counts.Tally(zipkin=False)
        async with Lab(topology, LabOptions("both", "otlp-grpc"), tmp_path, tally.keep) as lab:
            plan = plan_for(lab, {"POST /cart": 1}, seconds=3)
            report = await lab.run_load(plan)
            await lab.settle()
            return counts.Account(tally, report, await lab.stats(counts.STATS), "both"), tally

    account, tally = asyncio.run(scene())

    assert account.differences() == []
    assert tally.of_sdk["SERVER", "cart-v1-0-0-0"] == tally.of_sidecars["SERVER", "cart-v1-0-0-0"] > 0
    # One GET and one SET to Redis for each request.
    assert tally.of_sdk["CLIENT", "cart-v1-0-0-0"] == 2 * tally.of_sdk["SERVER", "cart-v1-0-0-0"]


def test_process_that_dies_ends_the_run_with_its_name_and_no_orphan(tmp_path: Path) -> None:
    async def scene(pids: list[int]) -> None:
        async with Lab(load_topology("bookinfo"), LabOptions(), tmp_path, lambda _: None) as lab:
            pids.extend(lab.processes.pids().values())
            os.kill(lab.processes.pids()["host-services"], signal.SIGKILL)
            await lab.run_load(plan_for(lab, {"GET /productpage": 1}, seconds=60))

    pids: list[int] = []
    with pytest.raises(ProcessDiedError, match=r"host-services .* ended with status -9"):
        asyncio.run(scene(pids))

    assert len(pids) == 7
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_every_process_and_leaves_no_recording(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tracetune_lab.cli", "record", "bookinfo-errors", "-o", str(tmp_path)]
    lab = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    pids = wait_for_children(lab.pid, at_least=7)

    lab.send_signal(number)
    _, said = lab.communicate(timeout=30)

    assert "stopped; every process has been ended" in said
    assert lab.returncode == 130
    assert not any(alive(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []


def test_lab_that_is_killed_outright_takes_its_processes_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tracetune_lab.cli", "record", "bookinfo-errors", "-o", str(tmp_path)]
    lab = subprocess.Popen(command)
    pids = wait_for_children(lab.pid, at_least=7)

    lab.kill()
    lab.wait()

    wait_until(lambda: not any(alive(pid) for pid in pids))
    assert [path.name.startswith(".") for path in tmp_path.iterdir()] == [True]


def test_ports_in_use_are_stepped_over_and_a_full_block_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    block = ports.reserve()
    monkeypatch.setattr(ports, "_is_free", lambda _: False)

    with pytest.raises(PortsBusyError, match="use fewer replicas"):
        block.take()
    block.release()


def test_shared_sidecars_cannot_speak_zipkin(tmp_path: Path) -> None:
    with pytest.raises(InvalidTopologyError, match="knows one service name a process"):
        Lab(load_topology("wide"), LabOptions(export="zipkin"), tmp_path, lambda _: None)


def plan_for(lab: Lab, mix: dict[str, float], seconds: float) -> LoadPlan:
    return LoadPlan(
        url=f"http://127.0.0.1:{lab.gateway_port}",
        host=lab.topology.entry.service,
        profile=Profile(base_rps=8, peak_rps=8),
        mix=mix,
        run_seconds=seconds,
        seed=1,
        start_unix_seconds=time.time() + 1,
    )


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)  # another process's doing is waited for


def wait_for_children(pid: int, at_least: int) -> list[int]:
    def children() -> list[int]:
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    wait_until(lambda: len(children()) >= at_least)
    return children()
