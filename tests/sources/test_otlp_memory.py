from __future__ import annotations

import numpy as np
from numba import njit

from tracetune.sources.otlp_memory import (
    load_byte,
    load_code,
    load_int,
    load_word,
    store_byte,
    store_code,
    store_int,
    store_word,
)


@njit()
def copy_all(source: int, target: int) -> None:
    store_byte(target, load_byte(source))
    store_code(target + 1, load_code(source + 1))
    store_int(target + 5, load_int(source + 5))
    store_word(target + 13, load_word(source + 13))


def test_every_width_is_loaded_and_stored_at_addresses_that_are_not_aligned() -> None:
    source = np.arange(1, 25, dtype=np.uint8)
    target = np.zeros(24, np.uint8)

    copy_all(source.ctypes.data, target.ctypes.data)

    assert target.tolist() == [*range(1, 22), 0, 0, 0]
