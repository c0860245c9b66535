"""Training on TensorFlow in several pods: an indexed Job that sets TF_CONFIG, for Trainer has no runtime that does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

PORT = 2222
_INDEX = "JOB_COMPLETION_INDEX"


@dataclass(frozen=True, slots=True)
class TensorFlowJob:
    """What to train, and on how many workers.

    Attributes:
        name: of the Job and of the headless Service by which its pods find each other; a DNS label.
        image: of tracetune with TensorFlow in it: ``pip install 'tracetune[tensorflow]'``.
        arguments: of ``tracetune train``, as a user would write them.
        workers: pods; each makes its share of every step's windows.
        claim: a PersistentVolumeClaim that all mount at ``/checkpoints``, so that lost pods go on from the last step.
        retries: how often a lost pod is made again; where one is lost the others end too, and all begin from the checkpoint.
    """

    name: str
    image: str
    arguments: Sequence[str]
    namespace: str = "kubeflow"
    workers: int = 2
    cpu: str = "2"
    memory: str = "4Gi"
    claim: str = ""
    retries: int = 3

    def render(self) -> tuple[Object, Object]:
        """The Service and the Job as they are applied.

        Source: kubernetes.io, "Indexed Job for Parallel Processing with Static Work Assignment" and "Job with Pod-to-Pod
        Communication"; TensorFlow, "Distributed training", TF_CONFIG.
        """
        labels = {"app.kubernetes.io/name": "tracetune", "app.kubernetes.io/instance": self.name}
        metadata = {"name": self.name, "namespace": self.namespace, "labels": labels}
        ports = [{"name": "tensorflow", "port": PORT}]
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels, "ports": ports},
        }
        spec = {
            "completionMode": "Indexed",
            "completions": self.workers,
            "parallelism": self.workers,
            "backoffLimit": self.retries * self.workers,
            "template": {"metadata": {"labels": labels}, "spec": self._pod()},
        }
        return service, {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}

    def command(self) -> list[str]:
        """A shell that says which worker this is, and then becomes the command that a user would run."""
        hosts = [f"{self.name}-{number}.{self.name}:{PORT}" for number in range(self.workers)]
        cluster = json.dumps({"worker": hosts})
        told = f'{{"cluster": {cluster}, "task": {{"type": "worker", "index": \'"${_INDEX}"\'}}}}'
        return ["/bin/sh", "-c", f"export TF_CONFIG='{told}'; exec tracetune train \"$@\"", "train"]

    def _pod(self) -> Object:
        checkpoints = ["--checkpoints", "/checkpoints"] if self.claim else []
        container: Object = {
            "name": "worker",
            "image": self.image,
            "command": self.command(),
            "args": [*self.arguments, *checkpoints],
            "env": [{"name": "KERAS_BACKEND", "value": "tensorflow"}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108 - in a pod
            "ports": [{"name": "tensorflow", "containerPort": PORT}],
            "resources": {
                "requests": {"cpu": self.cpu, "memory": self.memory},
                "limits": {"memory": self.memory},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        pod: Object = {"restartPolicy": "Never", "subdomain": self.name, "containers": [container]}
        if self.claim:
            container["volumeMounts"] = [{"name": "checkpoints", "mountPath": "/checkpoints"}]
            pod["volumes"] = [{"name": "checkpoints", "persistentVolumeClaim": {"claimName": self.claim}}]
        return pod
