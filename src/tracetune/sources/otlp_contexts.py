"""What the scan's contexts mean: each is resolved once, and spans take the columns of their context by its code."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from tracetune.sources import otlp_scan
from tracetune.sources.host_numbers import NAME_ONLY
from tracetune.sources.otlp_intern import Tables
from tracetune.sources.resolve import Resolved, Resolver, Resource
from tracetune.sources.semconv import ENTRIES, KEPT_KEYS, Scope, text_of

_ROLES = ("service_name", "service_version", "instance", "peer")


def key_table() -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Semconv's keys as ``scan_messages`` wants them: heads of buckets, rows of keys, bytes."""
    pool = np.frombuffer(b"".join(KEPT_KEYS), np.uint8).copy()
    heads = np.full(otlp_scan.KEY_BUCKETS, -1, np.int32)
    rows = np.zeros((len(KEPT_KEYS), 4), np.int32)
    ends = np.cumsum([len(key) for key in KEPT_KEYS])
    rows[:, otlp_scan.KEY_END] = ends
    rows[1:, otlp_scan.KEY_BEGIN] = ends[:-1]
    rows[:, otlp_scan.KEY_SCOPES] = [_flags(index, entry.scope) for index, entry in enumerate(ENTRIES)]
    otlp_scan.place_keys(pool, heads, rows)
    return heads, rows, pool


def _flags(index: int, scope: Scope) -> int:
    flags = otlp_scan.SPAN_SCOPE if scope & Scope.SPAN else 0
    flags |= otlp_scan.RESOURCE_SCOPE if scope & Scope.RESOURCE else 0
    return flags | otlp_scan.NO_NUMBERS if index in NAME_ONLY else flags


class Labels:
    """The dictionary of a string column, growing; its Arrow array is made anew only when it grew."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._array = pa.array([], pa.string())
        self._has_nulls = False

    def code(self, text: str | None) -> int:
        """The text's code; -1 for None."""
        if text is None:
            self._has_nulls = True
            return -1
        return self._codes.setdefault(text, len(self._codes))

    def column(self, codes: NDArray[np.int32]) -> pa.Array:
        """A column of these codes; null where the code is -1."""
        if len(self._array) != len(self._codes):
            self._array = pa.array(list(self._codes), pa.string())
        indices = pa.array(codes, mask=codes < 0) if self._has_nulls else plain_column(codes, pa.int32())
        return pa.DictionaryArray.from_arrays(indices, self._array, safe=False)  # our codes are in its range


class Codes:
    """Integers that are added at the end and read as an array."""

    def __init__(self) -> None:
        self._room = np.empty(1024, np.int32)
        self._size = 0

    def extend(self, codes: list[int]) -> None:
        """Add these at the end."""
        end = self._size + len(codes)
        if end > self._room.size:
            self._room = np.concatenate([self._room, np.empty(max(end, self._room.size), np.int32)])
        self._room[self._size : end] = codes
        self._size = end

    @property
    def array(self) -> NDArray[np.int32]:
        """All of them."""
        return self._room[: self._size]


