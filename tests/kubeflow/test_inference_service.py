"""Model serving as KServe has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tracetune.kubeflow.inference_service import InferenceService

SERVICE = InferenceService("tracetune", "tracetune:1", "s3://models/versions/12")


@pytest.mark.parametrize("service", [SERVICE, replace(SERVICE, canary_percent=10)])
def test_published_model_gives_back_what_it_was_given(service: InferenceService) -> None:
    kserve = pytest.importorskip("kserve", reason="not installed: make .venv/.full")
    client = pytest.importorskip("kubernetes.client", reason="not installed: make .venv/.full")
    rendered = service.render()

    def known(value: Any, published: Any) -> None:
        """Every key of ours is one of the published type's, all the way down."""
        attributes = {json: (name, published.openapi_types[name]) for name, json in published.attribute_map.items()}
        for key, child in value.items():
            assert key in attributes, f"{published.__name__} has no {key}"
            _, kind = attributes[key]
            inner = kind.removeprefix("list[").removesuffix("]")
            type_ = getattr(kserve, inner, None) or getattr(client, inner, None)
            children = child if isinstance(child, list) else [child]
            if type_ is not None and hasattr(type_, "attribute_map"):
                for each in children:
                    known(each, type_)

    known(rendered["spec"], kserve.V1beta1InferenceServiceSpec)


def test_model_is_fetched_before_the_container_starts_and_served_from_there() -> None:
    (container,) = SERVICE.render()["spec"]["predictor"]["containers"]

    assert container["name"] == "kserve-container"
    assert {"name": "STORAGE_URI", "value": "s3://models/versions/12"} in container["env"]
    assert container["args"][container["args"].index("--file") + 1] == "/mnt/models"
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"


def test_canary_gets_its_share_only_when_asked() -> None:
    assert "canaryTrafficPercent" not in SERVICE.render()["spec"]["predictor"]
    assert replace(SERVICE, canary_percent=10).render()["spec"]["predictor"]["canaryTrafficPercent"] == 10
