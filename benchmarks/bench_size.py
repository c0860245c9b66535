"""How light tracetune is: time to import and to show help, against a bare interpreter, and what wheel and install weigh."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution, requires
from pathlib import Path

from report import save

ROOT = Path(__file__).resolve().parent.parent
REPEAT = 7


def seconds(*command: str) -> float:
    """The median wall time of a whole process."""
    taken = []
    for _ in range(REPEAT):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own commands
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


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
        "bare interpreter, seconds": round(bare, 3),
        "import tracetune, seconds above it (goal 0.15)": round(seconds(python, "-c", "import tracetune") - bare, 3),
        "tracetune --help, seconds (goal 0.3)": round(seconds(python, "-m", "tracetune", "--help"), 3),
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
