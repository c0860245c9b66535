from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracetune.errors import InvalidInput
from tracetune.sources import otlp_frames
from tracetune.sources.otlp_frames import Part, delimited_parts, field_parts

EMPTY_BATCH = b"\x0a\x00"  # a request of one ResourceSpans that says nothing


def request(size: int) -> bytes:
    return b"\x0a\x04\x0a\x02\x0a\x00" + EMPTY_BATCH * size


def varint(number: int) -> bytes:
    low = b""
    while number > 127:
        low += bytes([number & 127 | 128])
        number >>= 7
    return low + bytes([number])


class Trickle(io.BytesIO):
    """A stream that gives less than was asked for, as pipes and sockets do."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 3) if size and size > 0 else size)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_frames, "PART_BYTES", 16)


def messages_of(parts: Iterator[Part]) -> list[bytes]:
    return [part.data[begin:end] for part in parts for begin, end in part.bounds]


@given(sizes=st.lists(st.integers(0, 90), min_size=1, max_size=8))
@pytest.mark.parametrize("prefix", [varint, lambda size: size.to_bytes(4, "big")], ids=["varint", "four bytes"])
def test_messages_come_whole_and_in_order_behind_either_kind_of_length(
    prefix: Callable[[int], bytes], sizes: list[int]
) -> None:
    messages = [request(size) for size in sizes]
    stream = Trickle(b"".join(prefix(len(message)) + message for message in messages))

    read = messages_of(delimited_parts(stream))

    assert read == messages


def test_one_message_is_cut_between_its_fields_only() -> None:
    message = request(100)

    parts = list(field_parts(Trickle(message)))

    assert b"".join(part.data for part in parts) == message
    assert len(parts) > 5
    assert all(part.data.endswith(EMPTY_BATCH) for part in parts)
    assert [part.offset for part in parts] == [sum(len(p.data) for p in parts[:i]) for i in range(len(parts))]


def test_a_cut_stream_gives_its_whole_messages_and_then_says_where_it_ends() -> None:
    whole = varint(len(request(3))) + request(3)
    parts = delimited_parts(io.BytesIO(whole + varint(50) + b"\x0a"))

    first = next(parts)

    assert first.data[slice(*first.bounds[0])] == request(3)
    with pytest.raises(InvalidInput, match=f"byte {len(whole)}: the file ends inside"):
        list(parts)


def test_a_length_beyond_what_can_be_held_is_refused_before_it_is_read() -> None:
    stream = io.BytesIO(b"\x0a" + varint(10**12))

    with pytest.raises(InvalidInput, match="at byte 0 is said to have 1,000,000,000,007 bytes"):
        list(field_parts(stream))


def test_bytes_that_are_no_field_are_left_to_the_scan_to_refuse() -> None:
    parts = list(field_parts(io.BytesIO(EMPTY_BATCH + b"\x0f\x0f")))

    assert [part.data for part in parts] == [EMPTY_BATCH + b"\x0f\x0f"]
