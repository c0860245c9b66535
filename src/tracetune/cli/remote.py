"""Answers of a running server as the domain's values, so that commands show them as they show their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx
import numpy as np

from tracetune import errors
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Analysis, Ingested, Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking, Contribution
from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.domain.spans import SpanBatch

if TYPE_CHECKING:
    from tracetune.settings import ClientSettings

Json = Any
_PATIENCE_SECONDS = 30.0
_METRICS = {"s": Metric.LATENCY_P95, "ratio": Metric.ERROR_RATIO, "calls/min": Metric.CALLS}
_COURSE_BEFORE = 30  # minutes of an anomaly's course that lie before its onset
_ERRORS: Mapping[str, type[errors.TracetuneError]] = {
    each.code: each for each in errors.TracetuneError.__subclasses__() if each.code != "internal"
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; every failure is raised as the error that the server had.

    Raises:
        InvalidSettings: no address of a server is known.
    """

    url: str
    client: httpx.Client

    @classmethod
    def at(cls, settings: ClientSettings) -> Server:
        """The server that the settings name."""
        if not settings.url:
            raise errors.InvalidSettings(
                "this asks a running server, and none is named",
                hint="give --url http://127.0.0.1:8787, or set TRACETUNE_CLIENT_URL",
            )
        headers = {"authorization": f"Bearer {settings.token}"} if settings.token else {}
        return cls(settings.url.rstrip("/"), httpx.Client(timeout=_PATIENCE_SECONDS, headers=headers))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, path: str, **query: str | list[str]) -> Json:
        """What the server answers at ``/api/v1/PATH``."""
        return self._ask("GET", f"/api/v1/{path}", params=query).json()

    def text(self, path: str) -> str:
        """What the server answers at a path of its own, as text."""
        return self._ask("GET", path).text

    def post(self, path: str, body: Mapping[str, Json]) -> Json:
        """What the server answers to something that is said to it."""
        return self._ask("POST", f"/api/v1/{path}", json=body).json()

    def delete(self, path: str) -> None:
        """Have something taken back."""
        self._ask("DELETE", f"/api/v1/{path}")

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        try:
            answer = self.client.request(method, self.url + path, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.Unavailable(
                f"no tracetune answers at {self.url}: {error}", hint="start it by 'tracetune serve', or mend --url"
            ) from error
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
            kind = _ERRORS.get(problem["code"], errors.Unavailable)
            raise kind(problem["detail"], hint=problem["hint"])
        except (ValueError, KeyError, TypeError):
            raise errors.Unavailable(
                f"{self.url} answered {answer.status_code}, not as tracetune does",
                hint="is it the address of tracetune?",
            ) from None


def analysis(server: Server, *, since: str = "") -> Analysis:
    """What the server found, as far as commands show it: the sentence, incidents with causes, advice, limits."""
    window = {"from": since} if since else {}
    status, overview = server.get(""), server.get("overview", **window)
    details = [server.get(f"incidents/{each['id']}") for each in overview["incidents"]]
    incidents = tuple(_incident(each["incident"]) for each in details)
    items = [item for each in details for item in each["incident"]["anomalies"]]
    series = _series(items, [SeriesKey(each["service_name"], "") for each in server.get("services", **window)])
    learned = Learned(series, _LEARNED if status["learned"] else {}, tuple(status["limits"]))
    return Analysis(
        ingested=Ingested(
            MinuteBatch.empty(), (), status["spans"], status["traces"], status["services"], 0, 0, (), SpanBatch.empty()
        ),
        learned=learned,
        graph=ServiceGraph((), ()),
        incidents=incidents,
        rankings={each["incident"]["id"]: _ranking(each) for each in details},
        capacities=(),
        advice=tuple(_advice(each) for item in server.get("scaling") for each in item["advice"]),
        headline=overview["headline"],
        parameters={"server": server.url, "version": status["version"]},
    )


_LEARNED: Mapping[Metric, Forecast] = {
    Metric.LATENCY_P95: Forecast((), Metric.LATENCY_P95, 0, 0, np.zeros((0, 0, len(QUANTILES))), ())
}
"""Says that there is something to judge by; what was expected stands in the anomalies."""


def _incident(item: Json) -> Incident:
    return Incident(
        id=item["id"],
        anomalies=tuple(_anomaly(each) for each in item["anomalies"]),
        kind=AnomalyKind(item["kind"]),
        severity=Severity(item["severity"]),
        onset=_minute(item["onset"]),
        end=_minute(item["end"]) if item["end"] else None,
    )


def _anomaly(item: Json) -> Anomaly:
    numbers = ("observed", "expected_lower", "expected", "expected_upper")
    return Anomaly(
        id=item["id"],
        key=_key(item),
        kind=AnomalyKind(item["kind"]),
        severity=Severity(item["severity"]),
        onset=_minute(item["onset"]),
        end=_minute(item["end"]) if item["end"] else None,
        score=item["score"],
        calls=item["calls"],
        why=item["why"],
        **{name: _number(item[name]) for name in numbers},
    )


def _ranking(detail: Json) -> CauseRanking:
    item = detail["incident"]
    entry = next((each for each in item["anomalies"] if str(_key(each)) == item["entry"]), None)
    service, _, name = item["entry"].partition(" ")
    return CauseRanking(
        incident_id=item["id"],
        headline=item["headline"],
        causes=tuple(
            Cause(
                each["service_name"],
                each["span_name"],
                CauseKind(each["kind"]),
                each["confidence"],
                tuple(each["evidence"]),
                tuple(each["against"]),
            )
            for each in detail["causes"]
        ),
        entry=_key(entry) if entry else SeriesKey(service, name) if item["entry"] else None,
        usual_seconds=_number(detail["usual_seconds"]),
        now_seconds=_number(detail["now_seconds"]),
        contributions=tuple(
            Contribution(
                each["service_name"],
                _number(each["usual_seconds"]),
                _number(each["now_seconds"]),
                _number(each["share_of_rise"]),
            )
            for each in detail["contributions"]
        ),
        release=item["release"],
    )


def _advice(item: Json) -> Advice:
    return Advice(
        target_service=item["target_service"],
        peer=item["peer"],
        knob=Knob(item["knob"]),
        action=Action(item["action"]),
        unit=item["unit"],
        current=item["current"],
        lower=item["lower"],
        target=item["target"],
        upper=item["upper"],
        confidence=Confidence(item["confidence"]),
        reasons=tuple(item["reasons"]),
        unlock=item["unlock"],
        effect=item["effect"],
        risk=item["risk"],
        details=tuple(item["details"].items()),
        is_minor=item["is_minor"],
    )


def _series(items: Iterable[Json], others: Iterable[SeriesKey]) -> SeriesBatch:
    """The anomalies' own courses on one grid; NaN elsewhere. ``others`` are operations without any."""
    courses = [(_key(each), _METRICS[each["unit"]], _minute(each["onset"]), each["course"]) for each in items]
    named = {key.service_name for key, *_ in courses}
    keys = list(
        dict.fromkeys([*(key for key, *_ in courses), *(key for key in others if key.service_name not in named)])
    )
    start = min((onset for *_, onset, _ in courses), default=0) - _COURSE_BEFORE
    length = max((onset + len(course) for *_, onset, course in courses), default=start) - start
    metrics = {metric: np.full((len(keys), length), np.nan) for metric in Metric}
    for key, metric, onset, course in courses:
        first = onset - start - min(_COURSE_BEFORE, len(course))
        metrics[metric][keys.index(key), first : first + len(course)] = [_number(value) for value in course]
    return SeriesBatch(tuple(keys), start, metrics, np.ones(length, np.bool_), np.zeros(len(keys)))


def _key(item: Json) -> SeriesKey:
    return SeriesKey(item["service_name"], item["span_name"])


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() // 60)
