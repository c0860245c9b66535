"""Reads workloads, their pods and autoscalers from the Kubernetes API; it only ever lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from tracetune.domain.workloads import Autoscaler, Workload
from tracetune.errors import InvalidSettings, Unavailable

TIMEOUT_SECONDS = 10.0
"""An API server that is slower than this is away, as far as a question about replicas is concerned."""

_NAMES = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
"""Labels that name a service, the most certain first (Istio, "Canonical service"; Kubernetes, "Recommended labels")."""

_OPTIONAL = "horizontalpodautoscalers"
"""Where a cluster lacks the group autoscaling/v2, nobody scales by it; without the others there is nothing to read."""

_SUFFIXES = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip  # a table


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number: cores or bytes.

    >>> quantity("250m"), quantity("128Mi"), quantity("1.5"), quantity("1e3")
    (0.25, 134217728.0, 1.5, 1000.0)

    Source: Kubernetes API, "Quantity".

    Raises:
        ValueError: it is none.
    """
    digits = text.rstrip("".join(set("".join(_SUFFIXES))) if not _is_number(text) else "")
    return float(digits) * _SUFFIXES[text[len(digits) :]]


def workloads(client: Any, namespace: str | None = None) -> tuple[Workload, ...]:  # noqa: ANN401 - lightkube.Client
    """The Deployments and StatefulSets of one namespace, or of all, by namespace and name.

    Args:
        client: from ``connect``.
        namespace: None for all.

    Raises:
        Unavailable: the API server does not answer, or does not allow it; it says which permission is missing.
    """
    from lightkube.resources.apps_v1 import Deployment, StatefulSet  # noqa: PLC0415 - an extra
    from lightkube.resources.autoscaling_v2 import HorizontalPodAutoscaler  # noqa: PLC0415
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415

    def listed(kind: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a resource class
        return [each.to_dict() for each in _listing(client, kind, namespace or "*")]

    pods = listed(Pod)
    scalers = {_target(each): _autoscaler(each) for each in listed(HorizontalPodAutoscaler)}
    found = [
        _workload(kind.__name__, each, pods, scalers) for kind in (Deployment, StatefulSet) for each in listed(kind)
    ]
    return tuple(sorted(found, key=lambda each: (each.namespace, each.name)))


def connect(kubeconfig: str | None = None, context: str | None = None) -> Any:  # noqa: ANN401 - lightkube.Client
    """A client of the cluster that the pod runs in, or that KUBECONFIG (or the file given) names.

    Raises:
        InvalidSettings: there is no such file, context or user.
        Unavailable: the extra is not installed.
    """
    try:
        import httpx2  # noqa: PLC0415 - what lightkube speaks with
        from lightkube import Client, KubeConfig  # noqa: PLC0415
        from lightkube.core.exceptions import ConfigError  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable(
            "reading the cluster needs lightkube, which is not installed", hint="pip install 'tracetune[kubeflow]'"
        ) from error
    try:
        config = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        chosen = config.get(context) if context else config
        return Client(chosen, timeout=httpx2.Timeout(TIMEOUT_SECONDS), trust_env=False)
    except (ConfigError, AssertionError, OSError) as error:
        raise InvalidSettings(
            f"no usable cluster in {kubeconfig or 'KUBECONFIG'}: {error}",
            hint="kubectl config view shows what is there",
        ) from error


def _listing(client: Any, kind: Any, namespace: str) -> Iterable[Any]:  # noqa: ANN401 - lightkube has no useful types
    import httpx2  # noqa: PLC0415
    from lightkube.core.exceptions import ApiError  # noqa: PLC0415

    try:
        return list(client.list(kind, namespace=namespace, chunk_size=500))
    except (ApiError, httpx2.HTTPStatusError) as error:
        status = error.response.status_code
        plural = f"{kind.__name__.lower()}s"
        if status == 404 and plural == _OPTIONAL:
            return []
        if status == 404:  # of pods, deployments and statefulsets every cluster has a list, if an empty one
            raise Unavailable(
                f"no Kubernetes API knows {plural} at the address of this cluster",
                hint="kubectl config view shows the address; kubectl api-resources what is there",
            ) from error
        raise Unavailable(
            f"the Kubernetes API answered {status} when {plural} were listed",
            hint=f"allow it: kubectl auth can-i list {plural} --as=system:serviceaccount:NAMESPACE:tracetune",
        ) from error
    except httpx2.HTTPError as error:
        raise Unavailable(
            f"the Kubernetes API does not answer: {type(error).__name__}", hint="kubectl get --raw /readyz tells more"
        ) from error


def _workload(
    kind: str,
    found: Mapping[str, Any],
    pods: Sequence[Mapping[str, Any]],
    scalers: Mapping[tuple[str, str, str], Autoscaler],
) -> Workload:
    metadata, spec = found["metadata"], found["spec"]
    namespace, name = metadata["namespace"], metadata["name"]
    template = spec.get("template") or {}
    own = [pod for pod in pods if _belongs(pod, namespace, (spec.get("selector") or {}).get("matchLabels") or {})]
    containers = (template.get("spec") or {}).get("containers") or []
    labels = {**(metadata.get("labels") or {}), **((template.get("metadata") or {}).get("labels") or {})}
    names = [labels[label] for label in _NAMES if labels.get(label)]
    startups = [seconds for pod in own if (seconds := _startup_seconds(pod)) is not None]
    return Workload(
        kind,
        namespace,
        name,
        tuple(dict.fromkeys([*names, name])),
        spec.get("replicas", 1),
        (found.get("status") or {}).get("readyReplicas") or 0,
        _asked(containers, "requests", "cpu"),
        _asked(containers, "requests", "memory"),
        _asked(containers, "limits", "cpu"),
        _asked(containers, "limits", "memory"),
        scalers.get((namespace, kind, name)),
        median(startups) if startups else None,
        frozenset(pod["metadata"]["name"] for pod in own),
    )


def _belongs(pod: Mapping[str, Any], namespace: str, selector: Mapping[str, str]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and pod["metadata"].get("namespace") == namespace and selector.items() <= labels.items()


def _asked(containers: Sequence[Mapping[str, Any]], group: str, resource: str) -> float | None:
    """The sum over a pod's containers; None where one of them asks for none: the pod's need is not known then."""
    values = [((each.get("resources") or {}).get(group) or {}).get(resource) for each in containers]
    return sum(quantity(str(value)) for value in values) if values and all(values) else None


def _startup_seconds(pod: Mapping[str, Any]) -> float | None:
    status = pod.get("status") or {}
    ready = [each for each in status.get("conditions") or [] if each["type"] == "Ready" and each["status"] == "True"]
    restarted = any(each.get("restartCount") for each in status.get("containerStatuses") or [])
    if not ready or restarted or not status.get("startTime"):
        return None  # after a restart "ready since" no longer tells how long the first start took
    seconds = (_time(ready[0]["lastTransitionTime"]) - _time(status["startTime"])).total_seconds()
    return max(0.0, seconds)


def _time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _target(scaler: Mapping[str, Any]) -> tuple[str, str, str]:
    target = scaler["spec"]["scaleTargetRef"]
    return scaler["metadata"]["namespace"], target["kind"], target["name"]


def _autoscaler(found: Mapping[str, Any]) -> Autoscaler:
    spec = found["spec"]
    metrics = tuple(_metric_words(spec.get("metrics") or []))
    return Autoscaler(found["metadata"]["name"], spec.get("minReplicas", 1), spec["maxReplicas"], metrics)


def _metric_words(metrics: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in metrics:
        source = each[each["type"][0].lower() + each["type"][1:]]
        name = source.get("name") or (source.get("metric") or {}).get("name", "")
        target = source.get("target") or {}
        if target.get("averageUtilization") is not None:
            yield f"{name} {target['averageUtilization']} %"
        else:
            yield f"{name} {target.get('averageValue') or target.get('value') or ''}".rstrip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
