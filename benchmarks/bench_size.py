"""How light tracetune is: CPU time to import and to show help, beside a bare interpreter's, and what wheel and install weigh."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import distribution, requires
from pathlib import Path

from report import save

ROOT = Path(__file__).resolve().parent.parent
REPEAT = 7


def seconds(*command: str) -> float:
    """The median CPU time of a whole process: what its wall time is on an idle machine."""
    taken = []
    for _ in range(REPEAT):
        begun = _children()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own commands
        taken.append(_children() - begun)
    return statistics.median(taken)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wheel_bytes() -> int:
    """The size of the built wheel."""
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", folder]
        subprocess.run([*build, "--python", sys.executable, str(ROOT)], check=True)  # noqa: S603
        return next(Path(folder).glob("*.whl")).stat().st_size


def installed_bytes(extra: str = "") -> int:
    """What the distributions that tracetune needs, with an extra, take on disk; compiled caches left out."""
    todo, seen = [("tracetune", extra)], {"tracetune"}
    total = 0
    while todo:
        name, wanted = todo.pop()
        for line in requires(name) or []:
            needed, _, marker = line.partition(";")
            if "extra" in marker and f"'{wanted}'" not in marker.replace('"', "'"):
                continue
            dependency = re.split(r"[\s<>=!~\[(]", needed.strip())[0].lower()
            if dependency in seen or not _is_installed(dependency):
                continue
            seen.add(dependency)
            todo.append((dependency, ""))
            total += _bytes(dependency)
    return total


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except ModuleNotFoundError:
        return False
    return True


def _bytes(name: str) -> int:
    files = distribution(name).files or []
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> None:
    """Print the table and keep it."""
    python = sys.executable
    bare = seconds(python, "-c", "pass")
    figures: dict[str, float | str] = {
        "bare interpreter, CPU seconds": round(bare, 3),
        "import tracetune, CPU seconds above it (goal 0.15)": round(
            seconds(python, "-c", "import tracetune") - bare, 3
        ),
        "tracetune --help, CPU seconds (goal 0.3)": round(seconds(python, "-m", "tracetune", "--help"), 3),
        "wheel, MB (goal 2)": round(wheel_bytes() / 1e6, 2),
        "base install, MB": round(installed_bytes() / 1e6),
        "with the extra learn, MB": round(installed_bytes("learn") / 1e6),
    }
    print("| what | figure |\n|---|---:|")
    for name, figure in figures.items():
        print(f"| {name} | {figure} |")
    save("size", [], **figures)


if __name__ == "__main__":
    main()
