"""Learns in a process of its own, of low priority, which may die without harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tracetune import log
from tracetune.domain.series import SeriesBatch
from tracetune.errors import TracetuneError
from tracetune.forecasting import bundle, series_file
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.keras_backend import can_train
from tracetune.forecasting.learn import Normal, prepare

_LOWEST_PRIORITY = 19
_PROGRESS = "progress.txt"


class Trainer:
    """Starts one training at a time, in a directory of its own.

    Args:
        directory: for the series that go in and the models that come out.
        network: whether the LSTM may compete; where its libraries are missing it does not.
    """

    def __init__(self, directory: Path, *, network: bool, seed: int) -> None:
        self._directory, self._network, self._seed = directory, network, seed
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self.problem = ""

    @property
    def is_running(self) -> bool:
        """Whether a training is under way."""
        return self._process is not None

    @property
    def steps(self) -> tuple[int, int]:
        """How many metrics of how many are learned by the training under way; (0, 0) before it said so."""
        try:
            done, total = (self._directory / _PROGRESS).read_text("ascii").split()
            return int(done), int(total)
        except (OSError, ValueError):
            return 0, 0

    def kill(self) -> None:
        """Have the training under way die at once; ``finished`` says so when it is asked next. From any thread."""
        process = self._process
        if process is not None:
            self._killed = True
            process.kill()

    def start(self, series: SeriesBatch) -> bool:
        """Begin to learn from these series; false while another training is under way."""
        if self._process is not None:
            return False
        self._directory.mkdir(parents=True, exist_ok=True)
        series_file.write(self._directory / "series.zip", series)
        for name in ("models.zip", _PROGRESS):
            (self._directory / name).unlink(missing_ok=True)
        call = (
            f"from tracetune.live.training import learn; learn({str(self._directory)!r}, {self._network}, {self._seed})"
        )
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen([sys.executable, "-c", call], env=environment, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        return True

    def finished(self) -> Normal | None:
        """The models of a training that ended since the last call; None if none did, or if it died."""
        if self._process is None or self._process.poll() is None:
            return None
        status, self._process = self._process.returncode, None
        killed, self._killed = self._killed, False
        if killed:
            return None
        try:
            if status == 0:
                self.problem = ""
                return bundle.load(self._directory / "models.zip")[0]
            self.problem = f"the last training ended with status {status}; the models of before stay in force"
        except TracetuneError as error:
            self.problem = f"the models of the last training cannot be used: {error.message}"
        log.get_logger("trainer").warning(self.problem)
        return None

    def stop(self) -> None:
        """End a training under way."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def learn(directory: str, network: bool, seed: int) -> None:
    """What the process does: read the series, learn, and put the models there whole."""
    os.nice(_LOWEST_PRIORITY)
    folder = Path(directory)
    series = series_file.read(folder / "series.zip")
    competing = candidates(network=network and can_train())

    def progress(done: int, total: int) -> None:
        (folder / "progress.new").write_text(f"{done} {total}", "ascii")
        (folder / "progress.new").replace(folder / _PROGRESS)  # so that it is never read half written

    normal = prepare(series, estimators=competing, seed=seed, progress=progress)
    bundle.save(folder / "models.zip", normal, {"minutes": series.length})
