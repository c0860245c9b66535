"""A running lab: Redis, service processes and Envoys, started in order and ended whatever happens."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tracetune_lab import envoy, envoy_admin, ports, priority, programs
from tracetune_lab.behaviour import Behaviour
from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.outbound import Outbound
from tracetune_lab.plan import GATEWAY, Ends, Export, HostPlan, Instance, SpansFrom, pod_name
from tracetune_lab.priority import Priority
from tracetune_lab.processes import Processes
from tracetune_lab.profiles import most_rps
from tracetune_lab.service import BEHAVIOUR_PATH
from tracetune_lab.sink import Sink
from tracetune_lab.topology import Topology
from tracetune_lab.topology_rules import MAX_REPLICAS
from tracetune_lab.work import measure_cpu_rounds_per_second

# Spans leave Envoy and the SDK at most this long after they ended (both flush every second).
FLUSH_SECONDS = 2.5


class LabOptions(msgspec.Struct, frozen=True):
    """How a lab is run: who makes spans, how they leave, and the seed of every random draw.

    `skewed` names the services whose clock can be shifted at run time (see `Lab.skew_clock`).
    `priority` is the scheduling of the lab's processes (see `tracetune_lab.priority`). `to` is the
    address of another collector (http://HOST:PORT), which then gets the spans instead of the lab.
    """

    spans_from: SpansFrom = "sidecar"
    export: Export = "otlp-http"
    seed: int = 1
    skewed: tuple[str, ...] = ()
    priority: Priority = "normal"
    to: str = ""


class Lab:
    """One topology, running. Use it as an async context manager: leaving it ends every process."""

    def __init__(self, topology: Topology, options: LabOptions, folder: Path, keep: Callable[[bytes], None]) -> None:
        """Nothing starts before `async with`; `folder` takes configuration and logs, `keep` the spans."""
        if options.export == "zipkin" and topology.sidecars == "shared":
            raise InvalidTopologyError(
                f"{topology.name} shares sidecars, but Envoy's Zipkin tracer knows one service name a process;"
                " use --export otlp-http or sidecars: per_replica"
            )
        self.topology = topology
        self.options = options
        self.instances: dict[str, list[Instance]] = {}
        self._started: dict[str, list[Instance]] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self.sink = Sink(keep, options.seed)
        self._folder = folder
        self._watched = folder / "watched"

    async def __aenter__(self) -> Self:
        """Start everything and wait until every Envoy and every app is ready."""
        self._watched.mkdir(parents=True, exist_ok=True)
        self.outbound = Outbound(self.topology, self._watched)
        self.realtime = priority.is_realtime(self.options.priority)
        self.processes = Processes(self._folder, realtime=self.realtime)
        if self.realtime:
            priority.enter(priority.KEEPER)
        self.client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        self._block = ports.reserve()
        try:
            await self._start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process, the youngest kind first."""
        await self._end()

    async def run_load(self, plan: LoadPlan) -> LoadReport:
        """Run the generator in its own process and give its report; a dead process ends the run.

        Raises:
            ProcessDiedError: a process of the lab ended.
            InvalidTopologyError: the load is too large to be meant.
        """
        most_rps(plan.profile, plan.run_seconds, plan.changes)  # refused here, where the message is seen
        plan_file, report_file = self._folder / "load-plan.json", self._folder / "load.json"
        plan_file.write_bytes(msgspec.json.encode(plan))
        command = [sys.executable, "-m", "tracetune_lab.load", str(plan_file), str(report_file)]
        await self.processes.start("load", command)
        # The wait is bounded: the plan's length, the slowest answer, and time to start.
        limit = plan.run_seconds + plan.timeout_seconds + 90
        waiting = asyncio.create_task(self.processes.wait("load", limit))
        await self._unless_dead(waiting)
        return msgspec.json.decode(report_file.read_bytes(), type=LoadReport)

    async def settle(self) -> None:
        """Wait until all spans have been flushed: until none came for the flush time, 30 s at most."""
        for _ in range(12):
            before = self.sink.received
            await asyncio.sleep(FLUSH_SECONDS)
            if self.sink.received == before:
                return

    async def set_behaviour(self, instances: list[Instance], behaviour: Behaviour) -> None:
        """Tell replicas how to depart from the topology."""
        for instance in instances:
            url = f"http://127.0.0.1:{instance.app_port}{BEHAVIOUR_PATH}"
            async with self.client.post(url, data=msgspec.json.encode(behaviour)) as answer:
                answer.raise_for_status()
            self._behaviours[instance.pod] = behaviour

    async def set_runtime(self, service: str, values: dict[str, str]) -> None:
        """Change Envoy runtime values at every sidecar of a service, or at the gateway."""
        for port in self._admin_ports_of(service):
            await envoy_admin.set_runtime(self.client, port, values)

    async def stats(self, pattern: str) -> dict[str, int]:
        """Envoy counters matching a pattern, summed over all Envoys by name."""
        total: dict[str, int] = {}
        for port in sorted({*self._admin_ports.values()}):
            for name, value in (await envoy_admin.stats(self.client, port, pattern)).items():
                total[name] = total.get(name, 0) + value
        return total

    async def add_version(self, service: str, version: str) -> list[Instance]:
        """Start replicas of another version beside the running ones, without traffic yet."""
        replicas = self.topology.services[service].replicas
        added = [self._place(service, version, replica) for replica in range(replicas)]
        await self._start_replicas(f"host-{service}-{version}", added)
        return added

    def route_to(self, service: str, instances: list[Instance]) -> None:
        """Send a service's traffic to these replicas from now on."""
        self.instances[service] = instances
        self.outbound.route_to(service, instances)

    async def scale(self, service: str, replicas: int) -> None:
        """Give a service so many replicas from now on; those no longer needed keep running without traffic.

        Raises:
            InvalidTopologyError: there is no such service, the number is not 1 to 8, or its replicas share their slots.
        """
        spec = self.topology.services.get(service)
        if spec is None or not 1 <= replicas <= MAX_REPLICAS:
            raise InvalidTopologyError(f"cannot scale {service} to {replicas}: name a service, and 1 to {MAX_REPLICAS}")
        if spec.pool.shared and replicas > spec.replicas:
            raise InvalidTopologyError(f"cannot scale {service} up while it runs: its replicas share their slots")
        started = self._started.setdefault(service, list(self.instances[service]))
        if len(started) < replicas:
            added = [self._place(service, spec.version, number) for number in range(len(started), replicas)]
            await self._start_replicas(f"host-{service}-{len(started)}", added)
            # A fault of the service is its new replicas' too; one of a single replica is not.
            behaviours = [self._behaviours.get(instance.pod, Behaviour()) for instance in started]
            if all(behaviour == behaviours[0] for behaviour in behaviours):
                await self.set_behaviour(added, behaviours[0])
            started.extend(added)
        self.route_to(service, started[:replicas])

    async def _start_replicas(self, host: str, added: list[Instance]) -> None:
        await self._start_host(host, added)
        for instance in added:
            await self._start_sidecar(f"envoy-{instance.pod}", [instance])
        await self._wait_ready(added)

    def skew_clock(self, service: str, seconds: float) -> None:
        """Shift the wall clock of a service's host: its app and its sidecar."""
        # In place: the processes have the file mapped, and one that reads while it is empty dies of SIGBUS.
        handle = os.open(self._skew_file(service), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, round(seconds * 1e9).to_bytes(8, "little", signed=True), 0)
        finally:
            os.close(handle)

    def pids_of(self, service: str) -> list[int]:
        """The service processes that host a service's replicas."""
        return [pid for name, pid in self.processes.pids().items() if name == self._host_name(service)]

    async def _start(self) -> None:
        self._admin_ports: dict[str, int] = {}
        self._cpu_rounds_per_second = measure_cpu_rounds_per_second()
        self.ends = await self._open_ends()
        if self.topology.redis:
            await self._start_redis()
        for service in self.options.skewed:
            self.skew_clock(service, 0.0)
        if self.options.skewed:
            self._skew_library = programs.build_clock_skew(self._folder)
        for name, spec in self.topology.services.items():
            self.route_to(name, [self._place(name, spec.version, replica) for replica in range(spec.replicas)])
        await self._start_hosts()
        await self._start_sidecars()
        self.gateway_port = self._block.take()
        await self._start_gateway()
        await self._wait_ready([instance for group in self.instances.values() for instance in group])

    async def _open_ends(self) -> Ends:
        redis, (spans_from, export) = self._block.take(), (self.options.spans_from, self.options.export)
        if self.options.to:
            host, port = collector(self.options.to)
            return Ends(spans_from, export, port, port, redis, host)
        ends = Ends(spans_from, export, self._block.take(), self._block.take(), redis)
        await self.sink.start(ends.http_port, ends.grpc_port)
        return ends

    async def _end(self) -> None:
        await self.processes.stop(["load"])
        # Services flush their last spans before the Envoys and the sink go.
        await self.processes.stop([name for name in self.processes.pids() if name.startswith("host-")])
        await self.processes.stop()
        await self.sink.stop()
        await self.client.close()
        self._block.release()
        if self.realtime:
            priority.leave()

    def _place(self, service: str, version: str, replica: int) -> Instance:
        app, inbound, outbound, admin = (self._block.take() for _ in range(4))
        return Instance(service, pod_name(service, version, replica), version, app, inbound, outbound, admin)

    def _host_name(self, service: str) -> str:
        label = service if service in self.options.skewed else self.topology.services[service].process
        return f"host-{label}"

    async def _start_hosts(self) -> None:
        hosted: dict[str, list[Instance]] = {}
        for service, instances in self.instances.items():
            hosted.setdefault(self._host_name(service), []).extend(instances)
        for name, instances in hosted.items():
            await self._start_host(name, instances)

    async def _start_host(self, name: str, instances: list[Instance]) -> None:
        plan = HostPlan(self.topology, instances, self.ends, self.options.seed, self._cpu_rounds_per_second)
        path = self._folder / f"{name}.json"
        path.write_bytes(msgspec.json.encode(plan))
        command = [sys.executable, "-m", "tracetune_lab.host", str(path)]
        await self.processes.start(name, command, self._skew_environment(instances[0].service))

    async def _start_sidecars(self) -> None:
        if self.topology.sidecars == "per_replica":
            for group in self.instances.values():
                for instance in group:
                    await self._start_sidecar(f"envoy-{instance.pod}", [instance])
            return
        shared: dict[str, list[Instance]] = {}
        for service, group in self.instances.items():
            shared.setdefault(self.topology.services[service].process, []).extend(group)
        for label, instances in shared.items():
            await self._start_sidecar(f"envoy-{label}", instances)

    async def _start_sidecar(self, name: str, instances: list[Instance]) -> None:
        self.outbound.add(instances)
        bootstrap = envoy.sidecar_bootstrap(self.topology, instances, self.ends, self._watched)
        for instance in instances:
            self._admin_ports[instance.pod] = instances[0].admin_port
        await self._start_envoy(name, bootstrap, self._skew_environment(instances[0].service))

    async def _start_gateway(self) -> None:
        admin = self._block.take()
        self._admin_ports[f"{GATEWAY}-0"] = admin
        self.outbound.add_gateway()
        bootstrap = envoy.gateway_bootstrap((self.gateway_port, admin), self.ends, self._watched)
        await self._start_envoy("envoy-gateway", bootstrap, {})

    async def _start_envoy(self, name: str, bootstrap: envoy.Config, environment: dict[str, str]) -> None:
        path = self._folder / f"{name}.json"
        path.write_bytes(msgspec.json.encode(bootstrap))
        command = [str(programs.envoy_path()), "-c", str(path), "--concurrency", "1", "--disable-hot-restart"]
        await self.processes.start(name, [*command, "-l", "warn"], environment)

    async def _start_redis(self) -> None:
        command = [programs.redis_path(), "--port", str(self.ends.redis_port), "--bind", "127.0.0.1"]
        await self.processes.start("redis", [*command, "--save", "", "--appendonly", "no"])

    async def _wait_ready(self, instances: list[Instance]) -> None:
        ready = asyncio.gather(
            *(envoy_admin.wait_ready(self.client, port) for port in {*self._admin_ports.values()}),
            # The control path answers POST only: 405 says that the app listens.
            *(
                envoy_admin.wait_http(
                    self.client, f"http://127.0.0.1:{instance.app_port}{BEHAVIOUR_PATH}", statuses=(405,)
                )
                for instance in instances
            ),
        )
        await self._unless_dead(ready)

    async def _unless_dead(self, work: asyncio.Future[Any]) -> None:
        """Wait for work, or end it and raise when a process of the lab has died."""
        ends: set[asyncio.Future[Any]] = {work, self.processes.died}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
        self.processes.check()
        await work

    def _admin_ports_of(self, service: str) -> set[int]:
        if service == GATEWAY:
            return {self._admin_ports[f"{GATEWAY}-0"]}
        return {self._admin_ports[instance.pod] for instance in self.instances[service]}

    def _skew_file(self, service: str) -> Path:
        return self._folder / f"{service}.skew"

    def _skew_environment(self, service: str) -> dict[str, str]:
        if service not in self.options.skewed:
            return {}
        return {
            "LD_PRELOAD": str(self._skew_library),
            "TRACETUNE_LAB_SKEW_FILE": str(self._skew_file(service)),
        }


def collector(address: str) -> tuple[str, int]:
    """Host and port of a collector's address.

    Raises:
        InvalidTopologyError: it is not http://HOST:PORT.
    """
    parts = urlsplit(address)
    try:
        if parts.scheme == "http" and parts.hostname and parts.port and parts.path in ("", "/"):
            return parts.hostname, parts.port
    except ValueError:  # a port that is not a number
        pass
    raise InvalidTopologyError(f"--to is {address!r}; give the collector's address as http://HOST:PORT")
