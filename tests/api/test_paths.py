from __future__ import annotations

import pytest

from tracetune.api.paths import paths
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.errors import NotFound


def test_the_rise_is_where_it_was_put(shown: Shown) -> None:
    slow = Window(shown.held.first + 822, shown.held.first + 870)

    found = paths(shown, slow, "payments")

    checkout = found[0]
    assert (checkout.entry_service, checkout.entry_name) == ("frontend", "POST /checkout")
    share = {part.service_name: part.share_of_rise for part in checkout.parts}
    assert (share["payments"] or 0) > 0.9


def test_the_parts_sum_to_the_whole(shown: Shown) -> None:
    slow = Window(shown.held.first + 822, shown.held.first + 870)

    item = paths(shown, slow, "payments")[0]

    assert item.now_seconds is not None
    assert sum(part.now_seconds or 0 for part in item.parts) == pytest.approx(item.now_seconds, rel=1e-3)


def test_the_whole_day_has_nothing_usual_beside_it(shown: Shown) -> None:
    item = paths(shown, shown.held, "payments")[0]

    assert item.usual_seconds is None
    assert item.now_traces > 0


def test_a_service_on_no_path_has_none(shown: Shown) -> None:
    with pytest.raises(NotFound):
        paths(shown, shown.held, "nobody")
