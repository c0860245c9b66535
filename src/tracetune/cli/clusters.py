"""The commands that look at the cluster that the services run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracetune.cli import options

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracetune.domain.workloads import Workload

Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="Default: KUBECONFIG, ~/.kube/config, or the pod's own account.")
]
Context = Annotated[
    str | None, typer.Option("--context", help="A context of the kubeconfig file; default: the current one.")
]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Only this namespace; default: all of them.")]


def workloads(
    files: options.Inputs = None,
    *,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    store: options.Store = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """List what runs in a cluster, who scales it and how long a pod takes to be ready; beside the services of traces if given.

    \b
    tracetune workloads traces/ --namespace shop
    """
    from tracetune.cli import output as out
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress

    app = application(config, options.flags(store=store), quiet=quiet, verbose=verbose)
    found = app.workloads(kubeconfig, context, namespace)
    joined: Mapping[str, Workload] = {}
    if files or store:
        with progress(quiet=quiet) as report:
            joined = app.placed(files or [], found, report)
    out.show(table(found, joined), _documents(found, joined), as_json=as_json, to=output)


def table(found: Sequence[Workload], joined: Mapping[str, Workload]) -> RenderableType:
    """One workload a line, beside the services of traces that it runs."""
    from rich.text import Text

    from tracetune.cli.fitted import FittedTable
    from tracetune.domain import words

    if not found:
        return Text("No Deployment or StatefulSet was found.")
    right = ("REPLICAS", "READY", "CPU", "MEMORY", "STARTUP")
    folds = ("NAMESPACE", "WORKLOAD", "SERVICE", "SCALED BY")
    table = FittedTable("NAMESPACE", "WORKLOAD", "SERVICE", *right, "SCALED BY", right=right, folds=folds, lead=2)
    for each in found:
        services = [service for service, workload in joined.items() if workload is each]
        scaler = each.autoscaler
        table.add_row(
            each.namespace,
            Text(each.name, style="bold"),
            ", ".join(services) or Text(each.services[0], style="dim"),
            str(each.replicas),
            str(each.ready),
            "?" if each.cpu_cores is None else f"{each.cpu_cores:g}",
            "?" if each.memory_bytes is None else f"{each.memory_bytes / 2**20:,.0f} Mi",
            "?" if each.startup_seconds is None else words.duration(each.startup_seconds),
            "–"
            if scaler is None
            else f"{scaler.name} {scaler.least}–{scaler.most} {', '.join(scaler.metrics)}".rstrip(),
        )
    return table


def _documents(found: Sequence[Workload], joined: Mapping[str, Workload]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [
        {
            **asdict(each),
            "pods": sorted(each.pods),
            "traced_as": sorted(service for service, workload in joined.items() if workload is each),
        }
        for each in found
    ]


ALL: tuple[Callable[..., None], ...] = (workloads,)
