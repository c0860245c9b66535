from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracetune.sources.host_numbers import NAME_ONLY, names_no_host
from tracetune.sources.resolve import resolve
from tracetune.sources.semconv import ENTRIES, SPAN_INDEX


def test_keys_that_are_kept_as_attributes_are_not_among_them() -> None:
    assert SPAN_INDEX["peer.address"] in NAME_ONLY
    assert not NAME_ONLY & {SPAN_INDEX["upstream_cluster"], SPAN_INDEX["http.status_code"], SPAN_INDEX["peer.service"]}


@given(
    text=st.text(alphabet="0123456789.:", max_size=20) | st.from_regex(r"\A\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?\Z"),
    index=st.sampled_from(sorted(NAME_ONLY)),
    kind=st.integers(0, 5),
    other=st.sampled_from(["mysql", "10.0.0.1", "db.example.com"]),
)
def test_leaving_out_what_names_no_host_changes_no_answer(text: str, index: int, kind: int, other: str) -> None:
    tags = {"net.peer.name": other, "db.system": "mysql"}

    with_it, without = resolve(kind, 0, {**tags, ENTRIES[index].key: text}, {}), resolve(kind, 0, tags, {})

    if names_no_host(text) and ENTRIES[index].key not in tags:
        assert with_it.peer == without.peer
        assert with_it.attributes == without.attributes
