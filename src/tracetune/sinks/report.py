"""The report: one HTML file that opens anywhere, asks the network for nothing, and trusts no name in the traces."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

from tracetune.domain.analysis import Analysis
from tracetune.sinks.compose import compose
from tracetune.sinks.document import encode

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · tracetune</title>
<style>{style}</style>
</head>
<body>
<div id="report"><main class="plain"><h1>{headline}</h1><noscript>This page draws its charts with JavaScript, from \
data inside this file; it asks the network for nothing. Switch JavaScript on to see them.</noscript></main></div>
<script type="application/json" id="document">{document}</script>
<script>{script}</script>
</body>
</html>
"""


class HtmlReport:
    """Writes the report of an analysis to one file (port ``Sink``)."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def write(self, analysis: Analysis) -> None:
        """Write the report beside its place and rename it there, so that nobody ever opens half of one.

        Raises:
            OSError: the folder does not exist or cannot be written to.
        """
        text = render(analysis)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".part")
        partial = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.chmod(0o644)
            partial.replace(self._path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def render(analysis: Analysis) -> str:
    """The whole page as text.

    The policy lets run exactly the script and the style of this package, by their hashes, and nothing else: no request,
    no other script even if one were smuggled in by a name.
    """
    script, style = _static("report.js"), _static("report.css")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    headline = html.escape(analysis.headline)
    return _PAGE.format(
        policy=policy,
        title=headline,
        headline=headline,
        style=style,
        document=encode(compose(analysis)),
        script=script,
    )


@cache
def _static(name: str) -> str:
    return files("tracetune.sinks").joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    """Source: Content Security Policy Level 3, "hash-source"."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
