from __future__ import annotations

import gc
import io
from collections.abc import Iterator

import pytest

from tracetune.errors import InvalidInput
from tracetune.sources.streams import UntilBroken, collector_paused, peek


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_peeked_stream_still_begins_with_its_head(size: int) -> None:
    head, stream = peek(io.BytesIO(b"0123456789"), size)

    assert head == b"0123456789"[:size]
    assert stream.read() == b"0123456789"


def test_lines_cross_the_end_of_the_head() -> None:
    _, stream = peek(io.BytesIO(b"one\ntwo\n"), 5)

    assert list(stream) == [b"one\n", b"two\n"]


def breaking() -> Iterator[int]:
    yield 1
    raise InvalidInput("cut")


def test_a_broken_stream_ends_and_says_why_later() -> None:
    items = UntilBroken(breaking())

    assert list(items) == [1]
    with pytest.raises(InvalidInput, match="cut"):
        items.check()


def test_a_whole_stream_has_nothing_to_say() -> None:
    items = UntilBroken([1, 2])

    assert list(items) == [1, 2]
    items.check()


def test_the_collector_is_switched_on_again_even_after_an_error() -> None:
    paused: list[bool] = []

    def fail() -> None:
        with collector_paused():
            paused.append(not gc.isenabled())
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()

    assert paused == [True]
    assert gc.isenabled()
