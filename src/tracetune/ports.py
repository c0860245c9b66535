"""Every plug-in point, as a protocol with its contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol, runtime_checkable

from tracetune.domain.analysis import Analysis
from tracetune.domain.forecasts import Forecast
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import Decoded
from tracetune.domain.usage import PodUsage


@runtime_checkable
class SpanReader(Protocol):
    """Reads one format of spans from a stream of bytes.

    ``read`` yields batches of a bounded number of spans and holds a bounded part of the stream in memory. Items that are
    no usable span are counted in ``Decoded.rejected`` and skipped, never raised. A stream that cannot be read (further)
    raises ``InvalidInput`` with the byte offset and what to do, after everything before it was yielded.
    """

    format: str

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        ...


@runtime_checkable
class MinuteStore(Protocol):
    """Keeps minutes; rows of equal keys add up, whenever and in whatever pieces they were written.

    ``write`` returns when the rows will survive the process. A store has one owner; a second raises ``Conflict``.
    """

    def write(self, minutes: MinuteBatch, *, write_id: str = "") -> None:
        """Add these minutes to what is stored; nothing, if a write with the same id (not "") was among the last 1,000.

        So a write that was interrupted is done again, whole, and adds what was missing.
        """
        ...

    def read(self, first_minute: int, last_minute: int) -> MinuteBatch:
        """The minutes in ``[first_minute, last_minute)``, merged."""
        ...

    def close(self) -> None:
        """Give up the store; using it afterwards is a mistake."""
        ...


@runtime_checkable
class ObjectStore(Protocol):
    """Keeps named pieces of bytes: a directory, or a bucket of S3-compatible storage.

    Names are words of letters, digits, ``.``, ``_`` and ``-``, parted by slashes. Whatever is written is there whole or
    not at all, for every reader and after a crash; of several writers at once exactly one wins, and the others are told.
    """

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """The bytes; ``NotFound`` where there are none, ``InvalidInput`` where they are more than ``most_bytes``."""
        ...

    def create(self, name: str, content: bytes) -> bool:
        """Write what must not be there yet; False, and nothing written, where it is (on S3: ``If-None-Match: *``)."""
        ...

    def swap(self, name: str, expected: bytes | None, content: bytes) -> bool:
        """Replace exactly these bytes, None for absence; False, and nothing written, where there are others (``If-Match``)."""
        ...

    def names(self, prefix: str) -> list[str]:
        """All names below the folder ``prefix``, in order."""
        ...


@runtime_checkable
class Predictor(Protocol):
    """A fitted model of one metric. Only what is fitted can predict.

    The forecast of a minute uses nothing that came after it, nor anything within the model's gap before it, except the
    number of calls of that same minute where the model is conditioned on load.
    """

    name: str

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """Expected quantiles for every minute of ``series`` and for ``horizon_minutes`` after it."""
        ...


@runtime_checkable
class Estimator(Protocol):
    """A model that can learn.

    ``fit`` does not change its input, gives equal predictors for equal input and seed, and raises ``NotEnoughData`` with
    the least history it needs where the series are too short.
    """

    name: str

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> Predictor:
        """Learn what is normal for ``metric`` from all series together."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Shows or sends an analysis: a report, a patch, an alert."""

    def write(self, analysis: Analysis) -> None:
        """Write all of it or raise; nothing half-written is left behind."""
        ...


@runtime_checkable
class UsageReader(Protocol):
    """Knows what pods used of CPU and memory, and what they were given of it. Advice is the better for it, and needs none."""

    def read(self, start_unix_seconds: float, end_unix_seconds: float) -> Sequence[PodUsage]:
        """Every pod that used CPU in that time, by namespace and name; what is not known of one is NaN.

        ``Unavailable`` where it does not answer in time, ``Unauthorized`` where it wants another token.
        """
        ...
