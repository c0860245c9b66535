"""The command `tracetune-lab`: run a topology, record scenarios, check recordings, sweep loads and replicas."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec
import typer

from tracetune_lab import (
    batch,
    capacities,
    compare,
    counts,
    manifests,
    pictures,
    play,
    predict_check,
    scenarios,
    sweep,
    sweep_picture,
    sweep_table,
    trial,
)
from tracetune_lab import record as recording
from tracetune_lab.errors import LabError, StoppedError
from tracetune_lab.grid import load_grid
from tracetune_lab.lab import Lab, LabOptions
from tracetune_lab.load import LoadPlan
from tracetune_lab.plan import Export, SpansFrom
from tracetune_lab.priority import Priority
from tracetune_lab.profiles import Profile
from tracetune_lab.recordings import Recording
from tracetune_lab.topology import Topology
from tracetune_lab.topology_files import load_topology, shipped

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Result = TypeVar("Result")
PriorityOption = Annotated[str, typer.Option(help="realtime, normal, or auto: realtime where the system permits it.")]
ToOption = Annotated[
    str, typer.Option(help="Another collector (http://HOST:PORT) that gets the spans, in place of the lab.")
]


def main() -> None:
    """Run the command line; an error a user can mend is one message and status 1, Ctrl-C is status 130."""
    try:
        app()
    except LabError as error:
        sys.stderr.write(f"tracetune-lab: {error}\n")
        # 130 is what shells report for a program that Ctrl-C ended.
        sys.exit(130 if isinstance(error, StoppedError) else 1)


@app.command()
def topologies(
    name: Annotated[str | None, typer.Argument(help="A shipped topology, or the path of a file to check.")] = None,
) -> None:
    """List the shipped topologies, or check one. Example: tracetune-lab topologies my.yaml."""
    for each in [name] if name else shipped():
        topology = load_topology(each)
        replicas = sum(service.replicas for service in topology.services.values())
        typer.echo(
            f"{topology.name:10} {len(topology.services):3} services {replicas:3} replicas  {topology.description}"
        )


@app.command(name="capacities")
def show_capacities(
    topology: Annotated[str | None, typer.Argument(help="A shipped topology or the path of a file.")] = None,
    grid: Annotated[Path | None, typer.Option(help="A grid file, in place of the lab's own.")] = None,
) -> None:
    """Print as JSON what an estimator should find: slots, discipline, work, the load at which each service is full.

    Without a topology: for each setting of the sweep. Example: tracetune-lab capacities shop
    """
    if topology:
        told: object = capacities.capacities(load_topology(topology))
    else:
        chosen = load_grid(grid)
        told = [
            {
                "replicas": setting.replicas,
                "services": capacities.capacities(chosen.topology_at(setting.replicas), chosen.mix),
            }
            for setting in chosen.settings
        ]
    typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))


@app.command()
def run(
    topology: Annotated[str, typer.Argument(help="A shipped topology or the path of a file.")],
    seconds: Annotated[float, typer.Option(help="How long the load runs.")] = 120,
    rate: Annotated[float, typer.Option(help="Requests per second.")] = 6,
    spans_from: Annotated[str, typer.Option(help="sidecar, sdk or both.")] = "sidecar",
    export: Annotated[str, typer.Option(help="otlp-http, otlp-grpc or zipkin.")] = "otlp-http",
    seed: Annotated[int, typer.Option(help="Seed of every random draw.")] = 1,
    priority: PriorityOption = "normal",
    to: ToOption = "",
) -> None:
    """Start a topology, run load, and compare every count. Example: tracetune-lab run shop --seconds 120."""
    _check_choice("--spans-from", spans_from, SpansFrom)
    _check_choice("--export", export, Export)
    _check_choice("--priority", priority, Priority)
    options = LabOptions(
        cast("SpansFrom", spans_from), cast("Export", export), seed, priority=cast("Priority", priority), to=to
    )
    account = _in_order(_run(load_topology(topology), options, seconds, rate))
    typer.echo(account.text())
    if account.differences():
        raise typer.Exit(1)


@app.command(name="scenarios")
def list_scenarios() -> None:
    """List the scenario catalogue."""
    for scenario in scenarios.catalogue():
        typer.echo(f"{scenario.split:6} {scenario.name:26} {scenario.run_seconds / 60:4.0f} min  {scenario.about}")


@app.command()
def record(
    scenario: Annotated[str, typer.Argument(help="A name from `tracetune-lab scenarios`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory that gets DIR/SCENARIO.")],
    priority: PriorityOption = "normal",
) -> None:
    """Run one scenario and record it. Example: tracetune-lab record bookinfo-errors -o out."""
    _check_choice("--priority", priority, Priority)
    _show(_in_order(recording.record(scenarios.find(scenario), output, priority=cast("Priority", priority))))


@app.command(name="play")
def play_scenario(
    scenario: Annotated[str, typer.Argument(help="A name from `tracetune-lab scenarios`.")],
    to: ToOption,
    priority: PriorityOption = "normal",
) -> None:
    """Run one scenario against another collector, and print its truth. Example: play shop-day-release --to URL."""
    _check_choice("--priority", priority, Priority)
    played = _in_order(play.play(scenarios.find(scenario), to, cast("Priority", priority)))
    typer.echo(msgspec.json.format(msgspec.json.encode(played.truths), indent=2))
    typer.echo(f"{played.load.sent} requests, {played.load.answered} answered, {played.spans_sent} spans sent to {to}")


@app.command()
def record_all(
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory that gets DIR/SPLIT/SCENARIO.")],
    at_once: Annotated[int, typer.Option(help="How many scenarios run side by side.")] = 2,
    missing: Annotated[bool, typer.Option(help="Only those that are not recorded yet.")] = False,
) -> None:
    """Record the whole catalogue. Example: tracetune-lab record-all -o lab/recordings --missing."""
    failed = _in_order(batch.record_all(output, at_once, missing_only=missing))
    if failed:
        raise LabError(f"not recorded: {', '.join(failed)}; their messages are above")


@app.command()
def check(
    places: Annotated[list[Path], typer.Argument(help="Directories of recordings.")],
) -> None:
    """Check that recordings are whole. Example: tracetune-lab check lab/recordings/*/*."""
    for place in places:
        _show(Recording(place))


@app.command(name="sweep")
def run_sweep(
    output: Annotated[Path, typer.Option("--output", "-o", help="The CSV table to write.")],
    points: Annotated[Path, typer.Option(help="The directory that keeps each point's spans; resumed from there.")],
    grid: Annotated[Path | None, typer.Option(help="A grid file of your own.")] = None,
    priority: PriorityOption = "auto",
) -> None:
    """Measure the shop at loads and replicas. Example: tracetune-lab sweep -o sweep.csv --points out/points."""
    _check_choice("--priority", priority, Priority)
    chosen = load_grid(grid)
    rows = _in_order(sweep.run(chosen, points, cast("Priority", priority), typer.echo))
    sweep_table.write_table(rows, output)
    typer.echo(f"{len({row.point for row in rows})} points, {len(rows)} rows in {output}")


@app.command()
def draw(
    recordings: Annotated[Path, typer.Argument(help="The directory that holds SPLIT/SCENARIO.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory that gets one SVG per scenario.")],
) -> None:
    """Draw each recording's affected operation. Example: tracetune-lab draw lab/recordings -o docs/lab."""
    for scenario in scenarios.catalogue():
        place = recordings / scenario.split / scenario.name
        typer.echo(pictures.draw(Recording(place), output / f"{scenario.name}.svg"))
    if (recordings / "shop-sweep.csv").is_file():
        sweep_picture.draw(recordings / "shop-sweep.csv", output / "shop-sweep.svg")
        typer.echo(output / "shop-sweep.svg")


@app.command(name="predict-check")
def check_predictions(
    predictions: Annotated[Path, typer.Argument(help="JSON; docs/lab.md has the format.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Seal here, then measure the points.")] = None,
    against: Annotated[Path | None, typer.Option(help="A table measured before, in place of measuring.")] = None,
    grid: Annotated[Path | None, typer.Option(help="A grid file: mix, pools, seconds of a point.")] = None,
    priority: PriorityOption = "auto",
) -> None:
    """Compare predictions with what is measured after they were sealed. Example: predict-check p.json -o out/check."""
    _check_choice("--priority", priority, Priority)
    if (output is None) == (against is None):
        raise LabError("give either -o DIRECTORY, to seal and measure, or --against TABLE")
    if against is not None:
        judged = predict_check.against(predictions, against)
    else:
        place = cast("Path", output)
        judged = _in_order(
            predict_check.measure(predictions, place, load_grid(grid), cast("Priority", priority), typer.echo)
        )
    typer.echo(predict_check.text(judged))


@app.command(name="try")
def try_changes(
    manifests_file: Annotated[Path, typer.Argument(metavar="MANIFESTS", help="YAML, as `tracetune tune` writes it.")],
    scenario: Annotated[str, typer.Option(help="Whose load and faults are used; the faults last throughout.")],
    turn_minutes: Annotated[int, typer.Option(help="Whole minutes of one turn.", min=1, max=30)] = 2,
    turns: Annotated[int, typer.Option(help="Turns in all, without and with the changes.", min=2, max=20)] = 4,
    rate_factor: Annotated[float, typer.Option(help="The scenario's load times this.")] = 1.0,
    slo: Annotated[list[str] | None, typer.Option(help="An objective: 'POST /checkout=0.5' (seconds).")] = None,
    priority: PriorityOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="JSON in place of the table.")] = False,
) -> None:
    """Apply manifests to a running lab in turns. Example: tracetune-lab try advice.yaml --scenario shop-retry-storm."""
    _check_choice("--priority", priority, Priority)
    chosen = scenarios.find(scenario)
    topology = load_topology(chosen.topology)
    changes = manifests.read_manifests(manifests_file, topology)
    scaled = msgspec.structs.replace(chosen, profile=chosen.profile.times(rate_factor))
    plan = trial.Trial(scaled, turn_minutes, turns, dict(_objective(each) for each in slo or []))
    found = _in_order(trial.run(plan, topology, changes, cast("Priority", priority)))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        typer.echo("\n".join([changes.text(), "", trial.HEADER, *(each.text() for each in found)]))


@app.command(name="compare")
def compare_recordings(
    one: Annotated[Path, typer.Argument(help="A recording.")],
    other: Annotated[Path, typer.Argument(help="Another of the same scenario.")],
) -> None:
    """Compare two recordings of one scenario. Example: tracetune-lab compare lab/recordings/dev/NAME out/NAME."""
    found = compare.compare(Recording(one), Recording(other))
    typer.echo("\n".join([*(difference.text() for difference in found), compare.summary(found)]))


async def _run(topology: Topology, options: LabOptions, seconds: float, rate: float) -> counts.Account:
    tally = counts.Tally(zipkin=options.export == "zipkin")
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as folder:
        async with Lab(topology, options, Path(folder), tally.keep) as lab:
            plan = LoadPlan(
                url=f"http://127.0.0.1:{lab.gateway_port}",
                host=topology.entry.service,
                profile=Profile(base_rps=rate, peak_rps=rate),
                mix=topology.entry.mix,
                run_seconds=seconds,
                seed=options.seed,
                start_unix_seconds=time.time() + 2,
            )
            report = await lab.run_load(plan)
            await lab.settle()
            stats = await lab.stats(counts.STATS)
    return counts.Account(tally, report, stats, options.spans_from, options.to)


def _in_order(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; Ctrl-C and SIGTERM cancel the work, whose own clean-up ends every process."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)
        batch.cancel_on_sigterm(loop, task)
        try:
            return runner.run(_awaited(task))
        except asyncio.CancelledError:
            raise StoppedError("stopped; every process has been ended and nothing half written is kept") from None
        except BaseExceptionGroup as group:
            first = batch.first_lab_error(group)
            raise first or group from None


async def _awaited(task: asyncio.Task[Result]) -> Result:
    return await task


def _show(found: Recording) -> None:
    manifest = found.manifest
    size = sum(file.stat().st_size for file in found.place.iterdir())
    typer.echo(
        f"{found.place}: {manifest.requests_sent} requests, {manifest.spans_received} spans, {size / 1e6:.2f} MB, whole"
    )


def _objective(text: str) -> tuple[str, float]:
    operation, _, seconds = text.rpartition("=")
    try:
        return operation, float(seconds)
    except ValueError as error:
        raise LabError(f"--slo is {text!r}; write it as 'POST /checkout=0.5'") from error


def _check_choice(option: str, value: str, choices: Any) -> None:  # noqa: ANN401 - a Literal type
    try:
        msgspec.convert(value, choices)
    except msgspec.ValidationError as error:
        raise LabError(f"{option} is {value!r}; use one of {', '.join(choices.__args__)}") from error


if __name__ == "__main__":
    main()
