"""Advice as manifests to apply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.sinks.manifests import manifests, merged, patch

REPLICAS = Advice(
    "payments",
    "",
    Knob.REPLICAS,
    Action.SET,
    "replicas",
    3.0,
    4.0,
    5.0,
    7.0,
    Confidence.MEDIUM,
    ("set payments to 5 replicas, now 3", "the load to come is 58/s"),
)
TIMEOUT = replace(
    REPLICAS,
    peer="bank",
    knob=Knob.TIMEOUT,
    unit="s",
    current=None,
    lower=0.3,
    target=0.45,
    upper=0.6,
    reasons=("why",),
)


def _documents(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def test_replicas_become_bounds_of_an_autoscaler_and_notes_on_the_deployment() -> None:
    deployment, scaler = _documents(patch(REPLICAS))

    assert (deployment["kind"], deployment["metadata"]["name"]) == ("Deployment", "payments")
    assert "spec" not in deployment  # two owners of one number would fight
    assert (scaler["kind"], scaler["spec"]["minReplicas"]) == ("HorizontalPodAutoscaler", 5)


def test_comments_give_every_reason_and_the_range() -> None:
    lines = patch(REPLICAS).splitlines()

    assert lines[0] == "# set payments to 5 replicas, now 3"
    assert lines[1] == "# the load to come is 58/s"
    assert lines[2] == "# now 3, from 4 to 7 replicas; confidence medium"


def test_timeout_becomes_a_route_of_its_client_beside_that_of_all_others() -> None:
    (service,) = _documents(patch(TIMEOUT))

    assert (service["apiVersion"], service["kind"]) == ("networking.istio.io/v1", "VirtualService")
    assert service["spec"]["hosts"] == ["bank"]
    own, others = service["spec"]["http"]
    assert own["match"] == [{"sourceLabels": {"app": "payments"}}]
    assert own["timeout"] == "450ms"
    assert own["route"] == others["route"] == [{"destination": {"host": "bank"}}]
    assert "timeout" not in others


def test_retries_become_attempts_of_the_route_and_none_is_a_number() -> None:
    advice = replace(TIMEOUT, knob=Knob.RETRIES, unit="retries", lower=0.0, target=0.0, upper=1.0)

    (service,) = _documents(patch(advice))

    assert service["spec"]["http"][0]["retries"] == {"attempts": 0}


def test_knobs_of_one_connection_share_one_object() -> None:
    retries = replace(
        TIMEOUT, knob=Knob.RETRIES, unit="retries", lower=0.0, target=1.0, upper=1.0, reasons=("twice failed",)
    )
    other = replace(TIMEOUT, target_service="refunds", target=0.9)

    (found,) = manifests([TIMEOUT, retries, other])

    refunds, own, rest = found.document["spec"]["http"]
    assert own["match"] == [{"sourceLabels": {"app": "payments"}}]
    assert (own["timeout"], own["retries"]) == ("450ms", {"attempts": 1})
    assert (refunds["match"], refunds["timeout"]) == ([{"sourceLabels": {"app": "refunds"}}], "900ms")
    assert "match" not in rest
    assert "why" in found.comments
    assert "twice failed" in found.comments


def test_effect_and_risk_stand_beside_the_reasons() -> None:
    advice = replace(TIMEOUT, effect="hangs end", risk="slow answers fail")

    (found,) = manifests([advice])

    assert {"effect: hangs end", "risk: slow answers fail"} <= set(found.comments)


@pytest.mark.parametrize(
    "change",
    [{"action": Action.KEEP}, {"action": Action.CANNOT_SAY}, {"knob": Knob.ROLLBACK}, {"knob": Knob.INSTRUMENTATION}],
)
def test_nothing_to_apply_is_empty(change: dict[str, Any]) -> None:
    assert patch(replace(REPLICAS, **change)) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Payments Service",
        "a: {b}",
        "x\nspec: {}",
        "-leading",
        "trailing-",
        "a" * 64,
        "\u202eevil",
        "payments\n",
    ],
)
def test_name_that_no_service_can_have_is_refused_by_a_comment_alone(name: str) -> None:
    for advice in (replace(REPLICAS, target_service=name), replace(TIMEOUT, peer=name)):
        text = patch(advice)

        assert _documents(text) == []
        assert text.isascii()
        assert text.startswith("# No manifest: ")
        assert text.count("\n") == 1


def test_names_that_yaml_would_read_as_something_else_stay_names() -> None:
    for name in ("on", "null", "007", "1e3", "0o17", "12"):
        text = patch(replace(REPLICAS, target_service=name))

        assert f"name: '{name}'" in text  # quoted, whichever version of YAML the reader speaks
        assert _documents(text)[0]["metadata"]["name"] == name


def test_line_breaks_in_a_reason_do_not_end_the_comment() -> None:
    advice = replace(REPLICAS, reasons=("calls of GET /x\nkind: Pod took long\r\u2028kind: Pod",))

    deployment, scaler = _documents(patch(advice))

    assert (deployment["kind"], scaler["kind"]) == ("Deployment", "HorizontalPodAutoscaler")


def test_long_names_stay_labels() -> None:
    advice = replace(
        TIMEOUT, knob=Knob.CONNECTION_POOL, target_service="a" * 63, peer="b" * 60, details=(("maxConnections", 3.0),)
    )

    (rule,) = _documents(patch(advice))

    assert len(rule["metadata"]["name"]) <= 63


def test_values_put_into_an_object_leave_the_rest_of_it_alone() -> None:
    theirs = {
        "kind": "X",
        "spec": {"hosts": ["bank"], "http": [{"match": [{"uri": {"prefix": "/v2"}}], "timeout": "9s"}]},
    }

    (found,) = manifests([TIMEOUT])
    result = merged(theirs, {"spec": found.document["spec"]})

    own, v2, rest = result["spec"]["http"]
    assert own["timeout"] == "450ms"
    assert v2 == {"match": [{"uri": {"prefix": "/v2"}}], "timeout": "9s"}
    assert rest == {"route": [{"destination": {"host": "bank"}}]}
    assert theirs["spec"]["http"][0]["timeout"] == "9s"  # type: ignore[index]  # what was given is not changed
