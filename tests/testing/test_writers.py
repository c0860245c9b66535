"""Files hold what their writers give, compressed by their names."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from tracetune.testing.build import build
from tracetune.testing.writers import FORMATS, write_spans

SPANS = build("checkout POST /order 0ms +120ms\n  cart Read 1ms +2ms", repeat=20)


@pytest.mark.parametrize("format_name", FORMATS)
def test_compressed_files_hold_the_same_bytes(tmp_path: Path, format_name: str) -> None:
    plain, gz, zst = (tmp_path / f"spans{suffix}" for suffix in ("", ".gz", ".zst"))

    for path in (plain, gz, zst):
        write_spans(path, [SPANS, SPANS], format=format_name)

    expected = b"".join(FORMATS[format_name]([SPANS, SPANS]))
    assert plain.read_bytes() == expected
    assert gzip.decompress(gz.read_bytes()) == expected
    assert zstandard.ZstdDecompressor().decompressobj().decompress(zst.read_bytes()) == expected
    assert gz.stat().st_size < len(expected) > zst.stat().st_size


def test_equal_spans_give_equal_compressed_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json.gz", tmp_path / "two.json.gz"

    write_spans(one, [SPANS])
    write_spans(two, [SPANS])

    assert one.read_bytes() == two.read_bytes()


def test_format_that_nobody_writes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="csv"):
        write_spans(tmp_path / "spans.csv", [SPANS], format="csv")

    assert not (tmp_path / "spans.csv").exists()
