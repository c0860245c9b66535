"""Every reader keeps the contract of ports.SpanReader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tracetune.ports import SpanReader
from tracetune.sources.readers import readers
from tracetune.testing.checks import READER, Writer
from tracetune.testing.writers import FORMATS


@pytest.mark.parametrize("format_name", readers())
@pytest.mark.parametrize("rule", READER, ids=lambda rule: rule.__name__)
def test_reader_keeps_the_rule(format_name: str, rule: Callable[[SpanReader, Writer], None]) -> None:
    rule(readers()[format_name], FORMATS[format_name])
