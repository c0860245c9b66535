"""The command ``tracetune``: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys

import typer

from tracetune.cli import (
    asking,
    clusters,
    commands,
    dashboards,
    keeping,
    kubeflow_objects,
    model_doors,
    models,
    pipelines,
    proofs,
    serve,
    viewing,
    whatif,
)
from tracetune.errors import TracetuneError

INTERRUPTED = 130

app = typer.Typer(
    name="tracetune",
    help="Learns from your traces what is normal for every operation, says what broke and why, and how to tune it.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    *commands.ALL,
    *asking.ALL,
    *clusters.ALL,
    *dashboards.ALL,
    *models.ALL,
    *proofs.ALL,
    *viewing.ALL,
    *whatif.ALL,
    *keeping.ALL,
    serve.serve,
)

for command in COMMANDS:
    app.command(command.__name__.rstrip("_").replace("_", "-"))(command)
for command in model_doors.ALL:
    models.group.command(command.__name__)(command)
app.add_typer(models.group)
for printing in kubeflow_objects.ALL:
    pipelines.group.command(printing.__name__.replace("_", "-"))(printing)
app.add_typer(pipelines.group)


def main() -> None:
    """Run a command; every failure ends in one sentence, a hint and an exit status."""
    try:
        app()
    except TracetuneError as error:
        sys.stderr.write(f"tracetune: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"           {error.hint}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("tracetune: interrupted; nothing half-written was left behind\n")
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault of ours is reported as one
        _report_fault(error)
        sys.exit(1)


def _report_fault(error: Exception) -> None:
    if os.environ.get("TRACETUNE_DEBUG"):
        raise error
    sys.stderr.write(
        f"tracetune: internal fault: {type(error).__name__}: {error}\n"
        "           this is ours to mend; run again with TRACETUNE_DEBUG=1 for the traceback and report it\n"
    )
