"""What spans should say more."""

from __future__ import annotations

import numpy as np
from tests.causes.minutes_data import START, minutes, pods_of, shop

from tracetune.domain.advice import Knob
from tracetune.tuning.advice.demand import demands
from tracetune.tuning.advice.instrumentation import instrumentation


def test_each_missing_attribute_is_asked_for_once_with_the_services_that_lack_it() -> None:
    batch = minutes(lambda _: shop(), 10, pods=lambda _: {"payments": pods_of(2), "bank": pods_of(2, "")})

    pod, version = instrumentation(demands(batch, np.arange(START, START + 10)).values())

    assert (pod.knob, pod.unit, version.unit) == (Knob.INSTRUMENTATION, "k8s.pod.name", "service.version")
    assert "bank" not in pod.reasons[-1]
    assert "cart" in pod.reasons[-1]
    assert {"bank", "cart"} <= set(version.reasons[-1].removeprefix("missing in ").split(", "))
    assert "payments" not in version.reasons[-1]
    assert version.reasons[0].startswith(version.target_service)
