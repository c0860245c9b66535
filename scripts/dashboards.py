"""Write the dashboards and rules that deploy/ shows from the code, so that they cannot differ:  python scripts/dashboards.py."""

from __future__ import annotations

from pathlib import Path

from tracetune.sinks.dashboards import files

FOLDER = Path(__file__).resolve().parent.parent / "deploy"

if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, "utf-8")
        if name.endswith(".rules.yml"):  # a chart reads only what lies in it
            (FOLDER / "helm" / "tracetune" / "files" / Path(name).name).write_text(text, "utf-8")
