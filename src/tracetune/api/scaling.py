"""What another load would make of every service at once, by the queues that its calls show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from tracetune.api.incidents import known
from tracetune.api.predicting import what_if
from tracetune.api.schemas import AtLoad, ScalingItem
from tracetune.api.snapshots import Shown
from tracetune.domain.whatif import Ask, ServiceOutlook, Station, WhatIf
from tracetune.errors import NotEnoughData

_NO_SLOTS = "its slots are not known: no call of it had to wait, or its queue could not be made out"
_NO_CALLS = "whole calls of it are not at hand"


def at_load(shown: Shown, items: Sequence[ScalingItem], load: float, busy: float) -> list[ScalingItem]:
    """The same items with what the load makes of them; where nothing can be said, they say what is missing.

    Services that only the queues know of are added at the end.
    """
    try:
        asked, present = (what_if(shown, Ask(each), simulated=False) for each in (load, 1.0))
    except NotEnoughData as error:
        nothing = _unknown(load, f"{error.message}: {error.hint}")
        return [msgspec.structs.replace(item, at_load=nothing) for item in items]
    found = _by_service(load, busy, asked, present)
    stations = {each.service_name: each for each in _stations(shown)}
    known_names = {item.service_name for item in items}
    more = [_item(outlook, stations.get(outlook.service_name)) for outlook in asked.services]
    return [
        msgspec.structs.replace(item, at_load=found.get(item.service_name) or _unknown(load, _NO_CALLS))
        for item in (*items, *(item for item in more if item.service_name not in known_names))
    ]


def _by_service(load: float, busy: float, asked: WhatIf, present: WhatIf) -> Mapping[str, AtLoad]:
    now = {each.service_name: each for each in present.services}
    refused = {each.service_name: each.said for each in asked.refusals}
    return {
        each.service_name: _at_load(load, busy, each, now.get(each.service_name), refused.get(each.service_name, ""))
        for each in asked.services
    }


def _at_load(load: float, busy: float, asked: ServiceOutlook, now: ServiceOutlook | None, refused: str) -> AtLoad:
    p95 = asked.latency.p95 if asked.latency else None
    share = known(asked.busy_share)
    full = asked.saturation_calls_per_second
    one = full / asked.replicas if asked.replicas else math.nan
    needed = asked.calls_per_second / (one * busy) if one > 0 else math.nan
    per_load = asked.calls_per_second / load
    return AtLoad(
        load=load,
        p95_now=known(now.latency.p95.value) if now and now.latency else None,
        p95=known(p95.value) if p95 else None,
        p95_lower=known(p95.lower) if p95 else None,
        p95_upper=known(p95.upper) if p95 else None,
        busy=share,
        limit=known(full / per_load) if per_load > 0 else None,
        replicas=max(1, math.ceil(needed - 1e-9)) if math.isfinite(needed) else None,
        missing=refused or (_NO_SLOTS if share is None else ""),
    )


def _unknown(load: float, missing: str) -> AtLoad:
    return AtLoad(load, None, None, None, None, None, None, None, missing)


def _stations(shown: Shown) -> Sequence[Station]:
    return shown.snapshot.model.stations if shown.snapshot.model else shown.analysis.stations


def _item(outlook: ServiceOutlook, station: Station | None) -> ScalingItem:
    """A service that no advice is about yet."""
    return ScalingItem(
        service_name=outlook.service_name,
        replicas=float(outlook.replicas) if outlook.replicas else None,
        advised=None,
        advised_lower=None,
        advised_upper=None,
        action="",
        busy_mean=known(station.work_seconds * station.calls_per_second) or 0.0 if station else 0.0,
        busy_peak=float(station.peak_in_flight) if station else 0.0,
        calls_per_second=known(station.calls_per_second) or 0.0 if station else 0.0,
        forecast_calls_per_second=None,
        confidence="",
        reason=station.reason if station else "",
        at_load=None,
        advice=[],
    )
