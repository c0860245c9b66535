from __future__ import annotations

import numpy as np
import pytest

from tracetune.sources.envoy import service_of_host
from tracetune.sources.otlp_contexts import Codes, Labels, key_table, repeat_pairs
from tracetune.sources.otlp_scan import KEY_SCOPES, NO_NUMBERS
from tracetune.sources.semconv import SPAN_INDEX


def test_a_text_keeps_its_code_and_the_missing_one_is_null() -> None:
    labels = Labels()
    codes = np.array([labels.code(text) for text in ("a", "b", None, "a")], np.int32)

    column = labels.column(codes)

    assert codes.tolist() == [0, 1, -1, 0]
    assert column.to_pylist() == ["a", "b", None, "a"]


def test_codes_grow_beyond_their_first_room() -> None:
    codes = Codes()

    codes.extend(list(range(1000)))
    codes.extend(list(range(5000)))

    assert codes.array.tolist() == [*range(1000), *range(5000)]


def test_each_span_gets_the_pairs_of_its_context() -> None:
    firsts, counts = np.array([2, 0, 3, 2], np.int32), np.array([1, 2, 0, 1], np.int32)
    pairs = np.empty((2, 4), np.int32)

    repeat_pairs(firsts, counts, np.array([10, 11, 12], np.int32), np.array([20, 21, 22], np.int32), pairs)

    assert pairs.tolist() == [[12, 10, 11, 12], [22, 20, 21, 22]]


@pytest.mark.parametrize("address", ["", "10.0.0.1", "10.0.0.1:41234", "127.0.0.1:80", ":::", "8080", "1:2", "."])
def test_addresses_in_digits_name_no_host_so_the_scan_may_leave_them_out(address: str) -> None:
    _, rows, _ = key_table()

    assert service_of_host(address) is None
    assert rows[SPAN_INDEX["peer.address"], KEY_SCOPES] & NO_NUMBERS
    assert not rows[SPAN_INDEX["http.status_code"], KEY_SCOPES] & NO_NUMBERS
    assert not rows[SPAN_INDEX["upstream_cluster"], KEY_SCOPES] & NO_NUMBERS
