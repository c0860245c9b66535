"""What can be wrong with spans: each problem's code, its meaning and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a problem does to the spans it names."""

    REJECTED = "rejected"  # the span is left out everywhere
    CORRECTED = "corrected"  # used, after a stated change
    NOTED = "noted"  # used as it is; some answers get weaker


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of fault in span data, and what its owner can do about it."""

    code: str
    effect: Effect
    meaning: str
    remedy: str


_ALL = (
    Problem("malformed", Effect.REJECTED, "the item is not a span", "look at the named offset; the file may be cut or mixed"),
    Problem("no_trace_id", Effect.REJECTED, "trace id missing, zero or not hexadecimal", "fix the exporter; a span without a trace cannot be placed"),
    Problem("no_span_id", Effect.REJECTED, "span id missing, zero or not hexadecimal", "fix the exporter"),
    Problem("no_time", Effect.REJECTED, "start or end time missing", "fix the exporter; tracetune needs both"),
    Problem("time_out_of_range", Effect.REJECTED, "time before the year 2000 or after 2100", "check the clock and the unit of the timestamps"),
    Problem("negative_duration", Effect.REJECTED, "the span ends before it starts", "check the clock and the SDK of that service"),
    Problem("from_the_future", Effect.REJECTED, "the span begins over ten minutes after it arrived", "run NTP or chrony on its host: the clock is ahead"),
    Problem("own_span", Effect.REJECTED, "a span of tracetune's own work; it does not watch itself", "nothing; another tracetune may watch this one"),
    Problem("no_service_name", Effect.CORRECTED, "no service name; counted under 'unknown'", "set service.name (OTEL_SERVICE_NAME)"),
    Problem("duplicate_span", Effect.CORRECTED, "the same span came twice; the first is used", "retries of an exporter, or two exporters on one service"),
    Problem("cycle", Effect.CORRECTED, "a span is its own ancestor; the loop was cut", "an exporter reuses span ids"),
    Problem("clock_skew", Effect.CORRECTED, "a child lies outside its parent by a clock offset; its host's times were shifted", "run NTP or chrony on the named hosts"),
    Problem("orphan_span", Effect.NOTED, "the parent was not received; treated as a root of its own", "look for services that drop spans, and at tail sampling"),
    Problem("multiple_roots", Effect.NOTED, "the trace has more than one root", "context is lost between the named services: forward the trace headers"),
    Problem("child_outlasts_parent", Effect.NOTED, "a child ends after its parent; only the overlap counts for the parent", "usual for asynchronous work; otherwise check clocks"),
    Problem("late_span", Effect.NOTED, "the span came after its trace was closed; counted in RED, not on the critical path", "sort the input by time, or raise the number of spans held"),
    Problem("huge_trace", Effect.NOTED, "the trace has more than 10,000 spans", "look for a loop that starts spans, or a batch job under one trace"),
    Problem("no_instance", Effect.NOTED, "no pod or host name on the service's spans", "set k8s.pod.name or service.instance.id; replica advice needs it"),
    Problem("no_service_version", Effect.NOTED, "no service version on the service's spans", "set service.version, so that releases can be told apart"),
    Problem("ids_in_names", Effect.NOTED, "operation names hold ids, so each is seen once", "name spans by route template, not by path"),
    Problem("sampled", Effect.NOTED, "traces were sampled; counts are scaled where the rate is known", "record two minutes at 100 % for capacity advice"),
)  # fmt: skip

PROBLEMS: Mapping[str, Problem] = {problem.code: problem for problem in _ALL}


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem as it was met: how many spans (or traces) have it, of how many, and where."""

    code: str
    count: int
    total: int
    where: tuple[str, ...] = ()  # services, hosts or files, most affected first
    detail: str = ""

    @property
    def problem(self) -> Problem:
        """The problem that this finding is one of."""
        return PROBLEMS[self.code]
