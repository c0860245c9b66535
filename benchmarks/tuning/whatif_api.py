"""How quickly a running API answers what-ifs of a shop of twelve services.

PYTHONPATH=benchmarks python -m tuning.whatif_api

The server is a process of its own with a real uvicorn over the spans of the lab's sweep; every question is another one, so that
nothing is answered from memory but the queues, which the first question finds.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import httpx
import numpy as np
import uvicorn

from tracetune.api.app import Options, create_app
from tracetune.api.guard import Limits
from tracetune.api.snapshots import fixed
from tracetune.app import Application
from tracetune.settings import load
from tuning.sweep import RECORDED, RESULTS, TRAINED_ON

SCREENED_GOAL_MS, SIMULATED_GOAL_MS = 200.0, 3000.0
_LOADS = np.round(np.linspace(0.5, 1.2, 10), 3)
_STARTS_WITHIN_SECONDS = 300


def serve(port: int) -> None:
    """Answer, and say in a header what CPU each answer took."""
    settings, _ = load(environ={}, flags={"learn.model": "baselines"})
    files = [str(RECORDED / "sweep" / name) for name in TRAINED_ON]
    analysis = Application(settings).analyze(files, lambda *_: None)
    app = create_app(fixed(analysis), options=Options(limits=Limits(requests_per_second=1e9, burst=1e9)))

    @app.middleware("http")
    async def timed(request, following):  # type: ignore[no-untyped-def]  # Starlette's own types  # noqa: ANN001, ANN202
        begun = time.process_time()
        answer = await following(request)
        answer.headers["x-cpu-ms"] = f"{1e3 * (time.process_time() - begun):.3f}"
        return answer

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def ask(client: httpx.Client, *, simulated: bool) -> tuple[list[float], list[float]]:
    """Milliseconds an answer: of the server's processors, and on the clock."""
    cpu, wall = [], []
    for number, load_factor in enumerate(_LOADS):
        path = f"/api/v1/whatif?load={load_factor}&replicas=payment={2 + number % 3}&simulated={str(simulated).lower()}"
        begun = time.perf_counter()
        answer = client.get(path)
        wall.append(1e3 * (time.perf_counter() - begun))
        cpu.append(float(answer.raise_for_status().headers["x-cpu-ms"]))
    return cpu, wall


def main() -> None:
    """Start the server, ask, print a table and keep it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = subprocess.Popen([sys.executable, __file__, "serve", str(port)])  # noqa: S603 - this very file
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            _wait(client, child)
            client.get("/api/v1/whatif?load=0.99").raise_for_status()  # finds the queues
            client.get("/api/v1/whatif?load=0.98&simulated=true").raise_for_status()
            rows = {}
            for name, simulated, goal in (
                ("screened", False, SCREENED_GOAL_MS),
                ("simulated", True, SIMULATED_GOAL_MS),
            ):
                cpu, wall = ask(client, simulated=simulated)
                rows[name] = [*np.quantile(cpu, (0.5, 0.95)), *np.quantile(wall, (0.5, 0.95)), goal]
    finally:
        child.terminate()
        child.wait()
    print(
        "| what-if over HTTP | CPU ms, middle | CPU ms, p95 | wall ms, middle | wall ms, p95 | goal |\n"
        "|---|---:|---:|---:|---:|---:|"
    )
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(f'{value:.0f}' for value in values)} |")
    (RESULTS / "whatif-api.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def _wait(client: httpx.Client, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < until and child.poll() is None:
        try:
            if client.get("/api/v1/overview").is_success:
                return
        except httpx.ConnectError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        main()
