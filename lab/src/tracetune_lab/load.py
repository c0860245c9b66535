"""The open-loop load generator: sends each request when it is due, whether or not earlier ones were answered."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import msgspec

from tracetune_lab.histogram import Histogram
from tracetune_lab.profiles import Arrival, Change, Profile, arrivals
from tracetune_lab.topology import method_and_path


class LoadPlan(msgspec.Struct, frozen=True):
    """What the generator's process is told; requests due in the warm-up are sent but not in `measured`."""

    url: str
    host: str
    profile: Profile
    mix: dict[str, float]
    run_seconds: float
    seed: int
    start_unix_seconds: float
    timeout_seconds: float = 60.0
    changes: list[Change] = []
    warm_up_seconds: float = 0.0


class MinuteOfOperation(msgspec.Struct):
    """What the generator saw of one operation in one minute; requests belong to the minute they were due in."""

    minute_unix_seconds: int
    operation: str
    sent: int = 0
    answered: int = 0
    statuses: dict[int, int] = msgspec.field(default_factory=dict)
    latency: Histogram = msgspec.field(default_factory=Histogram)
    latency_since_sent: Histogram = msgspec.field(default_factory=Histogram)
    latency_of_failed: Histogram = msgspec.field(default_factory=Histogram)


class LoadReport(msgspec.Struct):
    """The generator's own view of a run.

    `latency` counts from the moment a request was due, so a generator that falls behind cannot
    hide waiting (corrected for coordinated omission); `latency_since_sent` counts from the moment
    it left. Status 0 stands for no answer. `late_seconds_most` is how far the generator fell behind.
    `measured` holds the latencies since due of each operation after the warm-up.
    """

    plan: LoadPlan
    sent: int = 0
    answered: int = 0
    late_seconds_most: float = 0.0
    minutes: list[MinuteOfOperation] = msgspec.field(default_factory=list)
    measured: dict[str, Histogram] = msgspec.field(default_factory=dict)

    def latency_of(self, operation: str | None = None) -> Histogram:
        """All latencies of one operation, or of all."""
        merged = Histogram()
        for row in self.minutes:
            if operation in (None, row.operation):
                merged.merge(row.latency)
        return merged

    def measured_latency(self) -> Histogram:
        """The latencies of all operations after the warm-up."""
        merged = Histogram()
        for latency in self.measured.values():
            merged.merge(latency)
        return merged

    def failed(self) -> int:
        """Requests without an answer or with one of 500 and above."""
        return sum(
            count for row in self.minutes for status, count in row.statuses.items() if status == 0 or status >= 500
        )


class Generator:
    """Sends one plan's requests and keeps the account."""

    def __init__(self, plan: LoadPlan) -> None:
        """Nothing is sent before `run`."""
        self._plan = plan
        self.report = LoadReport(plan)
        self._minutes: dict[tuple[int, str], MinuteOfOperation] = {}

    async def run(self) -> None:
        """Send every request and wait for every answer or its timeout."""
        due = arrivals(self._plan.profile, self._plan.mix, self._plan.run_seconds, self._plan.seed, self._plan.changes)
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=self._plan.timeout_seconds)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client, asyncio.TaskGroup() as group:
            for arrival in due:
                await asyncio.sleep(max(0.0, self._plan.start_unix_seconds + arrival.at_seconds - time.time()))
                group.create_task(self._send(client, arrival))
        self.report.minutes = [self._minutes[key] for key in sorted(self._minutes)]

    async def _send(self, client: aiohttp.ClientSession, arrival: Arrival) -> None:
        due = self._plan.start_unix_seconds + arrival.at_seconds
        sent = time.time()
        row = self._row(due, arrival.operation)
        row.sent += 1
        self.report.sent += 1
        self.report.late_seconds_most = max(self.report.late_seconds_most, sent - due)
        status = await self._status(client, arrival.operation)
        now = time.time()
        row.statuses[status] = row.statuses.get(status, 0) + 1
        row.latency.add(now - due)
        row.latency_since_sent.add(now - sent)
        if arrival.at_seconds >= self._plan.warm_up_seconds:
            self.report.measured.setdefault(arrival.operation, Histogram()).add(now - due)
        if status == 0 or status >= 500:
            row.latency_of_failed.add(now - due)
        if status:
            row.answered += 1
            self.report.answered += 1

    async def _status(self, client: aiohttp.ClientSession, operation: str) -> int:
        method, path = method_and_path(operation)
        headers = {"host": self._plan.host, "user-agent": "tracetune-lab"}
        try:
            async with client.request(method, self._plan.url + path, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (TimeoutError, aiohttp.ClientError):
            return 0

    def _row(self, due: float, operation: str) -> MinuteOfOperation:
        minute = int(due) // 60 * 60
        return self._minutes.setdefault((minute, operation), MinuteOfOperation(minute, operation))


def main() -> None:
    """Run the plan in the file of the first argument, and write the report to the second."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=LoadPlan)
    generator = Generator(plan)
    asyncio.run(generator.run())
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(generator.report))


if __name__ == "__main__":
    main()
