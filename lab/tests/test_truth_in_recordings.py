"""Each fault's truth is visible in the spans of its recording, there and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from tracetune_lab.faults import FaultKind, Truth
from tracetune_lab.recordings import Recording
from tracetune_lab.scenarios import Scenario, catalogue
from tracetune_lab.views import CLIENT, SERVER, Spans, hop_seconds, read_spans

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
# An operation needs this many calls on both sides before its change is judged.
FEWEST_CALLS = 25
# A median of FEWEST_CALLS or more waits, on a machine that others used too, moves by less than this.
NOISE_SECONDS = 0.020
# It computes, where all others wait, so it alone feels who else uses the machine (see docs/lab.md).
COMPUTES = "currency.default"


class Case(NamedTuple):
    """One recorded fault: the spans before it, while it lasted, and what it was."""

    recording: Recording
    truth: Truth
    before: Spans
    during: Spans

    def operation(self) -> tuple[Spans, Spans]:
        """The SERVER spans of the faulty operation before and during; the SDK's where there are both, as they are innermost."""
        names = {self.truth.span_name, self.truth.operation}
        ours = [key for key in self.during.operations() if key[0] == self.truth.service_name]
        found = next(key for key in ours if key[1] in names)
        return self.before.server(*found), self.during.server(*found)

    def others(self) -> Iterator[tuple[str, Spans, Spans]]:
        """Every other operation with enough calls on both sides."""
        for service_name, name in self.during.operations():
            if name in (self.truth.span_name, self.truth.operation) or service_name == COMPUTES:
                continue
            before, during = self.before.server(service_name, name), self.during.server(service_name, name)
            if min(len(before.kind), len(during.kind)) >= FEWEST_CALLS:
                yield f"{service_name} {name}", before, during


@cache
def spans_of(place: Path) -> Spans:
    return read_spans(Recording(place))


def case_of(scenario: Scenario) -> Case:
    recording = Recording(RECORDINGS / scenario.split / scenario.name)
    truth, spans = recording.truths()[0], spans_of(recording.place)
    before = spans.between(recording.manifest.load_started_unix_nano, truth.start_unix_nano)
    # A call that began just before a fault ended may still have felt it; one that began within has.
    return Case(recording, truth, before, spans.between(truth.start_unix_nano, truth.end_unix_nano))


def median(values: np.ndarray) -> float:
    return float(np.median(values))


def rise(before: Spans, during: Spans) -> float:
    return median(during.own_seconds) - median(before.own_seconds)


def assert_no_other_operation_is_slower_itself(case: Case) -> None:
    slower = {name: rise(before, during) for name, before, during in case.others()}

    assert slower
    assert {name: change for name, change in slower.items() if change > NOISE_SECONDS} == {}


def check_latency_constant(case: Case) -> None:
    before, during = case.operation()

    assert rise(before, during) == pytest.approx(case.truth.magnitude, rel=0.25)
    assert_no_other_operation_is_slower_itself(case)


def check_latency_heavy_tailed(case: Case) -> None:
    before, during = case.operation()
    added = during.own_seconds.mean() - before.own_seconds.mean()

    assert case.truth.magnitude / 4 < added < 4 * case.truth.magnitude  # a mean of a heavy tail is uncertain
    assert rise(before, during) < added
    assert_no_other_operation_is_slower_itself(case)


