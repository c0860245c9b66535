"""Cuts series into shards that learn apart from each other, and puts series and what was learned together again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting.bundle import Floored
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.scaling import floors_of
from tracetune.ports import Predictor

CLUSTER_WIDE = "cluster"
"""The shard of services whose names do not say a namespace."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes has it; it becomes a file's name


class Cut(StrEnum):
    """Along what series are cut; a service is always whole."""

    SIZE = "size"
    NAMESPACE = "namespace"  # of names as Istio gives them, SERVICE.NAMESPACE


def shards(series: SeriesBatch, cut: Cut, most: int) -> dict[str, SeriesBatch]:
    """The series in at most so many shards of nearly equal size, by name; or in one for each namespace.

    Raises:
        InvalidInput: there is nothing to cut.
    """
    if not series.keys:
        raise InvalidInput("there are no series to cut", hint="no span is the entry of a service; look at doctor")
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(series.keys):
        rows.setdefault(_namespace(key) if cut is Cut.NAMESPACE else key.service_name, []).append(row)
    groups = rows if cut is Cut.NAMESPACE else _packed(rows, most)
    return {name: series.only(sorted(chosen)) for name, chosen in sorted(groups.items())}


def gathered(parts: Sequence[SeriesBatch]) -> SeriesBatch:
    """Shards of the same minutes as one batch, in the order of their keys.

    Raises:
        InvalidInput: they are of different minutes, or share a series.
    """
    if len({(part.start_minute, part.length) for part in parts}) != 1:
        raise InvalidInput("these shards are of different minutes", hint="give those of one history")
    keys = [key for part in parts for key in part.keys]
    _refuse_twice(keys)
    together = SeriesBatch(
        tuple(keys),
        parts[0].start_minute,
        {metric: np.concatenate([part[metric] for part in parts]) for metric in Metric},
        parts[0].observed,
        np.concatenate([part.root_share for part in parts]),
    )
    return together.only(sorted(range(len(keys)), key=keys.__getitem__))


def joined(parts: Sequence[Normal]) -> Normal:
    """What was learned apart, as one: each series is spoken for by the very model that was chosen, with its own bands.

    Raises:
        InvalidInput: nothing was learned, or two parts know the same series.
    """
    models = {}
    for metric in Metric:
        chosen = [part.models[metric] for part in parts if metric in part.models]
        if chosen:
            models[metric] = _joined(chosen)
    if not models:
        raise InvalidInput("none of the parts has learned anything", hint="give more minutes")
    return Normal(models, tuple(dict.fromkeys(limit for part in parts for limit in part.limits)))


def _joined(parts: Sequence[Chosen]) -> Chosen:
    keys = tuple(key for part in parts for key in part.keys)
    _refuse_twice(keys)
    begins = np.cumsum([0, *(len(part.predictors) for part in parts)])
    # The very first fills in for all series where their own model is silent, so it knows the floors of all.
    first = [each.floors for each in (part.predictors[0] for part in parts) if isinstance(each, Floored)]
    known = {key: floor for floors in first for key, floor in floors.items()}
    predictors = [_over(each, keys, {}) for part in parts for each in part.predictors]
    predictors[0] = _over(parts[0].predictors[0], keys, known)
    return Chosen(
        parts[0].metric,
        tuple(predictors),
        tuple(factor for part in parts for factor in part.factors),
        keys,
        np.concatenate([part.speakers + begin for part, begin in zip(parts, begins, strict=False)]),
        tuple(verdict for part in parts for verdict in part.verdicts),
    )


def _over(predictor: Predictor, keys: tuple[SeriesKey, ...], more: Mapping[SeriesKey, float]) -> Predictor:
    """The same model, with a floor for every series; those that it does not speak for get the least."""
    if not isinstance(predictor, Floored):
        return predictor
    floors = {**more, **predictor.floors}
    return replace(predictor, floors=dict(zip(keys, floors_of(floors, keys).tolist(), strict=True)))


def _packed(rows: Mapping[str, list[int]], most: int) -> dict[str, list[int]]:
    """Whole services in at most so many groups: the largest first, each into the group with the fewest series."""
    groups: list[list[int]] = [[] for _ in range(max(1, min(most, len(rows))))]
    for _, chosen in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        min(groups, key=len).extend(chosen)
    return {f"shard-{number:03}": chosen for number, chosen in enumerate(groups)}


def _namespace(key: SeriesKey) -> str:
    namespace = key.service_name.partition(".")[2].partition(".")[0]
    return namespace if _LABEL.fullmatch(namespace) else CLUSTER_WIDE


def _refuse_twice(keys: Sequence[SeriesKey]) -> None:
    if len(set(keys)) < len(keys):
        raise InvalidInput("two shards hold the same series", hint="give the shards of one cut, each once")
