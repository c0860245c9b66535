from __future__ import annotations

import numpy as np

from tracetune.sources.otlp_contexts import key_table
from tracetune.sources.otlp_scan import KEY_BEGIN, KEY_BUCKETS, KEY_END, NEXT_KEY
from tracetune.sources.semconv import KEPT_KEYS

# What the scan reads is compared with the plain reader and with protobuf in test_otlp_decode.py.


def test_every_known_key_is_in_the_chain_of_exactly_one_bucket() -> None:
    heads, rows, pool = key_table()
    found = []

    for bucket in range(KEY_BUCKETS):
        key = int(heads[bucket])
        while key >= 0:
            found.append(pool[rows[key, KEY_BEGIN] : rows[key, KEY_END]].tobytes())
            key = int(rows[key, NEXT_KEY])

    assert sorted(found) == sorted(KEPT_KEYS)


def test_buckets_are_many_enough_that_most_keys_are_alone() -> None:
    heads, _, _ = key_table()

    used = np.count_nonzero(heads >= 0)

    assert used > 0.8 * len(KEPT_KEYS)
