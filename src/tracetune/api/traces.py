"""One trace to look at, as far as its spans were kept."""

from __future__ import annotations

import re

from tracetune.api.snapshots import Shown
from tracetune.errors import InvalidInput, NotFound
from tracetune.sinks.document import Waterfall
from tracetune.sinks.waterfalls import waterfall

_TRACE_ID = re.compile(r"[0-9a-fA-F]{1,32}")


def trace(shown: Shown, trace_id: str) -> Waterfall:
    """The trace with this id, in hexadecimal; leading zeros may be left out.

    Raises:
        InvalidInput: the id is no trace id.
        NotFound: its spans were not kept; those of exemplars are.
    """
    if not _TRACE_ID.fullmatch(trace_id):
        raise InvalidInput(f"{trace_id!r} is no trace id", hint="a trace id has 1 to 32 hexadecimal digits")
    found = waterfall(shown.analysis.ingested.exemplars, bytes.fromhex(trace_id.zfill(32)))
    if found is None:
        raise NotFound(
            f"the spans of trace {trace_id} are not kept here",
            hint="tracetune keeps those of slow and usual exemplars; open the trace in your trace store",
        )
    return found
