"""The Helm chart: what it makes of its values, against the schemas of every supported Kubernetes."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.helm import helm, needs_helm, with_each_helm

from tracetune.api.external_metrics import METRICS

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "tracetune"
VERSIONS = [f"1.{minor}" for minor in range(30, 38)]
OPERATOR = ("--api-versions", "monitoring.coreos.com/v1")

MATRIX: dict[str, tuple[str, ...]] = {
    "as it comes": (),
    "external ClickHouse, learning on a schedule": (
        "store.existingSecret=clickhouse",
        "retrain.enabled=true",
        "registry.existingClaim=models",
        "persistence.enabled=false",
    ),
    "reached from outside": (
        "ingress.enabled=true",
        "ingress.host=tune.example.com",
        "ingress.path=/tracetune",
        "ingress.tlsSecret=tls",
        "alertmanagerUrl=http://alertmanager.monitoring.svc:9093",
    ),
    "a mesh with Zipkin senders, nothing else": (
        "auth.openIngest=true",
        "auth.existingSecret=mine",
        "discovery.enabled=false",
        "serviceAccount.create=false",
        "podDisruptionBudget.enabled=false",
        "networkPolicy.from[0].namespaceSelector.matchLabels.istio=enabled",
        "networkPolicy.egress=null",
    ),
    "ingest by replicas, models in a bucket, external metrics": (
        "ingest.enabled=true",
        "ingest.replicas=3",
        "registry.url=s3://models/shop",
        "registry.secret=bucket",
        "store.existingSecret=clickhouse",
        "retrain.enabled=true",
        "externalMetrics.enabled=true",
        "externalMetrics.tlsSecret=metrics-tls",
        "externalMetrics.annotations.note=x",
    ),
    "ingest by Kafka": (
        "ingest.enabled=true",
        "ingest.replicas=1",
        "ingest.kafkaBrokers=kafka:9092",
        "auth.openIngest=true",
    ),
    "placed and tuned": (
        "settings.detect.false_incidents_per_week=0.5",
        "settings.serve.keep_days=30",
        "image.digest=sha256:" + 64 * "a",
        "nodeSelector.pool=observability",
        "priorityClassName=high",
        "extraEnv[0].name=TZ",
        "extraEnv[0].value=UTC",
        "podLabels.team=sre",
        "keda.enabled=true",
        "podAnnotations.note=x",
    ),
}

pytestmark = needs_helm


def _render(*values: str, more: tuple[str, ...] = (), program: str = "helm") -> list[dict[str, Any]]:
    sets = [word for value in values for word in ("--set", value)]
    done = helm("template", "tune", str(CHART), "--namespace", "obs", *more, *sets, program=program)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def _one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (each for each in documents if each["kind"] == kind)
    return found


def _container(documents: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = _one(documents, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
    return container


def _environment(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in _container(documents)["env"]}


@with_each_helm
def test_lint_finds_nothing_wrong(program: str) -> None:
    done = helm("lint", str(CHART), "--strict", program=program)

    assert done.returncode == 0, done.stdout + done.stderr


@functools.cache
def _accepted_by_every_version(document: str) -> bool:
    """Raises where one does not; what one Helm made like the other is asked once."""
    for version in VERSIONS:
        kubernetes_validate.validate(json.loads(document), version, strict=True)
    return True


@with_each_helm
@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX.keys())
def test_every_supported_kubernetes_accepts_every_object(values: tuple[str, ...], program: str) -> None:
    documents = _render(*values, more=OPERATOR, program=program)

    assert {"Service", "StatefulSet", "ServiceMonitor"} <= {each["kind"] for each in documents}
    for document in documents:
        if "monitoring.coreos.com" not in document["apiVersion"]:  # not one of Kubernetes' own
            assert _accepted_by_every_version(json.dumps(document))


@with_each_helm
def test_kubernetes_versions_that_the_chart_names_are_those_it_is_installed_on(program: str) -> None:
    older = helm("template", "tune", str(CHART), "--kube-version", "1.29.0", program=program)

    assert older.returncode != 0
    assert "1.30" in older.stderr


def test_server_listens_beyond_its_pod_only_with_tokens() -> None:
    documents = _render()
    environment = _environment(documents)

    secret = _one(documents, "Secret")
    assert environment["TRACETUNE_SERVE_HOST"] == "0.0.0.0"  # noqa: S104 - this is what needs the token
    assert environment["TRACETUNE_API_INGEST_TOKEN"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
    tokens = {base64.b64decode(value) for value in secret["data"].values()}
    assert len(tokens) == 3
    assert all(len(token) == 40 for token in tokens)


def test_senders_without_tokens_are_let_in_only_when_that_is_said_in_words() -> None:
    environment = _environment(_render("auth.openIngest=true"))

    assert environment["TRACETUNE_SERVE_OPEN"] == "anyone may send and read"
    assert "TRACETUNE_API_INGEST_TOKEN" not in environment
    assert "TRACETUNE_API_ADMIN_TOKEN" in environment


def test_pod_runs_as_nobody_in_particular_on_a_read_only_disk() -> None:
    documents = _render()
    pod = _one(documents, "StatefulSet")["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert _container(documents)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_role_may_list_and_nothing_else() -> None:
    role = _one(_render(), "ClusterRole")

    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    assert not any(each["kind"] == "ClusterRole" for each in _render("discovery.enabled=false"))


def test_objects_of_the_prometheus_operator_come_only_where_the_cluster_knows_them() -> None:
    without, with_operator = ({each["kind"] for each in _render(more=more)} for more in ((), OPERATOR))

    assert {"ServiceMonitor", "PrometheusRule"} <= with_operator
    assert not {"ServiceMonitor", "PrometheusRule"} & without


def test_rules_of_the_chart_are_those_that_are_shipped_for_prometheus() -> None:
    shipped = CHART.parents[1] / "prometheus" / "tracetune.rules.yml"

    assert (CHART / "files" / shipped.name).read_text() == shipped.read_text()
    assert _one(_render(more=OPERATOR), "PrometheusRule")["spec"] == yaml.safe_load(shipped.read_text())


def test_settings_become_variables_that_tracetune_knows() -> None:
    environment = _environment(_render(*MATRIX["placed and tuned"], *MATRIX["reached from outside"]))

    assert environment["TRACETUNE_DETECT_FALSE_INCIDENTS_PER_WEEK"] == "0.5"
    assert environment["TRACETUNE_API_EXTERNAL_URL"] == "https://tune.example.com/tracetune"
    assert environment["TRACETUNE_API_PREFIX"] == "/tracetune"
    assert environment["TRACETUNE_API_KEDA_PORT"] == "8788"
    known = _known_settings()
    assert {name for name in environment if name.startswith("TRACETUNE_")} <= known


def _known_settings() -> set[str]:
    from tracetune import settings

    _, entries = settings.load(environ={})
    return {settings.PREFIX + entry.key.replace(".", "_").upper() for entry in entries}


def test_image_is_taken_by_digest_where_one_is_given() -> None:
    assert _container(_render(*MATRIX["placed and tuned"]))["image"].endswith("@sha256:" + 64 * "a")
    assert _container(_render())["image"] == "ghcr.io/tracetune/tracetune:0.1.0"


def test_one_server_owns_the_store() -> None:
    spec = _one(_render(), "StatefulSet")["spec"]

    assert spec["replicas"] == 1
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("replicas=3",), "replicas"),
        (("registry.url=ftp://x",), "url"),
        (("externalMetrics.enabled=true",), "needs externalMetrics.tlsSecret"),
        (("persistence.size=lots",), "size"),
        (("service.type=Cloud",), "type"),
        (("settings.detect.Bad=1",), "Bad"),
        (("retrain.enabled=true",), "needs store.existingSecret"),
        (("retrain.enabled=true", "store.existingSecret=x"), "needs registry.existingClaim or registry.url"),
    ],
)
@with_each_helm
def test_values_that_cannot_be_meant_are_refused_with_their_name(
    values: tuple[str, ...], said: str, program: str
) -> None:
    sets = [word for value in values for word in ("--set", value)]

    done = helm("template", "tune", str(CHART), *sets, program=program)

    assert done.returncode != 0
    assert said in done.stderr


def test_ingest_replicas_hold_spans_for_the_server_and_show_its_token() -> None:
    documents = _render("ingest.enabled=true")
    deployment = _one(documents, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    config = yaml.safe_load(_one(documents, "ConfigMap")["data"]["config.yaml"])

    assert deployment["spec"]["replicas"] == 2
    assert config["exporters"]["otlp"]["endpoint"] == "tune:4317"
    assert config["exporters"]["otlp"]["headers"] == {"authorization": "Bearer ${env:INGEST_TOKEN}"}
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "tune-tokens", "key": "ingest-token"}
    assert set(config["receivers"]) == {"otlp", "zipkin"}
    services = {each["metadata"]["name"]: each for each in documents if each["kind"] == "Service"}
    assert services["tune-ingest"]["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert services["tune"]["spec"]["selector"] != services["tune-ingest"]["spec"]["selector"]


def test_ingest_by_kafka_writes_what_the_server_reads() -> None:
    config = yaml.safe_load(_one(_render(*MATRIX["ingest by Kafka"]), "ConfigMap")["data"]["config.yaml"])

    assert config["exporters"] == {
        "kafka": {"brokers": ["kafka:9092"], "traces": {"topic": "otlp_spans", "encoding": "otlp_proto"}}
    }


def test_external_metrics_are_served_only_when_asked_for() -> None:
    asked = _render("externalMetrics.enabled=true", "externalMetrics.tlsSecret=tls")
    service = _one(asked, "APIService")["spec"]["service"]
    (port,) = (each for each in _one(asked, "Service")["spec"]["ports"] if each["port"] == service["port"])

    (role,) = (each for each in asked if each["kind"] == "ClusterRole" and "external" in each["metadata"]["name"])
    assert role["rules"][0]["resources"] == list(METRICS)
    assert not any(each["kind"] == "APIService" for each in _render())
    assert service["name"] == _one(asked, "Service")["metadata"]["name"]
    assert port["targetPort"] == "metrics-api"
    assert _environment(asked)["TRACETUNE_API_EXTERNAL_METRICS_PORT"] == "6443"


def test_every_value_is_described() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def undescribed(value: Any, described: Any, path: str) -> list[str]:
        if "description" not in described:
            return [path]
        known = described.get("properties", {})
        children = value.items() if isinstance(value, dict) and known else ()
        return [bad for key, child in children for bad in undescribed(child, known.get(key, {}), f"{path}.{key}")]

    assert set(values) | {"global"} == set(schema["properties"])
    assert [bad for key, child in values.items() for bad in undescribed(child, schema["properties"][key], key)] == []


def _policy(documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = (each for each in documents if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == name)
    spec: dict[str, Any] = found["spec"]
    return spec


def test_collectors_reach_the_server_whoever_else_may_send_and_wherever_else_it_may_go() -> None:
    only_the_mesh = "networkPolicy.from[0].namespaceSelector.matchLabels.istio=enabled"
    documents = _render("ingest.enabled=true", only_the_mesh, "networkPolicy.egress=null")
    collector = _one(documents, "Deployment")["spec"]["selector"]
    server = _one(documents, "StatefulSet")["spec"]["selector"]
    otlp = [{"port": "otlp-grpc", "protocol": "TCP"}]

    assert {"ports": otlp, "from": [{"podSelector": collector}]} in _policy(documents, "tune")["ingress"]
    assert {"ports": otlp, "to": [{"podSelector": server}]} in _policy(documents, "tune-ingest")["egress"]


def test_pods_that_learn_are_no_servers_to_the_service_the_budget_and_the_policy() -> None:
    """A budget that matches a Job's pod allows no disruption at all: a Job has no scale to count by."""
    documents = _render(*MATRIX["external ClickHouse, learning on a schedule"])
    pod = _one(documents, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]

    selectors = [each["spec"]["selector"] for each in documents if each["kind"] == "Service"]
    selectors += [
        each["spec"]["selector"]["matchLabels"] for each in documents if each["kind"] == "PodDisruptionBudget"
    ]
    assert len(selectors) == 2
    assert not any(selector.items() <= pod.items() for selector in selectors)
    own = _policy(documents, "tune-retrain")
    assert own["podSelector"]["matchLabels"].items() <= pod.items()
    assert "ingress" not in own
    assert own["policyTypes"] == ["Ingress", "Egress"]