def check_latency_leak(case: Case) -> None:
    before, during = case.operation()
    start, length = case.truth.start_unix_nano, case.truth.end_unix_nano - case.truth.start_unix_nano
    first, last = during.between(start, start + length // 4), during.between(start + 3 * length // 4, start + length)

    # In the first quarter an eighth of the end's value has leaked on average, in the last seven eighths.
    assert rise(before, first) == pytest.approx(case.truth.magnitude / 8, abs=NOISE_SECONDS)
    assert rise(before, last) == pytest.approx(case.truth.magnitude * 7 / 8, rel=0.2)
    assert_no_other_operation_is_slower_itself(case)


def check_errors(case: Case) -> None:
    before, during = case.operation()

    # A call that began just before the fault may be answered after it did.
    assert not before.where(before.end_unix_nano < case.truth.start_unix_nano).is_error.any()
    assert during.is_error.mean() == pytest.approx(case.truth.magnitude, abs=0.12)
    assert abs(rise(before, during)) < NOISE_SECONDS


def check_bad_replica(case: Case) -> None:
    before, during = case.operation()
    bad = during.instance == case.truth.instance

    assert 0 < bad.sum() < len(bad)
    assert rise(before, during.where(bad)) > 0.75 * case.truth.magnitude
    assert abs(rise(before, during.where(~bad))) < 0.3 * case.truth.magnitude
    assert_no_other_operation_is_slower_itself(case)


def check_slow_dependency(case: Case) -> None:
    commands = ("GET", "SET", "HGETALL", "LPUSH", "ZADD")
    before, during = (
        spans.where((spans.kind == CLIENT) & np.isin(spans.name.astype(str), commands))
        for spans in (case.before, case.during)
    )
    # A command that arrives during a pause waits half of it on average: magnitude² / (2 x 0.5 s); a busy machine ends it late.
    expected = case.truth.magnitude**2

    assert during.duration_seconds.mean() - before.duration_seconds.mean() == pytest.approx(expected, rel=0.8)
    assert_no_other_operation_is_slower_itself(case)


def check_slow_hop(case: Case) -> None:
    before, during = case.operation()
    caller = f"{case.truth.caller}.default"
    hops = [median(hop_seconds(spans, caller, case.truth.span_name)) for spans in (case.before, case.during)]

    assert hops[1] - hops[0] == pytest.approx(case.truth.magnitude, rel=0.25)
    assert abs(rise(before, during)) < NOISE_SECONDS
    assert_no_other_operation_is_slower_itself(case)


def check_cpu_contention(case: Case) -> None:
    before, during = case.operation()

    assert median(during.own_seconds) > 1.5 * median(before.own_seconds)
    # Its own sidecar and the rest of the shop share the burnt core, but only currency computes.
    assert {name: rise(*pair) for name, *pair in case.others() if rise(*pair) > rise(before, during)} == {}


def check_pool_too_small(case: Case) -> None:
    before, during = case.operation()

    assert np.quantile(during.own_seconds, 0.9) > 1.5 * np.quantile(before.own_seconds, 0.9)
    assert median(during.own_seconds) > 1.15 * median(before.own_seconds)
    assert_no_other_operation_is_slower_itself(case)


def check_retry_storm(case: Case) -> None:
    before, during = case.operation()
    catalog = [
        len(spans.where((spans.kind == SERVER) & (spans.service_name == "catalog.default")).kind) for spans in case[2:]
    ]

    assert len(during.kind) / catalog[1] > 2.5 * len(before.kind) / catalog[0]
    assert rise(before, during) > 0.75 * case.truth.magnitude


def check_traffic_surge(case: Case) -> None:
    gateway = [spans.where(spans.service_name == "istio-ingressgateway.default") for spans in case[2:]]
    lengths = [
        case.truth.start_unix_nano - case.recording.manifest.load_started_unix_nano,
        case.truth.end_unix_nano - case.truth.start_unix_nano,
    ]
    rates = [len(spans.kind) / length for spans, length in zip(gateway, lengths, strict=True)]

    assert rates[1] / rates[0] == pytest.approx(case.truth.magnitude, rel=0.2)


def check_mix_shift(case: Case) -> None:
    before, during = case.operation()
    entries = [
        spans.where((spans.kind == SERVER) & (spans.service_name == case.truth.service_name)) for spans in case[2:]
    ]

    assert len(before.kind) / len(entries[0].kind) < case.truth.magnitude / 3
    assert len(during.kind) / len(entries[1].kind) == pytest.approx(case.truth.magnitude, abs=0.08)
    assert abs(rise(before, during)) < NOISE_SECONDS
    assert_no_other_operation_is_slower_itself(case)


def check_release(case: Case) -> None:
    before, during = case.operation()

    assert set(before.version) == {"1.0.0"}
    # A request that was under way when the endpoints changed may still be the old version's.
    assert (during.version == case.truth.version).mean() > 0.95
    assert rise(before, during) == pytest.approx(case.truth.magnitude, abs=NOISE_SECONDS)
    assert_no_other_operation_is_slower_itself(case)


def check_long_poll(case: Case) -> None:
    before, during = case.operation()

    assert not len(before.kind)
    assert during.duration_seconds.min() > 7.9
    assert not during.is_error.any()
    assert_no_other_operation_is_slower_itself(case)


def check_clock_skew(case: Case) -> None:
    shifts = [_server_starts_after_client(spans, case.truth.service_name) for spans in case[2:]]

    assert median(shifts[0]) == pytest.approx(0, abs=NOISE_SECONDS)
    assert median(shifts[1]) == pytest.approx(case.truth.magnitude, abs=NOISE_SECONDS)
    # The host's clock is wrong, and nothing is slower.
    assert_no_other_operation_is_slower_itself(case)


def check_span_loss(case: Case) -> None:
    orphans = [_orphan_ratio(spans) for spans in case[2:]]

    assert orphans[0] < 0.01
    assert orphans[1] == pytest.approx(case.truth.magnitude, abs=0.03)


def check_head_sampling(case: Case) -> None:
    first, last = (nano // 60_000_000_000 * 60 for nano in (case.truth.start_unix_nano, case.truth.end_unix_nano))
    sent = sum(row.sent for row in case.recording.load().minutes if first <= row.minute_unix_seconds < last)
    kept = case.during.where(case.during.service_name == "istio-ingressgateway.default")

    assert len(kept.kind) / sent == pytest.approx(case.truth.magnitude, abs=0.05)
    # What is kept is kept whole: nothing but the gateway's root lacks its parent.
    assert _orphan_ratio(case.during) < 0.02


def _server_starts_after_client(spans: Spans, service_name: str) -> np.ndarray:
    started = dict(zip(spans.span_id.tolist(), spans.start_unix_nano.tolist(), strict=True))
    served = spans.where((spans.kind == SERVER) & (spans.service_name == service_name))
    pairs = zip(served.parent_id.tolist(), served.start_unix_nano.tolist(), strict=True)
    return np.array([(start - started[parent]) / 1e9 for parent, start in pairs if parent in started])


def _orphan_ratio(spans: Spans) -> float:
    # A child of a span that started before the period would look like an orphan, so the first second's are left out.
    settled = spans.where(spans.start_unix_nano > spans.start_unix_nano.min() + 1_000_000_000)
    children = settled.parent_id != ""
    known = set(spans.span_id.tolist())
    return float(np.mean([parent not in known for parent in settled.parent_id[children].tolist()]))


CHECKS: dict[str, Callable[[Case], None]] = {
    "latency_constant": check_latency_constant,
    "latency_heavy_tailed": check_latency_heavy_tailed,
    "latency_leak": check_latency_leak,
    "errors": check_errors,
    "bad_replica": check_bad_replica,
    "slow_dependency": check_slow_dependency,
    "slow_hop": check_slow_hop,
    "cpu_contention": check_cpu_contention,
    "pool_too_small": check_pool_too_small,
    "retry_storm": check_retry_storm,
    "traffic_surge": check_traffic_surge,
    "mix_shift": check_mix_shift,
    "release": check_release,
    "release_regression": check_release,
    "long_poll": check_long_poll,
    "clock_skew": check_clock_skew,
    "span_loss": check_span_loss,
    "head_sampling": check_head_sampling,
}


def parameters(scenarios: list[Scenario]) -> list[ParameterSet]:
    # Reading a long recording takes seconds, so those are left to the complete test run.
    return [
        pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.run_seconds >= 1800 else [])
        for each in scenarios
    ]


@pytest.mark.parametrize("scenario", parameters([each for each in catalogue() if each.faults]))
def test_truth_of_each_fault_is_visible_in_its_recording(scenario: Scenario) -> None:
    case = case_of(scenario)

    CHECKS[case.truth.kind](case)


@pytest.mark.parametrize("scenario", parameters(catalogue()))
def test_each_recording_is_whole_and_loses_nothing_that_no_fault_took(scenario: Scenario) -> None:
    recording = Recording(RECORDINGS / scenario.split / scenario.name)

    manifest, read = recording.manifest, len(spans_of(recording.place).kind)

    assert manifest.requests_sent == manifest.requests_answered == recording.load().answered
    assert read == manifest.spans_received - manifest.spans_lost_by_fault
    assert read + manifest.spans_lost_by_fault >= manifest.spans_sent_by_envoy
    least = 200 if scenario.split == "tuning" else 360  # minutes before a fault are history for detection only
    assert manifest.scenario["run_seconds"] >= (least if scenario.faults else 90)


@pytest.mark.parametrize(
    "place", ["dev/limits-half", "report/limits-more", "tuning/limits-fewer", "tuning/limits-rising"]
)
def test_replicas_share_a_lock_and_a_database_but_not_an_honest_queue(place: str) -> None:
    spans = spans_of(RECORDINGS / place)

    def least_gap(service: str, apart: int) -> float:
        """The least time between an answer of a service and the one `apart` answers later, of all its replicas."""
        served = spans.where((spans.kind == SERVER) & (spans.service_name == f"{service}.default"))
        ends = np.sort(served.end_unix_nano) / 1e9
        return float((ends[apart:] - ends[:-apart]).min())

    # One works at a time under the lock, two at a time in the database, however many replicas there are.
    assert least_gap("orders", 1) > 0.005
    assert least_gap("stock", 1) < 0.005
    assert least_gap("stock", 2) > 0.010
    assert least_gap("images", 1) < 0.005


def test_every_kind_of_fault_is_recorded_at_least_once() -> None:
    kinds = {fault.kind for scenario in catalogue() for fault in scenario.faults}

    assert kinds == set(get_args(FaultKind)) == set(CHECKS)
