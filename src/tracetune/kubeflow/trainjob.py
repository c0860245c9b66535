"""Training as Kubeflow Trainer's TrainJob: the same command as on a laptop, on several nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tracetune.errors import InvalidSettings

Object = dict[str, Any]

API_VERSION = "trainer.kubeflow.org/v1alpha1"


class Runtime(StrEnum):
    """The ClusterTrainingRuntime that starts the nodes.

    Trainer has one for JAX, which names the coordinator and the number of each process in the environment. It has none
    for TensorFlow: there a plain runtime starts one node.
    """

    JAX = "jax-distributed"
    PLAIN = "torch-distributed"


@dataclass(frozen=True, slots=True)
class TrainJob:
    """What to train, and on what.

    Attributes:
        name: of the job; a DNS label.
        image: of tracetune.
        arguments: of ``tracetune train``, as a user would write them.
        nodes: processes, one a pod.
        cpu, memory: of each, as Kubernetes quantities.
        claim: a PersistentVolumeClaim that all nodes mount at ``/checkpoints``, so that a pod that was lost goes on from
            the last step; "" where a lost pod may begin again.
    """

    name: str
    image: str
    arguments: Sequence[str]
    namespace: str = "kubeflow"
    nodes: int = 1
    cpu: str = "2"
    memory: str = "4Gi"
    runtime: Runtime = Runtime.JAX
    claim: str = ""

    def render(self) -> Object:
        """The TrainJob as it is applied.

        Source: Kubeflow Trainer API 2.3, TrainJobSpec; ``runtimePatches`` took the place of ``podTemplateOverrides`` in 2.2.

        Raises:
            InvalidSettings: several nodes of a runtime that does not join them.
        """
        if self.runtime is not Runtime.JAX and self.nodes > 1:
            raise InvalidSettings(
                f"{self.nodes} nodes of {self.runtime} would train {self.nodes} times the same",
                hint="use the JAX runtime for several nodes, or one node",
            )
        backend = "jax" if self.runtime is Runtime.JAX else "tensorflow"
        resources = {"cpu": self.cpu, "memory": self.memory}
        checkpoints = ["--checkpoints", "/checkpoints"] if self.claim else []
        spec: Object = {
            "runtimeRef": {
                "apiGroup": "trainer.kubeflow.org",
                "kind": "ClusterTrainingRuntime",
                "name": str(self.runtime),
            },
            "trainer": {
                "image": self.image,
                "command": ["tracetune", "train"],
                "args": [*self.arguments, *checkpoints],
                "numNodes": self.nodes,
                "env": [{"name": "KERAS_BACKEND", "value": backend}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108 - in a pod
                "resourcesPerNode": {"requests": resources, "limits": {"memory": self.memory}},
            },
        }
        if self.claim:
            spec["runtimePatches"] = [self._volume()]
        metadata = {"name": self.name, "namespace": self.namespace, "labels": {"app.kubernetes.io/name": "tracetune"}}
        return {"apiVersion": API_VERSION, "kind": "TrainJob", "metadata": metadata, "spec": spec}

    def _volume(self) -> Object:
        """Every node's pod with the claim, under a manager's name of our own so that other patches stay."""
        pod = {
            "volumes": [{"name": "checkpoints", "persistentVolumeClaim": {"claimName": self.claim}}],
            "containers": [{"name": "node", "volumeMounts": [{"name": "checkpoints", "mountPath": "/checkpoints"}]}],
        }
        return {
            "manager": "tracetune.io/train",
            "trainingRuntimeSpec": {
                "template": {
                    "spec": {"replicatedJobs": [{"name": "node", "template": {"spec": {"template": {"spec": pod}}}}]}
                }
            },
        }
