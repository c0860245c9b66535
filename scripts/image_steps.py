"""Walks the steps of deploy/Dockerfile where there is no engine to build it:  python scripts/image_steps.py [PYTHON].

Each COPY and RUN of the first stage is done as it stands, below a scratch folder, with only the files that .dockerignore
lets through; then the image's command runs as its user, who may write nothing but its volume, until its health
check is content. PYTHON stands for the base image, so that and useradd are not tried.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
HOME = "/opt/tracetune"
USER = 10001
PORT = "8787"
PATIENCE = 600.0
"""Seconds, far beyond what the chart's probes allow."""

# Reads what only root may, for PYTHON may lie in root's home; writes nothing that is not its own.
READ_ONLY = "-all,+dac_read_search"
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", f"--bounding-set={READ_ONLY}"]
AS_USER += [f"--inh-caps={READ_ONLY}", f"--ambient-caps={READ_ONLY}", "--no-new-privs"]

Step = tuple[str, str]


def stages(text: str) -> list[list[Step]]:
    """The instructions of each stage, as (word, rest), with continued lines joined."""
    lines = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#"))).splitlines()
    steps = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]
    starts = [at for at, (word, _) in enumerate(steps) if word == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def build(steps: list[Step], scratch: Path, python: str) -> None:
    """Do the first stage's instructions below ``scratch``."""
    subprocess.run([python, "-m", "venv", str(scratch / "base")], check=True)  # noqa: S603 - our own words
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment["PATH"] = f"{scratch / 'base' / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    (scratch / "opt").mkdir()
    work = scratch
    for word, rest in steps:
        if word == "WORKDIR":
            work = scratch / rest.lstrip("/")
            work.mkdir(parents=True)
        elif word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                copy(source, work / target)
        elif word == "RUN":
            command = rest.replace(HOME, str(scratch) + HOME)
            shell = ["/bin/sh", "-euc", command]
            done = subprocess.run(shell, cwd=work, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
            if done.returncode:
                raise SystemExit(f"RUN {rest}\n{done.stdout}{done.stderr}")
        elif word != "FROM":
            raise SystemExit(f"{word} is not known to this walk")


def copy(source: str, target: Path) -> None:
    """Copy what git keeps of ``source``, as far as .dockerignore lets it into the build."""
    if f"!{source}" not in (ROOT / ".dockerignore").read_text().splitlines():
        raise SystemExit(f"COPY {source}: .dockerignore keeps it out")
    kept = subprocess.run(["git", "ls-files", "-z", source], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603, S607 - ours
    for name in filter(None, kept.stdout.split("\0")):
        if (ROOT / name).exists():
            goal = target / name if "/" not in name else target.parent / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, goal)


def serve(steps: list[Step], scratch: Path) -> float:
    """Seconds until the health check is content with a server that runs as the image's user does."""
    words, port = dict(steps), _free_port()
    environment = _environment(words["ENV"], scratch)
    user = AS_USER if os.geteuid() == 0 else []
    entry = [*user, f"{scratch}{HOME}/bin/{json.loads(words['ENTRYPOINT'])[0]}"]
    python, *check = json.loads(words["HEALTHCHECK"].split("CMD", 1)[1].replace(PORT, port))
    check = [*user, f"{scratch}{HOME}/bin/{python}", *check]
    subprocess.run([*entry, *json.loads(words["CMD"])], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    ports = ["--port", port, "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--zipkin-port", "0"]
    started = time.monotonic()
    with subprocess.Popen([*entry, "serve", *ports], env=environment, cwd=scratch) as server:  # noqa: S603 - ours
        try:
            while subprocess.run(check, env=environment, capture_output=True, check=False).returncode:  # noqa: S603 - ours
                if server.poll() is not None or time.monotonic() - started > PATIENCE:
                    raise SystemExit("the server did not become healthy")
                time.sleep(1)
            seconds = time.monotonic() - started
        finally:
            server.send_signal(signal.SIGTERM)
    if server.returncode:
        raise SystemExit(f"the server ended with {server.returncode} when asked to stop")
    return seconds


def _environment(instruction: str, scratch: Path) -> dict[str, str]:
    """The image's variables with the chart's on top; the two folders that are the user's are made."""
    folders = {"TRACETUNE_SERVE_DIRECTORY": scratch / "data", "HOME": scratch / "tmp"}
    for folder in folders.values():
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, USER, USER)
    image = dict(pair.split("=", 1) for pair in instruction.replace(HOME, str(scratch) + HOME).split())
    image["PATH"] = image["PATH"].replace("$PATH", "/usr/bin:/bin")
    kernels = {"NUMBA_CACHE_DIR": str(scratch / "data" / "kernels"), "TMPDIR": str(scratch / "tmp")}
    return image | {key: str(folder) for key, folder in folders.items()} | kernels


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        first, last = stages(DOCKERFILE.read_text())
        build(first, folder, sys.argv[1] if len(sys.argv) > 1 else sys.executable)
        told = f"as user {USER}" if os.geteuid() == 0 else "as you; only root can try its user"
        print(f"the image's command was healthy after {serve(last, folder):.0f} s {told}; the base image was not tried")  # noqa: T201 - the answer
