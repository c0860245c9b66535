"""The routes that only read: everything the pages show."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from tracetune.api import (
    comparing,
    data_schemas,
    guidance,
    incidents,
    notices,
    overview,
    paths,
    predicting,
    scaling,
    schemas,
    services,
    traces,
)
from tracetune.api import series as columns
from tracetune.api.answers import JSON, answer, tagged
from tracetune.api.context import asked, context_of
from tracetune.api.markdown import markdown
from tracetune.api.openapi import returns
from tracetune.domain.whatif import Ask, WhatIf
from tracetune.sinks.document import Waterfall

router = APIRouter(prefix="/api/v1")

From = Annotated[
    str, Query(alias="from", description="RFC 3339, or relative to the newest minute: now-3h. All by default.")
]
To = Annotated[str, Query(alias="to", description="RFC 3339, now, or relative. The newest minute by default.")]
Format = Annotated[Literal["json", "csv"], Query(alias="format", description="csv for a spreadsheet.")]


@router.get("", include_in_schema=False)
@router.get("/", responses=returns(notices.Status), tags=["status"])
def get_status(request: Request) -> Response:
    """What this server is and how far it is."""
    return answer(request, overview.status(context_of(request).snapshots.current(), context_of(request).links))


@router.get("/overview", responses=returns(schemas.Overview), tags=["overview"])
def get_overview(request: Request, start: From = "", end: To = "") -> Response:
    """The sentence to read first, and what it rests on."""
    it = asked(request, start, end)
    return answer(request, overview.overview(it.shown, it.window, it.notes, it.now))


@router.get("/graph", responses=returns(schemas.GraphAnswer), tags=["overview"])
def get_graph(
    request: Request,
    start: From = "",
    end: To = "",
    mode: Annotated[Literal["auto", "all", "affected"], Query(description="affected: with their neighbours.")] = "auto",
    only: Annotated[
        Literal["window", "open"], Query(description="Colour incidents in the window, or those that go on.")
    ] = "window",
) -> Response:
    """The service map with positions; they depend on the topology alone."""
    it = asked(request, start, end)
    drawn = it.shown.remembered(
        ("graph", it.window, mode, only),
        lambda: overview.graph(it.shown, it.window, mode=mode, only_open=only == "open"),
    )
    return answer(request, drawn)


@router.get("/strips", responses=returns(schemas.Strips), tags=["overview"])
def get_strips(request: Request, start: From = "", end: To = "") -> Response:
    """How far above its forecast each service was, over time."""
    it = asked(request, start, end)
    return answer(request, it.shown.remembered(("strips", it.window), lambda: overview.strips(it.shown, it.window)))


@router.get("/anomalies", responses=returns(schemas.AnomalyItem, many=True), tags=["incidents"])
def get_anomalies(
    request: Request,
    start: From = "",
    end: To = "",
    status: Annotated[Literal["all", "open", "ended"], Query()] = "all",
    service: Annotated[str, Query(description="Only of this service.")] = "",
    format_: Format = "json",
) -> Response:
    """Every anomaly, those of the most severe incidents first."""
    it = asked(request, start, end)
    chosen = incidents.listed(it.shown.analysis.incidents, it.window, status="all", service=service)
    items = [
        each
        for incident in chosen
        for each in incidents.incident_item(it.shown, incident, it.notes, it.now).anomalies
        if (not service or each.service_name == service)
        and (status == "all" or (status == "open") == (each.end is None))
    ]
    return answer(request, items)


@router.get("/anomalies/{anomaly_id}", responses=returns(schemas.AnomalyItem), tags=["incidents"])
def get_anomaly(request: Request, anomaly_id: str) -> Response:
    """One anomaly."""
    it = asked(request)
    return answer(request, incidents.anomaly_by_id(it.shown, anomaly_id, it.notes, it.now))


@router.get("/incidents", responses=returns(schemas.IncidentItem, many=True), tags=["incidents"])
def get_incidents(
    request: Request,
    start: From = "",
    end: To = "",
    status: Annotated[Literal["all", "open", "ended"], Query()] = "all",
    service: Annotated[str, Query(description="Only those that this service is in.")] = "",
    format_: Format = "json",
) -> Response:
    """Every incident, those that go on first, then the most severe."""
    it = asked(request, start, end)
    chosen = incidents.listed(it.shown.analysis.incidents, it.window, status=status, service=service)
    return answer(request, [incidents.incident_item(it.shown, each, it.notes, it.now) for each in chosen])


@router.get(
    "/incidents/{incident_id}.md",
    responses={200: {"description": "The incident as Markdown, for a post-mortem.", "content": {"text/markdown": {}}}},
    tags=["incidents"],
)
def get_incident_markdown(request: Request, incident_id: str) -> Response:
    """One incident as Markdown, for a post-mortem."""
    it = asked(request)
    detail = incidents.incident_detail(it.shown, incident_id, it.notes, it.now)
    return tagged(request, markdown(detail).encode("utf-8"), "text/markdown; charset=utf-8")


@router.get("/incidents/{incident_id}", responses=returns(schemas.IncidentDetail), tags=["incidents"])
def get_incident(request: Request, incident_id: str) -> Response:
    """One incident: what happened, why we think so, what speaks against it, what to do."""
    it = asked(request)
    return answer(request, incidents.incident_detail(it.shown, incident_id, it.notes, it.now))


@router.get("/services", responses=returns(schemas.ServiceItem, many=True), tags=["services"])
def get_services(request: Request, start: From = "", end: To = "", format_: Format = "json") -> Response:
    """Every service, those in an incident first, then by impact."""
    it = asked(request, start, end)
    return answer(request, services.service_items(it.shown, it.window))


@router.get("/services/{service_name:path}/series", responses=returns(schemas.SeriesAnswer), tags=["services"])
def get_series(
    request: Request,
    service_name: str,
    start: From = "",
    end: To = "",
    metric: Annotated[Literal["latency", "self_time", "calls", "errors"], Query()] = "latency",
    quantile: Annotated[Literal["p50", "p95"], Query(alias="q")] = "p95",
    operation: Annotated[str, Query(alias="op", description="By default the one of greatest impact.")] = "",
    points: Annotated[int, Query(ge=10, le=columns.MOST_POINTS, description="About how many; a chart's width.")] = 1200,
) -> Response:
    """One metric of one operation by the minute, with its expected range and the forecast."""
    it = asked(request, start, end)
    question = columns.Question(service_name, operation, metric, quantile, points)
    body = it.shown.remembered(("series", it.window, question), lambda: columns.series(it.shown, it.window, question))
    return tagged(request, body, JSON)


@router.get("/services/{service_name:path}/paths", responses=returns(schemas.PathItem, many=True), tags=["services"])
def get_paths(request: Request, service_name: str, start: From = "", end: To = "") -> Response:
    """Where the time of root operations through this service goes, usually and in the window."""
    it = asked(request, start, end)
    return answer(request, paths.paths(it.shown, it.window, service_name))


@router.get("/services/{service_name:path}/compare", responses=returns(schemas.CompareAnswer), tags=["services"])
def get_compare(request: Request, service_name: str, start: From = "", end: To = "") -> Response:
    """What the slow calls of the window have in common that usual calls have not, ranked."""
    it = asked(request, start, end)
    return answer(request, comparing.compare(it.shown, it.window, service_name))


Load = Annotated[float, Query(gt=0, le=1000, description="Times the load of the busiest minutes seen.")]
Simulated = Annotated[bool, Query(description="Run it in full, with intervals; else a few short runs, for sliders.")]


@router.get("/whatif", responses=returns(WhatIf), tags=["tuning"])
def get_whatif(
    request: Request,
    load: Load = 1.0,
    replicas: Annotated[list[str] | None, Query(description="SERVICE=COUNT; may be repeated.")] = None,
    demand: Annotated[list[str] | None, Query(description="SERVICE=FACTOR of own work; may be repeated.")] = None,
    simulated: Simulated = False,
) -> Response:
    """Latency, use and saturation at another load, with other replicas or other own work."""
    counts = {name: int(number) for name, number in predicting.pairs(replicas or [], "replicas").items()}
    ask = Ask(load, counts, predicting.pairs(demand or [], "demand"))
    return answer(request, predicting.what_if(asked(request).shown, ask, simulated=simulated))


@router.get("/services/{service_name:path}/whatif", responses=returns(WhatIf), tags=["tuning"])
def get_service_whatif(
    request: Request,
    service_name: str,
    load: Load = 1.0,
    replicas: Annotated[int | None, Query(ge=1, le=100_000, description="As seen by default.")] = None,
    demand: Annotated[float, Query(gt=0, le=1000, description="Times the service's own work.")] = 1.0,
    simulated: Simulated = False,
) -> Response:
    """The same about one service."""
    counts = {} if replicas is None else {service_name: replicas}
    ask = Ask(load, counts, {} if demand == 1.0 else {service_name: demand})
    shown = asked(request).shown
    if service_name not in shown.analysis.graph.services:
        raise services.unknown_service(shown, service_name)
    return answer(request, predicting.what_if(shown, ask, simulated=simulated))


@router.get(
    "/services/{service_name:path}/operations", responses=returns(schemas.OperationItem, many=True), tags=["services"]
)
def get_operations(
    request: Request,
    service_name: str,
    start: From = "",
    end: To = "",
    format_: Format = "json",
) -> Response:
    """The entry operations of a service, the greatest impact first."""
    it = asked(request, start, end)
    if service_name not in it.shown.analysis.graph.services:
        raise services.unknown_service(it.shown, service_name)
    return answer(request, services.operation_items(it.shown, it.window, service_name))


@router.get("/services/{service_name:path}", responses=returns(schemas.ServiceDetail), tags=["services"])
def get_service(request: Request, service_name: str, start: From = "", end: To = "") -> Response:
    """One service: its operations, neighbours, incidents, advice and models."""
    it = asked(request, start, end)
    return answer(request, services.service_detail(it.shown, it.window, service_name, it.notes, it.now))


@router.get("/scaling", responses=returns(schemas.ScalingItem, many=True), tags=["tuning"])
def get_scaling(
    request: Request,
    load: Annotated[
        float | None, Query(gt=0, le=1000, description="Say it for so many times the load of the busiest minutes, too.")
    ] = None,
    busy: Annotated[float, Query(gt=0, lt=1, description="The most of its slots that should be busy.")] = 0.8,
    format_: Format = "json",
) -> Response:
    """What each service uses of its replicas, how to set its knobs, and what another load would make of it."""
    shown = asked(request).shown
    items = guidance.scaling_items(shown)
    return answer(request, items if load is None else scaling.at_load(shown, items, load, busy))


@router.get("/models", responses=returns(data_schemas.Models), tags=["data"])
def get_models(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Which model speaks for which series, and how well it did on held-back minutes."""
    return answer(request, guidance.models(asked(request).shown, limit=limit, offset=offset))


@router.get("/data/problems", responses=returns(data_schemas.DataProblems), tags=["data"])
def get_data_problems(request: Request) -> Response:
    """What came in, and what is wrong with it."""
    it = asked(request)
    return answer(request, guidance.data_problems(it.shown, it.now))


@router.get("/traces/{trace_id}", responses=returns(Waterfall), tags=["traces"])
def get_trace(request: Request, trace_id: str) -> Response:
    """One exemplar trace as a waterfall."""
    return answer(request, traces.trace(asked(request).shown, trace_id))
