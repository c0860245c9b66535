"""Connection pools: how many requests one caller instance may have open to a callee, from what it had open."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.demand import Demand, Values
from tracetune.tuning.advice.links import Connection
from tracetune.tuning.advice.margins import confidence, margin

HEADROOM = 1.2
"""What a limit leaves above the most that was in use, so that it protects and does not throttle."""

NORMAL_P999 = 3.09
"""Standard deviations to the 99.9th percentile of a normal distribution."""

LEAST_MINUTES = 30

LEAST_IN_FLIGHT = 1.0
"""A connection that was never busy with one request on average needs no limit: one would only throttle chance bursts."""


def pools(
    connections: Mapping[tuple[str, str], Connection],
    demands: Mapping[str, Demand],
    healthy: NDArray[np.bool_],
) -> tuple[Advice, ...]:
    """A limit for every connection whose caller's instances are known; the limit is of each of them (of its proxy).

    The mean number of requests in flight of a minute is L; within the minute it moves about L as a Poisson variable
    does, so that its 99.9th percentile is near ``L + 3.09 sqrt(L)``. The limit is that of the busiest minutes times 1.2.

    Source: Little's law for L; in an M/G/infinity queue the number in flight is Poisson (Kleinrock 1975, "Queueing
    Systems", volume 1).
    """
    found = (
        _advice(connection, demands[names[0]], healthy)
        for names, connection in connections.items()
        if names[0] in demands
    )
    return tuple(advice for advice in found if advice)


def _advice(connection: Connection, caller: Demand, healthy: NDArray[np.bool_]) -> Advice | None:
    known = healthy & (connection.calls > 0) & ~np.isnan(caller.replicas)
    if np.count_nonzero(known) < LEAST_MINUTES:
        return None
    each: Values = connection.in_flight[known] / caller.replicas[known]
    busiest = float(np.quantile(each, 0.999))
    if busiest < LEAST_IN_FLIGHT:
        return None
    most = busiest + NORMAL_P999 * math.sqrt(busiest)
    hours = np.count_nonzero(known) / 60
    target = math.ceil(HEADROOM * most)
    waiting = max(1, math.ceil(NORMAL_P999 * math.sqrt(busiest)))
    upper = math.ceil(HEADROOM * most * (1 + margin(hours)))
    client, server = connection.client, connection.server
    reasons = (
        f"Let each instance of {client} have at most {target} requests open to {server}",
        f"in its busiest minute it had {busiest:.2g} open on average, so about {most:.2g} at its highest; 20 % on top",
    )
    certain = confidence(hours, is_direct=False)
    return Advice(
        client,
        server,
        Knob.CONNECTION_POOL,
        Action.SET,
        "connections",
        None,
        float(math.ceil(most)),
        float(target),
        float(upper),
        Confidence.LOW if certain is Confidence.LOW else Confidence.MEDIUM,
        reasons,
        effect=f"when {server} hangs, {client} soon fails at once instead of filling up: {target} calls wait, not all of them",
        risk=(
            "a limit below a real burst answers 503 with the flag UO; watch "
            "envoy_cluster_upstream_rq_pending_overflow and raise it when that counts in health"
        ),
        details=(
            ("maxConnections", float(target)),
            ("http2MaxRequests", float(target)),
            ("http1MaxPendingRequests", float(waiting)),
        ),
    )
