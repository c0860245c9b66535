"""Where the time of the root operations goes that pass through a service: usually, and in a window."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.api.incidents import known
from tracetune.api.schemas import PathItem, PathPart
from tracetune.api.services import unknown_service
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain import words
from tracetune.domain.minutes import column, group_rows, labels

MOST_ENTRIES = 5
MOST_PARTS = 12


def paths(shown: Shown, window: Window, service_name: str) -> list[PathItem]:
    """Root operations with the service on their critical path, those with most time in it first.

    ``now`` is the window; ``usual`` are the minutes that are held outside it and outside every incident.

    Raises:
        NotFound: no such service was met.
    """
    if service_name not in shown.analysis.graph.services:
        raise unknown_service(shown, service_name)
    return shown.remembered(("paths", window, service_name), lambda: _paths(shown, window, service_name))


def _paths(shown: Shown, window: Window, service_name: str) -> list[PathItem]:
    table = shown.analysis.ingested.minutes.paths
    entries = _entries(table, service_name)
    if not entries:
        return []
    entry, services = labels(table, "entry_service")
    name, names = labels(table, "entry_name")
    found = []
    for entry_service, entry_name in entries:
        mine = (entry == services.index(entry_service)) & (name == names.index(entry_name))
        found.append(_item(shown, window, table.filter(pa.array(mine)).combine_chunks(), (entry_service, entry_name)))
    return found


def _entries(table: pa.Table, service_name: str) -> list[tuple[str, str]]:
    service, services = labels(table, "service_name")
    if service_name not in services:
        return []
    mine = table.filter(pa.array(service == services.index(service_name))).combine_chunks()
    first, group = group_rows(mine, ["entry_service", "entry_name"])
    spent = np.bincount(group, weights=column(mine, "critical_path_nano"), minlength=len(first))
    entry, entries = labels(mine, "entry_service")
    name, names = labels(mine, "entry_name")
    order = np.argsort(-spent, kind="stable")[:MOST_ENTRIES].tolist()
    return [(entries[entry[first[each]]], names[name[first[each]]]) for each in order]


def _item(shown: Shown, window: Window, table: pa.Table, entry: tuple[str, str]) -> PathItem:
    minutes = column(table, "minute")
    now = (minutes >= window.first) & (minutes < window.last)
    usual = ~now & ~_in_incidents(shown, minutes)
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    root = (
        (service == services.index(entry[0])) & (name == names.index(entry[1])) if entry[0] in services else now & False
    )
    traces = column(table, "traces")
    seconds = column(table, "critical_path_nano") / 1e9
    count = {which: float(traces[root & rows].sum()) for which, rows in (("now", now), ("usual", usual))}
    means = {
        which: np.bincount(service[rows], weights=seconds[rows], minlength=len(services)) / max(count[which], 1.0)
        for which, rows in (("now", now), ("usual", usual))
    }
    total = {which: float(means[which].sum()) if count[which] else math.nan for which in means}
    rise = total["now"] - total["usual"]
    order = np.argsort(-np.maximum(means["now"], means["usual"]), kind="stable")[:MOST_PARTS].tolist()
    parts = []
    for each in order:
        usual, now = means["usual"][each], means["now"][each]
        if not (now or usual):
            continue
        share = (now - usual) / rise if math.isfinite(rise) and rise > 0 else math.nan
        said = words.of_the_rise(share, now - usual) if math.isfinite(share) else ""
        ends = (known(usual) if count["usual"] else None, known(now) if count["now"] else None)
        parts.append(PathPart(services[each], *ends, known(share), said))
    return PathItem(*entry, int(count["usual"]), int(count["now"]), known(total["usual"]), known(total["now"]), parts)


def _in_incidents(shown: Shown, minutes: NDArray[np.int64]) -> NDArray[np.bool_]:
    inside = np.zeros(len(minutes), np.bool_)
    for incident in shown.analysis.incidents:
        inside |= (minutes >= incident.onset) & (minutes < (incident.end or shown.held.last))
    return inside
