"""Nodes on which instances of several services become slow together, while their equals on other nodes do not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.tuning.queues.chance import binomial_tail
from tracetune.tuning.queues.inversion import in_flight
from tracetune.tuning.queues.observed import Bools, Floats, Ints, Names, Observed
from tracetune.tuning.queues.structure import Structure

BLOCK_SECONDS = (10.0, 30.0, 60.0)
"""Own times are compared within blocks of so long: what makes a service slow everywhere is in both sides of the comparison. The
longer ones are for services that are called seldom."""

LEAST_CALLS = 5
"""Calls of a service that a node, and all the others, must have had in a block."""

SLOWER = 1.25
"""Times the own time of the equals on other nodes: less is not told from chance in a block."""

LEAST_BLOCKS = 5
BY_CHANCE = 1e-3
"""Blocks in which services on the node are slow together, over those in which some are slow and others quick. Where a coin
decides for each of m services, all are slow in one of 2^m blocks and mixed in 2^m - 2: slow ones are 1 in 2^m - 1 of both."""

ALWAYS = 0.8
"""Where it is so in more of the blocks, instances may differ by themselves for good, and three services are asked for."""

GOES_ALONG = 0.5
"""The least correlation of a service's requests in flight on the node with the slowness that makes it a suspect."""


@dataclass(frozen=True, slots=True)
class NoisyNode:
    """One node.

    Attributes:
        services: those that are slow together on it.
        seconds, of_seconds: for how long, of the time in which two services or more could be compared.
        blocks: in how many blocks of equal length that was.
        factor: times the own time of their equals on other nodes, in those.
        suspect: the service on the node whose load goes along with it most; "" where none does.
        suspect_correlation: how much.
    """

    node: str
    services: tuple[str, ...]
    seconds: float
    of_seconds: float
    blocks: int
    factor: float
    suspect: str = ""
    suspect_correlation: float = math.nan


def noisy_nodes(observed: Observed, names: Names, structure: Structure) -> tuple[NoisyNode, ...]:
    """The nodes that are slow for more than one service at once, the slowest first; none where spans name no nodes.

    The own time of each service on a node, over that of its instances on all other nodes at the same time, knows
    neither load nor faults of the service itself, for these are on both sides. Services that queue each by itself are slow
    on a node now and then; that they are so together, and never one slow and the other quick, is what the node does.

    Source: the sign test (Conover, Practical Nonparametric Statistics, 3.4) on the common sign of the services.
    """
    named = [number for number, node in enumerate(names.nodes) if node]
    if len(named) < 2:
        return ()
    served = observed.is_served & np.isin(observed.node, named)
    own = np.log(_own_seconds(structure) + 1e-6)
    for length in BLOCK_SECONDS:
        ratios = _ratios(observed, own, (observed.arrived / length).astype(np.int64), served, named)
        found = [each for node in named if (each := _judged(node, ratios.get(node, {}), observed, names, length))]
        if found:
            return tuple(sorted(found, key=lambda each: -each.factor))
    return ()


def _own_seconds(structure: Structure) -> Floats:
    total = np.concatenate(([0.0], np.cumsum(structure.end - structure.start)))
    spent: Floats = total[structure.segment_offset[1:]] - total[structure.segment_offset[:-1]]
    return spent


def _ratios(
    observed: Observed, own: Floats, block: Ints, served: Bools, named: list[int]
) -> dict[int, dict[int, Floats]]:
    """By node and service, log own time on the node less that on the others, (block,); NaN where too few calls were."""
    blocks = int(block.max()) + 1 if len(block) else 0
    found: dict[int, dict[int, Floats]] = {}
    for service in np.unique(observed.service[served]):
        mine = np.flatnonzero(served & (observed.service == service))
        if len(np.unique(observed.node[mine])) < 2:
            continue
        value = _centred(own[mine], observed.operation[mine])
        for node in named:
            here = observed.node[mine] == node
            if not here.any():
                continue
            at, elsewhere = (_means(value[part], block[mine][part], blocks) for part in (here, ~here))
            found.setdefault(node, {})[int(service)] = at - elsewhere
    return found


def _centred(value: Floats, by: Ints) -> Floats:
    _, group = np.unique(by, return_inverse=True)
    centred: Floats = value - (np.bincount(group, value) / np.bincount(group))[group]
    return centred


def _means(value: Floats, block: Ints, blocks: int) -> Floats:
    count = np.bincount(block, minlength=blocks)
    means: Floats = np.full(blocks, np.nan)
    np.divide(np.bincount(block, value, blocks), count, out=means, where=count >= LEAST_CALLS)
    return means


def _judged(node: int, ratios: dict[int, Floats], observed: Observed, names: Names, length: float) -> NoisyNode | None:
    """The node, if what its services show is not chance."""
    services = [service for service, values in ratios.items() if np.isfinite(values).sum() >= LEAST_BLOCKS]
    if len(services) < 2:
        return None
    values = np.stack([ratios[service] for service in services])  # (service, block)
    limit = math.log(SLOWER)
    known = np.isfinite(values)
    compared = known.sum(axis=0) >= 2
    slow, quick = known & (values > limit), known & (values < -limit)
    together = compared & (slow.sum(axis=0) >= np.maximum(2, np.ceil(2 / 3 * known.sum(axis=0))))
    mixed = compared & slow.any(axis=0) & quick.any(axis=0)
    agreed, against, total = int((together & ~mixed).sum()), int(mixed.sum()), int(compared.sum())
    if agreed < LEAST_BLOCKS:
        return None
    at_once = int(np.median(slow[:, together & ~mixed].sum(axis=0)))
    if binomial_tail(agreed + against, agreed, 1 / (2**at_once - 1)) > BY_CHANCE:
        return None
    if agreed > ALWAYS * total and len(services) < 3:
        return None
    common = together & ~mixed
    hit = [place for place in range(len(services)) if slow[place, common].mean() >= 0.5]
    if len(hit) < 2:
        return None
    factor = float(np.exp(np.nanmedian(values[hit][:, common])))
    suspect, correlation = _suspect(node, [services[place] for place in hit], values, observed, names, length)
    slowed = tuple(names.services[services[place]] for place in hit)
    return NoisyNode(names.nodes[node], slowed, agreed * length, total * length, agreed, factor, suspect, correlation)


def _suspect(
    node: int, slowed: list[int], values: NDArray[np.float64], observed: Observed, names: Names, length: float
) -> tuple[str, float]:
    """The service on the node whose requests in flight go along best with how slow the others are."""
    known = np.isfinite(values)
    slowness = np.full(values.shape[1], np.nan)
    np.divide(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0), out=slowness, where=known.any(axis=0))
    best, most = "", GOES_ALONG
    middle = (np.arange(values.shape[1]) + np.linspace(0.05, 0.95, 10)[:, None]) * length
    for service in np.unique(observed.service[observed.node == node]):
        if service in slowed:
            continue
        rows = np.flatnonzero((observed.node == node) & (observed.service == service))
        load = in_flight(np.sort(observed.arrived[rows]), np.sort(observed.ended[rows]), middle.ravel())
        busy = load.reshape(middle.shape).mean(axis=0)
        both = np.isfinite(slowness)
        if both.sum() < 2 * LEAST_BLOCKS or busy[both].std() == 0:
            continue
        correlation = float(np.corrcoef(busy[both], slowness[both])[0, 1])
        if correlation > most:
            best, most = names.services[service], correlation
    return best, most if best else math.nan
