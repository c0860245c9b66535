"""The wheel alone, in an environment of its own, without Node and without any network: the demo, then its pages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = [sys.executable, "-m", "uv"]

pytestmark = pytest.mark.slow

# Run by the new environment's Python where there is no interface but the loopback.
PAGES = """
import json, subprocess, sys, urllib.request
tracetune, traces = sys.argv[1:]
command = [tracetune, "view", traces, "--port", "8787", "--model", "baselines"]
with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as pages:
    try:
        next(line for line in pages.stderr if "shows" in line)
        for _ in range(600):  # it listens a moment later
            try:
                page = urllib.request.urlopen("http://127.0.0.1:8787/")
                break
            except OSError:
                if pages.poll() is not None:
                    raise
                __import__("time").sleep(0.1)
        overview = json.load(urllib.request.urlopen("http://127.0.0.1:8787/api/v1/overview"))
        try:
            urllib.request.urlopen("http://192.0.2.1/", timeout=5)
            network = True
        except OSError:
            network = False
        print(json.dumps([page.status, len(page.read()), overview["headline"], network]))
    finally:
        pages.terminate()
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs into which the wheel, and what it needs, was installed from what is on this machine."""
    folder = tmp_path_factory.mktemp("wheel")
    _do(
        *UV,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        folder,
        ROOT,
    )
    _do(*UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    (wheel,) = folder.glob("*.whl")
    install = [*UV, "pip", "install", "--quiet", "--offline", "--python", folder / "venv" / "bin" / "python"]
    _do(*install, "--require-hashes", "--requirement", ROOT / "requirements.lock")
    _do(*install, "--no-deps", wheel)
    return folder / "venv" / "bin"


def _do(*command: object) -> None:
    done = subprocess.run([str(each) for each in command], check=False, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode and "network was disabled" in done.stderr:
        pytest.skip(f"not all packages are in uv's cache: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr


def _alone(environment: Path, *command: object) -> str:
    """What a command prints that sees no network, no Node and no other program."""
    unshare = shutil.which("unshare")
    allowed = unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
    address = shutil.which("ip")
    if not unshare or not allowed or not address:
        pytest.skip("no network of one's own here: unshare -rn, or ip, is missing")
    folder = environment.parent.parent
    script = f'{address} link set lo up && exec env -i HOME={folder} PATH={environment} "$@"'
    line = [unshare, "-rn", "sh", "-c", script, "sh", *map(str, command)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=folder)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_shows_the_demo_and_its_pages_without_node_and_without_a_network(environment: Path) -> None:
    _alone(environment, environment / "tracetune", "demo", "--out", "demo", "--model", "baselines", "--quiet")
    made = sorted(each.name for each in (environment.parent.parent / "demo").iterdir())
    traces = next(name for name in made if "json" in name or "traces" in name)
    said = _alone(environment, environment / "python", "-c", PAGES, environment / "tracetune", f"demo/{traces}")
    status, size, headline, network = json.loads(said)

    assert any(name.endswith(".html") for name in made)
    assert (status, network) == (200, False)
    assert size > 300
    assert "is slow because of" in headline
