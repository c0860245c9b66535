from __future__ import annotations

import gzip
import io
import tarfile

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tracetune.errors import InvalidInput
from tracetune.sources.archives import members

TEXT = b'{"data": []}' * 50


def tar_of(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def unpacked(content: bytes) -> list[tuple[str, bytes]]:
    stream = io.BytesIO(content)
    return [(name, member.read()) for name, member in members(stream, "file", stream.tell)]


ZSTD = zstandard.ZstdCompressor()


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        gzip.compress(TEXT),
        ZSTD.compress(TEXT),
        gzip.compress(ZSTD.compress(TEXT)),
        gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]),
    ],
    ids=["plain", "gzip", "zstd", "zstd in gzip", "two members"],
)
def test_compression_is_looked_through(content: bytes) -> None:
    assert unpacked(content) == [("file", TEXT)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, ZSTD.compress])
def test_the_members_of_a_tar_come_one_by_one_with_their_names(pack: object) -> None:
    assert callable(pack)
    archive = pack(tar_of(one=TEXT, two=gzip.compress(b"{}")))

    assert unpacked(archive) == [("file: one", TEXT), ("file: two", b"{}")]


def test_a_folder_in_a_tar_is_no_member() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)

    assert unpacked(buffer.getvalue()) == []


def test_a_member_that_is_not_read_is_passed_over() -> None:
    stream = io.BytesIO(tar_of(one=TEXT * 1000, two=b"{}"))

    assert [name for name, _ in members(stream, "file", stream.tell)] == ["file: one", "file: two"]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT)[:-9], gzip.compress(tar_of(one=TEXT))[:-20], tar_of(one=TEXT)[:700]],
    ids=["gzip", "tar in gzip", "tar"],
)
def test_a_cut_archive_is_refused_with_its_place(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"damaged or cut near its byte \d+") as refusal:
        unpacked(content)

    assert refusal.value.hint


def test_packing_without_end_is_refused() -> None:
    content = TEXT
    for _ in range(6):
        content = gzip.compress(content)

    with pytest.raises(InvalidInput, match="more than 4 times"):
        unpacked(content)


@given(st.data())
def test_damaged_archives_are_read_or_refused(data: st.DataObject) -> None:
    valid = data.draw(st.sampled_from([gzip.compress(TEXT, mtime=0), ZSTD.compress(TEXT), tar_of(one=TEXT)[:2048]]))
    content = bytearray(valid)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        unpacked(bytes(content))
    except InvalidInput as refusal:
        assert "file" in refusal.message  # noqa: PT017 - a refusal is allowed, not required
