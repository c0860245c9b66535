"""Loads and stores at addresses, for compiled kernels that check their bounds themselves.

Numba counts references to every array that a function takes, also when the function is inlined, and allows negative indices:
measured on the OTLP scan, both together cost twenty times the work itself. Addresses are plain integers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic


def _load(numba_type: Any, bits: int) -> Any:  # noqa: ANN401 - numba's types are untyped
    def load(_context: Any, _address: Any) -> Any:  # noqa: ANN401
        def generate(_target: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
            value = builder.load(builder.inttoptr(values[0], ir.IntType(bits).as_pointer()))
            value.align = 1
            return value

        return numba_type(types.int64), generate

    return intrinsic(load)


def _store(numba_type: Any, bits: int) -> Any:  # noqa: ANN401
    def store(_context: Any, _address: Any, _value: Any) -> Any:  # noqa: ANN401
        def generate(target: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
            stored = builder.store(values[1], builder.inttoptr(values[0], ir.IntType(bits).as_pointer()))
            stored.align = 1
            return target.get_dummy_value()

        return types.void(types.int64, numba_type), generate

    return intrinsic(store)


load_byte = _load(types.uint8, 8)
load_code = _load(types.int32, 32)
load_int = _load(types.int64, 64)
load_word = _load(types.uint64, 64)
store_byte = _store(types.uint8, 8)
store_code = _store(types.int32, 32)
store_int = _store(types.int64, 64)
store_word = _store(types.uint64, 64)
