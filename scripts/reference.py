"""Write the reference pages from the code, so that they cannot differ:  python scripts/reference.py [FOLDER]."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from tracetune import errors, ports, settings
from tracetune.cli.main import app
from tracetune.domain import quality

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def commands() -> str:
    """Every command with its help, as the terminal shows it."""
    group: Any = typer.main.get_command(app)
    parts = ["# Commands", "", inspect.cleandoc(group.help or ""), ""]
    for name, command in _leaves(group):
        context = command.make_context(f"tracetune {name}", [], resilient_parsing=True)
        usage = " ".join(command.collect_usage_pieces(context))
        parts += [f"## {name}", "", f"```\ntracetune {name} {usage}\n```", "", _text(command.help or ""), ""]
        parts += ["| option | meaning |", "|---|---|"]
        parts += [row for parameter in command.params if (row := _row(parameter, context))]
        parts.append("")
    return "\n".join(parts)


def _leaves(group: Any, before: str = "") -> list[tuple[str, Any]]:  # noqa: ANN401 - Typer carries a click of its own
    """Every command by its whole name, those of groups too."""
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        found += _leaves(command, f"{name} ") if hasattr(command, "commands") else [(before + name, command)]
    return found


def _text(text: str) -> str:
    """Click's \\b marks a block that keeps its lines: an example."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(f"```\n{inspect.cleandoc(p[1:])}\n```" if p.startswith("\b") else p for p in paragraphs)


def _row(parameter: Any, context: Any) -> str:  # noqa: ANN401 - Typer carries a click of its own
    record = parameter.get_help_record(context)
    if record is None:
        return ""
    option, meaning = (text.replace("|", "\\|").replace("\n", " ") for text in record)
    return f"| `{option}` | {meaning} |"


def settings_page() -> str:
    """Every setting with its default and its meaning."""
    _, entries = settings.load(environ={})
    parts = ["# Settings", "", inspect.cleandoc(settings.__doc__ or ""), ""]
    parts += [
        "A file is TOML with one table a stage and is named by `--config` or `TRACETUNE_CONFIG`; a variable is the key in",
        "capitals after `TRACETUNE_`, with underscores. `tracetune settings` prints what is in force and its origin.",
        "",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for entry in entries:
        variable = settings.PREFIX + entry.key.replace(".", "_").upper()
        parts.append(f"| `{entry.key}` | `{variable}` | `{entry.value!r}` | {entry.doc} |")
    return "\n".join([*parts, ""])


def problems() -> str:
    """Every problem of span data that can be found."""
    parts = ["# Span problems", "", inspect.cleandoc(quality.__doc__ or ""), ""]
    parts += ["`tracetune doctor` lists those it found, the most harmful first.", ""]
    parts += ["| code | effect | meaning | remedy |", "|---|---|---|---|"]
    parts += [f"| `{p.code}` | {p.effect} | {p.meaning} | {p.remedy} |" for p in quality.PROBLEMS.values()]
    return "\n".join([*parts, ""])


def errors_page() -> str:
    """Every error code with its statuses."""
    classes: list[type[errors.TracetuneError]] = [errors.TracetuneError, *errors.TracetuneError.__subclasses__()]
    parts = ["# Errors", "", "| code | exit status | HTTP status | meaning |", "|---|---|---|---|"]
    parts += [
        f"| `{each.code}` | {each.exit_status} | {each.http_status} | {inspect.getdoc(each)} |" for each in classes
    ]
    parts += ["", "Exit status 0 is success, 2 also wrong usage, 3 an incident at or above `--fail-on`.", ""]
    return "\n".join(parts)


def ports_page() -> str:
    """Every plug-in point with its contract."""
    parts = ["# Plug-in points", "", inspect.cleandoc(ports.__doc__ or ""), ""]
    for name, port in inspect.getmembers(ports, inspect.isclass):
        if port.__module__ == ports.__name__:
            parts += [f"## {name}", "", inspect.getdoc(port) or "", ""]
            methods = inspect.getmembers(port, inspect.isfunction)
            parts += [f"- `{method}{_signature(f)}`: {inspect.getdoc(f)}" for method, f in methods if method[0] != "_"]
            parts.append("")
    return "\n".join(parts)


def _signature(function: Callable[..., object]) -> str:
    return str(inspect.signature(function)).replace("'", "").replace("(self, ", "(").replace("(self)", "()")


PAGES = {
    "commands.md": commands,
    "settings.md": settings_page,
    "problems.md": problems,
    "errors.md": errors_page,
    "ports.md": ports_page,
}

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for page, write in PAGES.items():
        (folder / page).write_text(write().rstrip() + "\n", "utf-8")
