from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracetune.domain.analysis import Ingested
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesKey
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import baselines
from tracetune.proofs.histories import Comparison, _same, compare, parse
from tracetune.proofs.replay import Teacher

TEACHER = Teacher(baselines(), 0, 1.0)


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


@pytest.fixture(scope="module")
def quick(shop: Ingested) -> Comparison:
    """The 200 minutes of the shop are stretched to 300 by what came before once more, so that an hour can be judged."""
    return compare(_longer(shop), ["30m", "2h", "7d"], TEACHER, _silent)


def _longer(shop: Ingested) -> Ingested:
    table = shop.minutes.operations
    at = table.schema.get_field_index("minute")
    earlier = table.set_column(at, table.schema.field(at), _shifted(table["minute"].to_numpy() - 200))
    minutes = MinuteBatch.merge([shop.minutes, replace(MinuteBatch.empty(), operations=earlier)])
    return replace(shop, minutes=minutes)


def _shifted(values: np.ndarray) -> object:
    import pyarrow as pa

    return pa.array(values, pa.int32())


def test_each_history_is_judged_on_the_same_later_minutes(quick: Comparison) -> None:
    assert [each.name for each in quick.histories] == ["30m", "2h"]
    assert quick.last - quick.cut == 80
    assert {each.trials for each in quick.histories} == {quick.histories[0].trials}
    assert all(each.quantiles.shape == (80, 7) for each in quick.histories)
    assert quick.observed.shape == (80,)


def test_a_history_longer_than_the_data_is_said_and_not_made_up(quick: Comparison) -> None:
    assert quick.too_long == ("7d of history is longer than the 5.3 hours before the judged minutes, and was left out",)


def test_measures_are_what_their_names_promise(quick: Comparison) -> None:
    for each in quick.histories:
        assert 0.0 < each.loss < 1.0
        assert 0.5 < each.coverage <= 1.0
        assert each.mase > 0.0
        assert 0 <= each.hits <= each.trials
        assert 0.0 <= each.f1 <= 1.0
        assert sum(each.speakers.values()) == 23


@pytest.mark.parametrize("text", ["", "h", "24", "24H", "1w", "29m", "-30m", "1.5h", "9999999d"])
def test_a_length_that_cannot_be_read_shows_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(text)

    assert raised.value.hint == "write 30m, 24h or 7d"


def test_data_too_short_for_every_length_say_so(shop: Ingested) -> None:
    with pytest.raises(NotEnoughData, match="24h of history is longer than"):
        compare(_longer(shop), ["24h"], TEACHER, _silent)


def _anomaly(onset: int, end: int | None, name: str = "GET /") -> Anomaly:
    return Anomaly("a", SeriesKey("shop", name), AnomalyKind.SLOWER, Severity.MINOR, onset, end, 2, 2, 1, 1, 1, 9, "")


def test_anomalies_of_one_operation_at_nearly_one_time_are_the_same() -> None:
    assert _same(_anomaly(100, 110), _anomaly(120, None))
    assert not _same(_anomaly(100, 110), _anomaly(130, None))
    assert not _same(_anomaly(100, 110), _anomaly(100, 110, "GET /cart"))
