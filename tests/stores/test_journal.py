"""The write-ahead log: what was acknowledged is read again, whatever happened to the process or to the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tracetune.errors import Unavailable
from tracetune.stores import journal as journal_module
from tracetune.stores.journal import Journal


def opened(directory: Path, position: int = 0, **more: int) -> tuple[Journal, list[tuple[int, bytes]]]:
    """An open journal, and what it held from a position on."""
    journal = Journal(directory, **more)
    return journal, [(record.kind, record.data) for record in journal.replay(position)]


def test_records_come_back_in_their_order(tmp_path: Path) -> None:
    journal, before = opened(tmp_path)
    journal.append([(1, b"one"), (2, b"")])
    journal.append([(3, b"three" * 1000)])
    journal.close()

    _, found = opened(tmp_path)

    assert before == []
    assert found == [(1, b"one"), (2, b""), (3, b"three" * 1000)]


def test_many_small_records_are_one_write(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    records = [(1, str(number).encode()) for number in range(2000)]

    journal.append(records)

    assert opened(tmp_path)[1] == records


def test_log_goes_on_after_it_was_opened_again(tmp_path: Path) -> None:
    first, _ = opened(tmp_path)
    first.append([(1, b"one")])
    first.close()
    second, _ = opened(tmp_path)
    second.append([(2, b"two")])

    assert opened(tmp_path)[1] == [(1, b"one"), (2, b"two")]


def test_replay_begins_at_a_position_that_append_gave(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    position = journal.append([(1, b"one")])
    journal.append([(2, b"two")])

    assert opened(tmp_path, position)[1] == [(2, b"two")]


def test_segments_before_a_position_are_deleted_and_the_rest_stays(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path, segment_bytes=100)
    positions = [journal.append([(1, bytes([number]) * 60)]) for number in range(10)]

    journal.forget(positions[6])

    assert opened(tmp_path, positions[6], segment_bytes=100)[1] == [(1, bytes([number]) * 60) for number in (7, 8, 9)]
    assert journal.size_bytes <= 5 * 73


@pytest.mark.parametrize("cut", [1, 5, 12, 13, 20])
def test_record_that_was_being_written_at_a_crash_is_cut_off(tmp_path: Path, cut: int) -> None:
    journal, _ = opened(tmp_path)
    journal.append([(1, b"whole")])
    journal.append([(2, b"torn record")])
    journal.close()
    (segment,) = tmp_path.glob("*.journal")
    os.truncate(segment, segment.stat().st_size - cut)

    reopened, found = opened(tmp_path)
    reopened.append([(3, b"after")])

    assert found == [(1, b"whole")]
    assert reopened.damage.lost_bytes == 0
    assert reopened.damage.torn_bytes == 13 + len(b"torn record") - cut
    assert opened(tmp_path)[1] == [(1, b"whole"), (3, b"after")]


def test_damage_in_the_midst_costs_that_record_only_and_is_told(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    middle = journal.append([(1, b"first")])
    journal.append([(2, b"second"), (3, b"third")])
    journal.close()
    (segment,) = tmp_path.glob("*.journal")
    damaged = bytearray(segment.read_bytes())
    damaged[middle + 14] ^= 0xFF
    segment.write_bytes(damaged)

    reopened, found = opened(tmp_path)

    assert found == [(1, b"first"), (3, b"third")]
    assert reopened.damage.lost_bytes == 13 + len(b"second")
    assert [Path(name).read_bytes() for name in reopened.damage.files] == [bytes(damaged)]


def test_segment_full_of_garbage_does_not_hide_the_next_one(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path, segment_bytes=10)
    journal.append([(1, b"a" * 50)])
    journal.append([(2, b"b" * 50)])
    journal.close()
    first = min(tmp_path.glob("*.journal"))
    first.write_bytes(os.urandom(first.stat().st_size))

    reopened, found = opened(tmp_path, segment_bytes=10)

    assert found == [(2, b"b" * 50)]
    assert reopened.damage.lost_bytes == 63


def test_full_disk_refuses_the_records_and_keeps_the_log_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = opened(tmp_path)
    journal.append([(1, b"before")])

    def half_written(file: int, _pieces: object) -> int:
        os.write(file, b"TTJ1half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(journal_module, "_write", half_written)
        with pytest.raises(Unavailable, match="No space left on device"):
            journal.append([(2, b"refused")])
    journal.append([(3, b"after")])

    assert opened(tmp_path)[1] == [(1, b"before"), (3, b"after")]
