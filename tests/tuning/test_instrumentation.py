"""What spans should say more."""

from __future__ import annotations

import numpy as np
from tests.causes.minutes_data import START, minutes, pods_of, shop

from tracetune.domain.advice import Knob
from tracetune.tuning.demand import demands
from tracetune.tuning.instrumentation import instrumentation


def test_missing_instances_and_versions_are_asked_for_with_what_they_unlock() -> None:
    batch = minutes(lambda _: shop(), 10, pods=lambda _: {"payments": pods_of(2), "bank": pods_of(2, "")})

    found = {
        each.target_service: each for each in instrumentation(demands(batch, np.arange(START, START + 10)).values())
    }

    assert "payments" not in found
    assert found["bank"].knob is Knob.INSTRUMENTATION
    assert [reason.split(":")[0] for reason in found["bank"].reasons[1:]] == ["service.version"]
    assert [reason.split(" ")[0] for reason in found["cart"].reasons[1:]] == ["k8s.pod.name", "service.version:"]
