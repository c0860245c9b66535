"""Takes over the version of the registry that somebody promoted: looks where its alias points, and loads what is new."""

from __future__ import annotations

from tracetune import log, training
from tracetune.errors import InvalidInput, TracetuneError
from tracetune.forecasting.learn import Normal
from tracetune.stores.models import PRODUCTION, ModelRegistry


class Promoted:
    """For one thread; ``problem`` and ``number`` may be read by others.

    Attributes:
        number: of the version whose models were given out last; 0 where the alias is not there.
        problem: why the version that the alias points at is not in use; "" where all is well.
    """

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._normal: Normal | None = None
        self._refused = 0
        self.number = 0
        self.problem = ""

    def look(self) -> Normal | None:
        """The models to speak by, the same object until the alias moves; None where nothing is promoted (any more).

        What cannot be read changes nothing: the models of before stay. A version that was found damaged is not read again.
        """
        wanted = 0
        try:
            wanted = self._registry.pointed(PRODUCTION)
            if wanted == self._refused and wanted:
                return self._normal
            if wanted != self.number:
                version = self._registry.version(str(wanted)) if wanted else None
                self._normal = training.unpacked(self._registry.content(version)) if version else None
                self.number = wanted
            self._refused, self.problem = 0, ""
        except TracetuneError as error:
            self._refuse(wanted, error)
        return self._normal

    def refuse(self, error: TracetuneError) -> None:
        """Say that the models given out last cannot be used here; they are not read again."""
        self._refuse(self.number, error)
        self._refused = self.number

    def _refuse(self, wanted: int, error: TracetuneError) -> None:
        if isinstance(error, InvalidInput):
            self._refused = wanted
        what = f"version {wanted}" if wanted else "the model"
        problem = f"{what} that {PRODUCTION} points at is not used: {error.message}; the models of before stay in force"
        if problem != self.problem:
            log.get_logger("promoted").warning(problem)
        self.problem = problem
