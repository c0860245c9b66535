from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from tracetune.sinks import document
from tracetune.sinks.document import Document, encode

PAGE_TYPES = Path(__file__).resolve().parents[2] / "web" / "src" / "document.ts"
STRUCTS = [value for value in vars(document).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]


def test_names_cannot_end_the_element_that_holds_them(composed: Document) -> None:
    hostile = msgspec.structs.replace(composed, headline="</script><!--<script>&\u2028")

    text = encode(hostile)

    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["headline"] == hostile.headline


def test_an_unknown_number_is_null(composed: Document) -> None:
    incidents = json.loads(encode(composed))["incidents"]

    without_entry = next(incident for incident in incidents if not incident["entry"])

    assert without_entry["usual_seconds"] is None


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_the_page_knows_every_field_by_the_same_name(struct: type[msgspec.Struct]) -> None:
    text = PAGE_TYPES.read_text("utf-8")

    declared = re.search(rf"(?:interface|type) {struct.__name__} [^;]*?[{{\[](.*?)\n[}}\]]", text, re.DOTALL)

    assert declared, f"{PAGE_TYPES.name} does not declare {struct.__name__}"
    assert re.findall(r"^  (\w+)\??:", declared[1], re.MULTILINE) == list(struct.__struct_fields__)


def test_a_document_survives_the_way_to_json_and_back(composed: Document) -> None:
    found = json.loads(encode(composed))

    assert set(found) == set(Document.__struct_fields__)
    assert len(found["series"]) == len(composed.series)
