"""Columns of numbers as short text: two characters a value, close enough to draw and to read."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
"""The 64 digits, none of which means anything to HTML or JSON."""

_CODES = 64 * 64
_MISSING = 0  # code of NaN: not observed
_ZERO = 1  # code of 0; positive values begin at 2
_DIGITS = np.frombuffer(ALPHABET.encode("ascii"), np.uint8)

Values = NDArray[np.float64]


class Column(msgspec.Struct, frozen=True):
    """Values of one column, decoded by ``web/src/columns.ts``.

    Each value is two digits of ALPHABET, the high one first: code 0 is "not observed", 1 is zero, and code c >= 2 is
    ``origin + (c - 1) * step`` on the linear scale (origin 0) and ``origin * exp((c - 2) * step)`` on the logarithmic one.
    """

    scale: Literal["linear", "log"]
    origin: float
    step: float
    codes: str


def linear(values: Values) -> Column:
    """Counts and ratios, (n,): exact for whole numbers up to 4,094, else to 1/4,094 of the largest; none is negative."""
    largest = float(np.nanmax(values, initial=0.0))
    whole = bool(np.all(np.isnan(values) | (values == np.round(values))))
    step = 1.0 if whole and largest <= _CODES - 2 else max(largest, 1e-12) / (_CODES - 2)
    codes = np.round(np.nan_to_num(values) / step).astype(np.int64) + _ZERO
    return Column("linear", 0.0, step, _text(np.where(np.isnan(values), _MISSING, codes)))


def logarithmic(values: Values) -> Column:
    """Durations, (n,): equally close whether large or small, to 0.2 % where they span a factor of 10,000,000."""
    positive = values[values > 0]
    lowest, highest = (float(positive.min()), float(positive.max())) if len(positive) else (1.0, 1.0)
    step = max(np.log(highest / lowest), 1e-9) / (_CODES - 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        position = np.round(np.log(values / lowest) / step)
    codes = np.where(values > 0, np.nan_to_num(position, neginf=0.0) + 2, _ZERO).astype(np.int64)
    return Column("log", lowest, float(step), _text(np.where(np.isnan(values), _MISSING, codes)))


def short(value: float) -> float:
    """The number with four significant digits: more than is shown, and a third of the characters."""
    return float(f"{value:.4g}")


def decode(column: Column) -> Values:
    """The values of a column again; NaN where nothing was observed. The reference for the page's own decoder."""
    digits = np.searchsorted(np.sort(_DIGITS), np.frombuffer(column.codes.encode("ascii"), np.uint8))
    digits = np.argsort(_DIGITS)[digits].reshape(-1, 2)
    codes = digits[:, 0] * 64 + digits[:, 1]
    if column.scale == "linear":
        values = (codes - _ZERO) * column.step
    else:
        values = np.where(codes == _ZERO, 0.0, column.origin * np.exp((codes - 2) * column.step))
    return np.where(codes == _MISSING, np.nan, values)


def _text(codes: NDArray[np.int64]) -> str:
    pairs = np.stack([_DIGITS[codes >> 6], _DIGITS[codes & 63]], axis=1)
    return pairs.tobytes().decode("ascii")
