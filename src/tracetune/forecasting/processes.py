"""Training in several processes, as Kubeflow Trainer's jax runtime or TF_CONFIG names them; one machine needs none of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from tracetune.errors import InvalidSettings, Unavailable
from tracetune.forecasting import tensorflow_workers
from tracetune.forecasting.batches import WINDOWS_A_STEP, Part
from tracetune.forecasting.keras_backend import backend

COUNT, NUMBER, COORDINATOR = "JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "JAX_COORDINATOR_ADDRESS"
"""Set in every pod by Kubeflow Trainer's runtime ``jax-distributed``; by hand anywhere else.

Source: Kubeflow Trainer, JAX guide, "Environment Variables Injected by the JAX Runtime".
"""

TF_CONFIG = "TF_CONFIG"
"""Where the backend is TensorFlow: ``{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}``.

Source: TensorFlow, Distributed training, "TF_CONFIG".
"""

_TRAINING = ("chief", "worker")


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those that train together.

    Attributes:
        part: which windows of each step are its own.
        workers: what adds the gradients of TensorFlow's processes up; None on JAX, and where a process is alone.
    """

    part: Part
    workers: Any = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Processes:
        """As the environment says; alone where it says nothing.

        Raises:
            InvalidSettings: a number is missing or impossible.
        """
        count, number = _tensorflow(environment) if backend() == "tensorflow" else _jax(environment)
        if WINDOWS_A_STEP % count:
            raise InvalidSettings(
                f"{count} processes cannot share {WINDOWS_A_STEP} windows a step evenly",
                hint="use 2, 4, 8, 16, 32 or 64",
            )
        return cls(Part(number, count))

    @property
    def is_first(self) -> bool:
        """Whether this one writes checkpoints, models and progress."""
        return self.part.number == 0

    @classmethod
    def joined(cls, keras: ModuleType) -> Processes:
        """Join the others, once in a process's life and before any computation; returns at once where there are none.

        Raises:
            Unavailable: several processes on a backend that cannot join them.
        """
        found = cls.of(os.environ)
        if found.part.of == 1:
            return found
        if backend() == "tensorflow":
            return cls(found.part, _met())
        if backend() != "jax":
            raise Unavailable(
                f"training in {found.part.of} processes needs JAX or TensorFlow, not {backend()}",
                hint="unset KERAS_BACKEND, or train in one process",
            )
        if keras.distribution.distribution() is None:
            keras.distribution.initialize(os.environ[COORDINATOR], found.part.of, found.part.number)
            devices = keras.distribution.list_devices()
            data_parallel = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
            keras.distribution.set_distribution(data_parallel)
        return found


@cache
def _met() -> Any:  # noqa: ANN401 - a strategy of TensorFlow
    return tensorflow_workers.join()


def _jax(environment: Mapping[str, str]) -> tuple[int, int]:
    try:
        count, number = int(environment.get(COUNT, "1")), int(environment.get(NUMBER, "0"))
    except ValueError as error:
        raise InvalidSettings(f"{COUNT} and {NUMBER} must be numbers: {error}") from error
    if not 0 <= number < count:
        raise InvalidSettings(f"{NUMBER} is {number} of {count}; it counts from 0 to {COUNT} - 1")
    if count > 1 and not environment.get(COORDINATOR):
        raise InvalidSettings(f"{COORDINATOR} is missing", hint="set it to HOST:PORT of process 0")
    return count, number


def _tensorflow(environment: Mapping[str, str]) -> tuple[int, int]:
    if not environment.get(TF_CONFIG):
        return 1, 0
    try:
        told = json.loads(environment[TF_CONFIG])
        roles = {role: hosts for role, hosts in told["cluster"].items() if role in _TRAINING}
        others = set(told["cluster"]) - set(roles)
        count, number = sum(len(hosts) for hosts in roles.values()), int(told["task"]["index"])
        number += len(roles.get("chief", ())) if told["task"]["type"] == "worker" else 0
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidSettings(
            f"{TF_CONFIG} cannot be read: {type(error).__name__} {error}",
            hint='it is JSON: {"cluster": {"worker": ["host:port"]}, "task": {"type": "worker", "index": 0}}',
        ) from error
    if others or told["task"]["type"] not in roles or not 0 <= number < count:
        raise InvalidSettings(
            f"{TF_CONFIG} names {told['task']['type']} {told['task']['index']} of {', '.join(sorted(told['cluster']))}",
            hint="all processes train: name workers, and a chief if there is one; no parameter server and no evaluator",
        )
    return count, number
