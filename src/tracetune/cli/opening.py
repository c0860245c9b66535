"""How every command begins: the settings in force, the talk configured, the application opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracetune.app import Application


def application(config: Path | None, flags: Mapping[str, Any], *, quiet: bool, verbose: int) -> Application:
    """The application as settings file, environment and flags say.

    Raises:
        InvalidSettings: one of them says something that cannot be used.
    """
    from tracetune import log
    from tracetune import settings as tree
    from tracetune.app import Application

    log.configure(verbosity=-1 if quiet else verbose)
    found, _ = tree.load(file=config, flags=flags)
    return Application(found)
