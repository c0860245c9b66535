"""Training in several processes, as Kubeflow Trainer's jax runtime starts them; one machine needs none of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from tracetune.errors import InvalidSettings, Unavailable
from tracetune.forecasting.batches import WINDOWS_A_STEP, Part
from tracetune.forecasting.keras_backend import backend

COUNT, NUMBER, COORDINATOR = "JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "JAX_COORDINATOR_ADDRESS"
"""Set in every pod by Kubeflow Trainer's runtime ``jax-distributed``; by hand anywhere else.

Source: Kubeflow Trainer, JAX guide, "Environment Variables Injected by the JAX Runtime".
"""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those that train together."""

    part: Part

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Processes:
        """As the environment says; alone where it says nothing.

        Raises:
            InvalidSettings: a number is missing or impossible.
        """
        try:
            count, number = int(environment.get(COUNT, "1")), int(environment.get(NUMBER, "0"))
        except ValueError as error:
            raise InvalidSettings(f"{COUNT} and {NUMBER} must be numbers: {error}") from error
        if not 0 <= number < count:
            raise InvalidSettings(f"{NUMBER} is {number} of {count}; it counts from 0 to {COUNT} - 1")
        if WINDOWS_A_STEP % count:
            raise InvalidSettings(
                f"{count} processes cannot share {WINDOWS_A_STEP} windows a step evenly",
                hint="use 2, 4, 8, 16, 32 or 64",
            )
        if count > 1 and not environment.get(COORDINATOR):
            raise InvalidSettings(f"{COORDINATOR} is missing", hint="set it to HOST:PORT of process 0")
        return cls(Part(number, count))

    @property
    def is_first(self) -> bool:
        """Whether this one writes checkpoints, models and progress."""
        return self.part.number == 0

    @classmethod
    def joined(cls, keras: ModuleType) -> Processes:
        """Join the others, once in a process's life and before any computation; returns at once where there are none.

        Raises:
            Unavailable: several processes on a backend other than JAX.
        """
        found = cls.of(os.environ)
        if found.part.of == 1 or keras.distribution.distribution() is not None:
            return found
        if backend() != "jax":
            raise Unavailable(
                f"training in {found.part.of} processes needs the JAX backend, not {backend()}",
                hint="unset KERAS_BACKEND, or train in one process",
            )
        keras.distribution.initialize(os.environ[COORDINATOR], found.part.of, found.part.number)
        devices = keras.distribution.list_devices()
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
        return found
