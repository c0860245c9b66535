"""Queues run backwards: from when jobs came and went, how long each waited and worked, under one discipline.

All kernels take one instance's jobs in the order of their arrival. ``reference.py`` has the same, slow and obvious.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tracetune.tuning.queues.compiling import KERNEL
from tracetune.tuning.queues.observed import Floats, Ints


@njit(**KERNEL)
def fcfs_begins(arrived: Floats, left: Floats, slots: int) -> Floats:
    """When each job got one of the ``slots``, first come, first served, (job,) seconds.

    A job begins when it arrives if fewer than ``slots`` earlier ones are there, else when the first of those that hold a
    slot leaves. ``arrived`` ascends; ``left`` is when the slot was given back.

    Source: the recursion of Kiefer and Wolfowitz 1955 for G/G/c, with departures observed in place of service times;
    Park, Kim and Willemain 2011, "Analysis of an unobservable queue using arrival and departure times".
    """
    begins = np.empty(len(arrived))
    heap = np.empty(slots)  # when each slot is given back, the earliest first
    held = 0
    for job in range(len(arrived)):
        if held < slots:
            begins[job] = arrived[job]
            at = held
            held += 1
            while at > 0 and heap[(at - 1) // 2] > left[job]:
                heap[at] = heap[(at - 1) // 2]
                at = (at - 1) // 2
            heap[at] = left[job]
            continue
        begins[job] = max(arrived[job], heap[0])
        at = 0
        while True:
            below = 2 * at + 1
            if below >= slots:
                break
            if below + 1 < slots and heap[below + 1] < heap[below]:
                below += 1
            if heap[below] >= left[job]:
                break
            heap[at] = heap[below]
            at = below
        heap[at] = left[job]
    return begins


@njit(**KERNEL)
def sharing_work(arrived: Floats, left: Floats, leaving: Ints, cores: float) -> Floats:
    """The work that each job got done while ``n`` jobs shared ``cores``, each at the rate min(1, cores / n), (job,) seconds.

    ``leaving`` is the order of ``left``.
    """
    work = np.empty(len(arrived))
    progress = np.empty(len(arrived))
    now, done, present = 0.0, 0.0, 0
    come, gone = 0, 0
    while gone < len(arrived):
        comes = come < len(arrived) and arrived[come] <= left[leaving[gone]]
        time = arrived[come] if comes else left[leaving[gone]]
        if present > 0:
            done += (time - now) * min(1.0, cores / present)
        now = time
        if comes:
            progress[come] = done
            present += 1
            come += 1
        else:
            work[leaving[gone]] = done - progress[leaving[gone]]
            present -= 1
            gone += 1
    return work


@njit(**KERNEL)
def in_flight(arrived: Floats, left_sorted: Floats, at: Floats) -> Ints:
    """How many jobs are there just before each of the times ``at``, (time,); both lists ascend by themselves."""
    result = np.empty(len(at), np.int64)
    for row in range(len(at)):
        result[row] = np.searchsorted(arrived, at[row]) - np.searchsorted(left_sorted, at[row])
    return result
