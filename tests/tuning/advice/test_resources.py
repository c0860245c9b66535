"""CPU and memory: the limit, the request, and what CPU says about replicas."""

from __future__ import annotations

from dataclasses import replace

from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.usage import PodUsage
from tracetune.tuning.advice.resources import resources, with_cpu

_MEBI = 2.0**20
_CALM = PodUsage(
    "shop",
    "pay-1",
    cpu_p50_cores=0.1,
    cpu_p90_cores=0.2,
    cpu_p95_cores=0.22,
    cpu_during_cores=0.2,
    throttled_share=0.01,
    memory_peak_bytes=200 * _MEBI,
    cpu_request_cores=0.23,
    cpu_limit_cores=1.0,
    memory_request_bytes=230 * _MEBI,
    hours=48.0,
)


def _found(*pods: PodUsage) -> dict[Knob, Advice]:
    return {each.knob: each for each in resources({"pay": pods})}


def test_a_request_between_the_bounds_is_kept() -> None:
    found = _found(_CALM)

    assert found[Knob.CPU].action is Action.KEEP
    assert found[Knob.MEMORY].action is Action.KEEP
    assert found[Knob.CPU].target == 0.23


def test_the_target_is_what_was_used_with_a_margin() -> None:
    found = _found(replace(_CALM, cpu_request_cores=2.0, memory_request_bytes=4096 * _MEBI))

    assert found[Knob.CPU].action is Action.SET
    assert found[Knob.CPU].target == 0.23
    assert found[Knob.MEMORY].target == 230
    assert "less" in found[Knob.CPU].effect


def test_a_pod_without_a_request_is_told_what_to_ask_for() -> None:
    found = _found(replace(_CALM, cpu_request_cores=float("nan")))[Knob.CPU]

    assert (found.action, found.current) == (Action.SET, None)
    assert "now none" in found.reasons[0]


def test_bounds_are_wider_after_less_history() -> None:
    short, long = _found(replace(_CALM, hours=4.0))[Knob.CPU], _found(_CALM)[Knob.CPU]

    assert short.upper is not None
    assert long.upper is not None
    assert short.upper > long.upper
    assert short.confidence is Confidence.MEDIUM


def test_the_busiest_pod_decides() -> None:
    busy = replace(_CALM, pod="pay-2", cpu_p50_cores=0.7, cpu_p90_cores=0.8, cpu_p95_cores=0.9)

    found = _found(_CALM, busy)[Knob.CPU]

    assert found.action is Action.SET
    assert found.target is not None
    assert found.target > 0.8


def test_hours_that_are_too_few_are_told_once_for_all_services() -> None:
    pods = replace(_CALM, hours=1.0)

    (found,) = resources({"cart": [pods], "pay": [pods]})

    assert found.action is Action.CANNOT_SAY
    assert found.target_service == "2 services"


def test_a_pod_at_its_limit_is_told_to_raise_it_whatever_the_history() -> None:
    found, too_short = resources({"pay": [replace(_CALM, cpu_during_cores=0.98, hours=0.2)]})

    assert too_short.action is Action.CANNOT_SAY
    assert found.action is Action.SET
    assert found.current == 1.0
    assert dict(found.details) == {"limit": 2.0}
    assert found.reasons[0].startswith("CPU is the limit of pay")


def test_a_pod_that_is_stopped_is_at_its_limit_even_where_its_mean_is_not() -> None:
    found = _found(replace(_CALM, throttled_share=0.4))[Knob.CPU]

    assert "stopped in 40 % of the periods" in found.reasons[1]


def test_pods_of_no_known_limit_are_not_at_it() -> None:
    found = _found(replace(_CALM, cpu_limit_cores=float("nan"), throttled_share=float("nan"), cpu_during_cores=7.0))

    assert not found[Knob.CPU].reasons[0].startswith("CPU is the limit")


def _replicas(service: str) -> Advice:
    return Advice(service, "", Knob.REPLICAS, Action.KEEP, "replicas", 2, 2, 2, 2, Confidence.HIGH, ("keep it",))


def test_replicas_hear_that_cpu_is_the_limit() -> None:
    found = with_cpu(_replicas("pay"), {"pay": [replace(_CALM, throttled_share=0.5)]}, ())

    assert found.reasons[-1].startswith("CPU is the limit")


def test_a_service_that_is_short_of_slots_is_said_not_to_be_short_of_cpu() -> None:
    station = replace(model().stations[LOOP], service_name="pay")

    found = with_cpu(_replicas("pay"), {"pay": [_CALM]}, (station,))

    assert "an autoscaler that follows CPU would not see it full" in found.reasons[-1]


def test_other_knobs_and_other_services_stay_as_they_are() -> None:
    timeout = replace(_replicas("pay"), knob=Knob.TIMEOUT)

    assert with_cpu(timeout, {"pay": [_CALM]}, ()) is timeout
    assert with_cpu(_replicas("cart"), {"pay": [_CALM]}, ()).reasons == ("keep it",)
