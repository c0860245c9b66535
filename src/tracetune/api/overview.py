"""The first page: the sentence, the counts, the map and how it spread."""

from __future__ import annotations

from dataclasses import replace

from tracetune import __version__
from tracetune.api.incidents import incident_item, listed
from tracetune.api.notices import Event, Status
from tracetune.api.schemas import Counts, GraphAnswer, Overview, Strip, Strips
from tracetune.api.services import releases
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window, rfc3339
from tracetune.domain import words
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Incident
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.headline import headline
from tracetune.domain.notes import Marker, Notes
from tracetune.sinks.compose import service_map, worst
from tracetune.sinks.spread import spread

MOST_NODES = 60
"""A map of more services is unreadable at a glance: by default it then shows the affected ones and their neighbours."""


def status(shown: Shown, links: dict[str, str]) -> Status:
    """What the server is and how far it is."""
    found, ingested, series = shown.snapshot.status, shown.analysis.ingested, shown.analysis.learned.series
    details = {
        "ready": str(found.ready).lower(),
        "model": found.model,
        "lag seconds": f"{found.lag_seconds:.1f}",
        "held spans": str(found.held_spans),
        "memory bytes": str(found.memory_bytes),
        "store": found.store_url,
    }
    details |= {f"problem {at}": text for at, text in enumerate(found.problems, 1)}
    return Status(
        name="tracetune",
        version=__version__,
        snapshot=shown.snapshot.version,
        start=words.timestamp(shown.held.first) if series.length else None,
        end=words.timestamp(shown.held.last) if series.length else None,
        services=len(shown.analysis.graph.services),
        operations=len(series.keys),
        traces=ingested.traces,
        spans=sum(found.received.values()) or ingested.spans,
        missing_minutes=int((~series.observed).sum()),
        learned=bool(shown.analysis.learned.forecasts),
        limits=list(shown.analysis.learned.limits),
        links=links,
        details={name: text for name, text in details.items() if text},
    )


def overview(shown: Shown, window: Window, notes: Notes, now: float) -> Overview:
    """One sentence, and what it rests on."""
    inside = listed(shown.analysis.incidents, window, status="all", service="")
    inside = [each for each in inside if not notes.dismisses(each)] if notes.feedback else inside
    ended = [each for each in shown.analysis.incidents if each.end is not None]
    last = max(ended, key=lambda each: each.end or 0, default=None)
    going_on = {name for each in inside if each.end is None for name in each.services}
    services = len(shown.rows_of)  # those that are judged: a database that spans only name is none
    learning = sum(name not in shown.learned_services for name in shown.rows_of)
    affected = len(going_on)
    return Overview(
        headline=_headline(shown, inside),
        severity=worst(each.severity for each in inside),
        start=words.timestamp(window.first),
        end=words.timestamp(window.last),
        snapshot=shown.snapshot.version,
        counts=Counts(
            services=services,
            affected=affected,
            learning=learning,
            as_expected=max(services - affected - learning, 0),
            open_incidents=sum(each.end is None for each in inside),
            ended_incidents=sum(each.end is not None for each in inside),
            anomalies=sum(len(each.anomalies) for each in inside),
        ),
        incidents=[incident_item(shown, each, notes, now) for each in inside],
        last_incident=None if last is None else incident_item(shown, last, notes, now),
        releases=releases(shown, window),
        events=[event(each) for each in notes.markers if window.first <= each.time // 60 < window.last],
        limits=list(shown.analysis.learned.limits),
    )


def _headline(shown: Shown, inside: list[Incident]) -> str:
    """The analysis' own sentence, or the same about what is left of it: in the window, and not taken away by feedback."""
    analysis = shown.analysis
    if len(inside) == len(analysis.incidents):
        return analysis.headline
    return headline(analysis.ingested, analysis.learned, inside, analysis.rankings)


def event(marker: Marker) -> Event:
    """A marker as the API gives it."""
    return Event(
        id=marker.id,
        time=rfc3339(marker.time),
        kind=marker.kind,
        text=marker.text,
        service_name=marker.service_name,
        link=marker.link,
    )


def graph(shown: Shown, window: Window, *, mode: str, only_open: bool) -> GraphAnswer:
    """The map: every service, or the affected ones with their neighbours; ``auto`` decides by their number."""
    analysis = shown.within(window)
    if only_open:
        analysis = replace(analysis, incidents=tuple(each for each in analysis.incidents if each.end is None))
    total = len(analysis.graph.services)
    chosen = ("affected" if total > MOST_NODES else "all") if mode == "auto" else mode
    if chosen == "affected":
        analysis = replace(analysis, graph=_around(analysis))
    drawn = service_map(analysis)
    return GraphAnswer(
        chosen, drawn.width, drawn.height, drawn.node_width, drawn.node_height, total, drawn.nodes, drawn.edges
    )


def _around(analysis: Analysis) -> ServiceGraph:
    """The services of incidents, their causes, and those that call them or are called by them."""
    affected = {name for incident in analysis.incidents for name in incident.services}
    for incident in analysis.incidents:
        ranking = analysis.rankings.get(incident.id)
        affected.update(cause.service_name for cause in (ranking.causes[:1] if ranking else ()))
    near = [edge for edge in analysis.graph.edges if {edge.client, edge.server} & affected]
    names = affected | {name for edge in near for name in (edge.client, edge.server)}
    between = [edge for edge in analysis.graph.edges if {edge.client, edge.server} <= names]
    return ServiceGraph(tuple(name for name in analysis.graph.services if name in names), tuple(between))


def strips(shown: Shown, window: Window) -> Strips:
    """How it spread, service by service; no strips without a forecast."""
    analysis = shown.within(window)
    found = spread(analysis)
    start = words.timestamp(analysis.learned.series.start_minute)
    if found is None:
        return Strips(start, 1, [])
    rows = zip(found.service_names, found.cells, found.by, strict=True)
    return Strips(start, found.minutes_per_cell, [Strip(*row) for row in rows])