class Contexts:
    """The names and contexts that are in the tables of a scan, resolved as far as they were met."""

    def __init__(self) -> None:
        self._resolver = Resolver()
        self._learnt = np.zeros(otlp_scan.TABLES, np.int64)
        self._texts: list[str] = []
        self._resources: list[Resource] = []
        self._names, self._name_codes = Labels(), Codes()
        self._kinds, self._statuses = Codes(), Codes()
        self._roles = {role: (Labels(), Codes()) for role in _ROLES}
        self._keys, self._values = Labels(), Labels()
        self._first_pairs, self._pair_counts = Codes(), Codes()  # where each context's pairs lie in the two below
        self._pair_keys, self._pair_values = Codes(), Codes()

    def learn(self, tables: Tables) -> None:
        """Resolve what was added to the tables since the last time."""
        if np.array_equal(tables.used, self._learnt):
            return
        self._learnt = tables.used.copy()
        names = _strings(tables, otlp_scan.NAMES, len(self._name_codes.array))
        self._name_codes.extend([self._names.code(name.decode("utf-8", "replace")) for name in names])
        texts = _strings(tables, otlp_scan.TEXTS, len(self._texts))
        self._texts += [text.decode("utf-8", "replace") for text in texts]
        for words in _words(tables, otlp_scan.RESOURCES, len(self._resources)):
            self._resources.append(Resource(self._known(words)))
        contexts = _words(tables, otlp_scan.CONTEXTS, len(self._kinds.array))
        if contexts:
            self._add([self._resolved(*words) for words in contexts])

    def columns(self, names: NDArray[np.int32], contexts: NDArray[np.int32]) -> dict[str, pa.Array]:
        """All columns but ids and times of spans with these names and contexts, (span,) each."""
        columns = {
            "name": self._names.column(self._name_codes.array[names]),
            "kind": plain_column(self._kinds.array[contexts].astype(np.int8), pa.int8()),
            "status_code": plain_column(self._statuses.array[contexts].astype(np.int8), pa.int8()),
            "attributes": self._attributes(contexts),
        }
        for role, (labels, codes) in self._roles.items():
            columns[role] = labels.column(codes.array[contexts])
        return columns

    def _resolved(self, resource: int, kind: int, status: int, *attributes: int) -> Resolved:
        return self._resolver.span(kind, status, self._known(attributes), self._resources[resource])

    def _known(self, words: Sequence[int]) -> list[tuple[int, str | None]]:
        return [
            (head >> otlp_scan.TYPE_BITS, self._text(head & (1 << otlp_scan.TYPE_BITS) - 1, payload))
            for head, payload in zip(words[::2], words[1::2], strict=True)
        ]

    def _text(self, kind: int, payload: int) -> str | None:
        if kind == otlp_scan.STRING:
            return self._texts[payload]
        if kind == otlp_scan.BOOL:
            return text_of(bool(payload))
        if kind == otlp_scan.DOUBLE:
            return text_of(struct.unpack("<d", struct.pack("<q", payload))[0])
        return text_of(payload)

    def _add(self, answers: list[Resolved]) -> None:
        self._kinds.extend([answer.kind for answer in answers])
        self._statuses.extend([answer.status_code for answer in answers])
        for role, (labels, codes) in self._roles.items():
            codes.extend([labels.code(getattr(answer, role)) for answer in answers])
        pairs = [pair for answer in answers for pair in answer.attributes]
        counts = [len(answer.attributes) for answer in answers]
        self._pair_counts.extend(counts)
        self._first_pairs.extend(list(accumulate(counts[:-1], initial=len(self._pair_keys.array))))
        self._pair_keys.extend([self._keys.code(key) for key, _ in pairs])
        self._pair_values.extend([self._values.code(value) for _, value in pairs])

    def _attributes(self, contexts: NDArray[np.int32]) -> pa.Array:
        counts = self._pair_counts.array[contexts]
        offsets = np.zeros(len(contexts) + 1, np.int32)
        np.cumsum(counts, out=offsets[1:])
        pairs = np.empty((2, offsets[-1]), np.int32)
        repeat_pairs(self._first_pairs.array[contexts], counts, self._pair_keys.array, self._pair_values.array, pairs)
        return pa.MapArray.from_arrays(
            plain_column(offsets, pa.int32()), self._keys.column(pairs[0]), self._values.column(pairs[1])
        )


def plain_column(numbers: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """Numbers, in one piece of memory, as a column without nulls that shares it."""
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


@njit(cache=True)
def repeat_pairs(
    firsts: NDArray[np.int32],
    counts: NDArray[np.int32],
    pair_keys: NDArray[np.int32],
    pair_values: NDArray[np.int32],
    pairs: NDArray[np.int32],
) -> None:
    """Write each span's pairs, which lie from its ``firsts`` on, span after span into ``pairs``, keys and values (2, pair)."""
    at = 0
    for span in range(firsts.size):
        for pair in range(firsts[span], firsts[span] + counts[span]):
            pairs[0, at] = pair_keys[pair]
            pairs[1, at] = pair_values[pair]
            at += 1


def _strings(tables: Tables, table: int, first: int) -> list[bytes]:
    """The strings of a table from code ``first`` on."""
    ends = tables.ends[table, first : tables.used[table] + 1].tolist()
    pool = tables.pools[table, ends[0] : ends[-1]].tobytes()
    return [pool[begin - ends[0] : end - ends[0]] for begin, end in pairwise(ends)]


def _words(tables: Tables, table: int, first: int) -> list[list[int]]:
    return [np.frombuffer(text, np.int64).tolist() for text in _strings(tables, table, first)]
