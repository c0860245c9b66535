"""Compares three independent counts of one run: the spans received, the generator's, and Envoy's own."""

from __future__ import annotations

from collections import Counter

from tracetune_lab.load import LoadReport
from tracetune_lab.plan import GATEWAY, SpansFrom
from tracetune_lab.views import Row, payload_rows

# Envoy counts requests at each listener under `http.PREFIX.`, and spans under `tracing.`.
STATS = r"^http\.(inbound|outbound)_.*downstream_rq_completed$|^tracing\.(opentelemetry|zipkin)\.spans_sent$"


class Tally:
    """Counts spans as they come, by what made them, kind and instance."""

    def __init__(self, *, zipkin: bool) -> None:
        """Count payloads of one format."""
        self._zipkin = zipkin
        self.of_sidecars: Counter[tuple[str, str]] = Counter()
        self.of_sdk: Counter[tuple[str, str]] = Counter()

    def keep(self, payload: bytes) -> None:
        """Count the spans of one payload."""
        for row in payload_rows(payload, zipkin=self._zipkin):
            self._count(row)

    def _count(self, row: Row) -> None:
        # Envoy's spans are named after the route: HOST:PORT/PATH.
        of_whom = self.of_sidecars if ".svc.cluster.local:" in row.name else self.of_sdk
        of_whom[row.kind, row.instance] += 1


class Account:
    """The three counts of one run, side by side."""

    def __init__(
        self, tally: Tally, load: LoadReport, stats: dict[str, int], spans_from: SpansFrom, to: str = ""
    ) -> None:
        """Keep the counts; `stats` are Envoy's, summed over all Envoys. Spans that went `to` another are not ours."""
        self._tally = tally
        self._load = load
        self._stats = stats
        self._sidecars = spans_from != "sdk" and not to
        self._to = to

    def lines(self) -> list[tuple[str, int, int]]:
        """What is counted, how many there should be, and how many there were."""
        requests = "gateway requests (Envoy) = requests answered (generator)"
        found = [(requests, self._load.answered, self._requests(f"outbound_{GATEWAY}-0"))]
        if not self._sidecars:
            return found
        received = self._tally.of_sidecars.total()
        found.append(("sidecar spans received = spans sent (Envoy)", self.spans_sent(), received))
        for name, value in sorted(self._stats.items()):
            if name.startswith(("http.inbound_", "http.outbound_")):
                direction, _, pod = name.split(".")[1].partition("_")
                kind = "SERVER" if direction == "inbound" else "CLIENT"
                what = f"{kind} spans of {pod} = its {direction} requests (Envoy)"
                found.append((what, value, self._tally.of_sidecars[kind, pod]))
        return found

    def spans_sent(self) -> int:
        """The spans that Envoys say they have sent."""
        return sum(value for name, value in self._stats.items() if name.endswith("spans_sent"))

    def differences(self) -> list[str]:
        """The lines whose two counts differ."""
        return [
            f"{what}: {expected} against {counted}" for what, expected, counted in self.lines() if expected != counted
        ]

    def text(self) -> str:
        """The account for people."""
        latency = self._load.latency_of()
        quantiles = ", ".join(
            f"p{100 * quantile:g} {1000 * latency.quantile_seconds(quantile):.0f} ms" for quantile in (0.5, 0.95, 0.99)
        )
        rows = [f"{expected:8} {counted:8}  {what}" for what, expected, counted in self.lines()]
        ending = self.differences() or ["every count agrees"]
        return "\n".join(
            [
                f"sent {self._load.sent}, answered {self._load.answered}, failed {self._load.failed()}; {quantiles}",
                self._spans_text(),
                *rows,
                *ending,
            ]
        )

    def _spans_text(self) -> str:
        if self._to:
            return f"spans: {self.spans_sent()} sent to {self._to} by the sidecars"
        return f"spans: {self._tally.of_sidecars.total()} from sidecars, {self._tally.of_sdk.total()} from the SDK"

    def _requests(self, prefix: str) -> int:
        return self._stats.get(f"http.{prefix}.downstream_rq_completed", 0)
