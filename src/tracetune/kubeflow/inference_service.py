"""Model serving as KServe's InferenceService: our own container behind the Open Inference Protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

MODELS = "/mnt/models"
"""Where KServe's storage initializer puts what STORAGE_URI names."""


@dataclass(frozen=True, slots=True)
class InferenceService:
    """What to serve, and how much of the traffic a new version gets.

    Attributes:
        name: of the service; a DNS label.
        image: of tracetune.
        storage_uri: a version in a registry, as ``s3://bucket/prefix/versions/000012`` or ``pvc://claim/path``.
        canary_percent: the share of requests that this version gets while the former one keeps the rest; None gives all.
    """

    name: str
    image: str
    storage_uri: str
    namespace: str = "kubeflow"
    least_replicas: int = 1
    most_replicas: int = 3
    cpu: str = "250m"
    memory: str = "1Gi"
    canary_percent: int | None = None

    def render(self) -> Object:
        """The InferenceService as it is applied.

        Source: KServe v1beta1 API, "Custom predictor"; Standard deployment mode needs no Knative.
        """
        container = {
            "name": "kserve-container",
            "image": self.image,
            "args": ["model", "serve", "--file", MODELS, "--http-port", "8080", "--grpc-port", "8081"],
            "env": [{"name": "STORAGE_URI", "value": self.storage_uri}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108 - in a pod
            "ports": [
                {"name": "http1", "containerPort": 8080, "protocol": "TCP"},
                {"name": "h2c", "containerPort": 8081, "protocol": "TCP"},
            ],
            "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": 8080}, "periodSeconds": 5},
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
        predictor: Object = {
            "minReplicas": self.least_replicas,
            "maxReplicas": self.most_replicas,
            "containers": [container],
        }
        if self.canary_percent is not None:
            predictor["canaryTrafficPercent"] = self.canary_percent
        return {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "annotations": {"serving.kserve.io/deploymentMode": "Standard"},
                "labels": {"app.kubernetes.io/name": "tracetune"},
            },
            "spec": {"predictor": predictor},
        }
