"""What users set: one frozen tree from defaults, a TOML file, the environment and flags, in rising precedence."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tracetune.errors import InvalidSettings

PREFIX = "TRACETUNE_"
"""``ingest.max_spans`` is TRACETUNE_INGEST_MAX_SPANS in the environment."""

FILE_VARIABLE = "TRACETUNE_CONFIG"
DATA_VARIABLE = "TRACETUNE_DATA"
_NOT_SETTINGS = {FILE_VARIABLE, DATA_VARIABLE}
_SECRET_WORDS = ("token", "password", "secret", "webhook_url", "slack_url")


def _setting(default: Any, doc: str, *, least: float | None = None, choices: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
    return field(default=default, metadata={"doc": doc, "least": least, "choices": choices})


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How spans become minutes."""

    max_spans: int = _setting(
        1_000_000,
        "Spans held while their traces are put together. More finds spans that come late, for about 200 bytes each.",
        least=1_000,
    )


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How what is normal is learned."""

    model: str = _setting(
        "lstm",
        "The best model to try: 'lstm', which the extra 'learn' trains on your own days too, or 'baselines', which is quicker.",
        choices=("lstm", "baselines"),
    )
    horizon_minutes: int = _setting(
        60, "Minutes to forecast beyond the last one seen; tuning plans for the load in them.", least=1
    )
    seed: int = _setting(0, "Seed of everything random; equal input and seed give equal results.", least=0)
    registry: str = _setting(
        "", "Directory, or s3://BUCKET/PREFIX, in which trained models are kept by version; empty keeps none."
    )


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """How surprising a minute must be."""

    false_incidents_per_week: float = _setting(
        1.0, "How many false incidents a week the whole system may raise. Less finds fewer true ones.", least=0.01
    )


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """What the advice has to keep."""

    slo: str = _setting(
        "",
        "Objectives by semicolons, as 'GET /checkout p99<800ms; GET /cart p99<0.3s'. Endpoints without one are to keep p99 "
        "within twice what it is when nothing waits.",
    )
    prometheus_url: str = _setting(
        "",
        "Prometheus, as http://prometheus.monitoring.svc:9090, that is asked for CPU and memory by pod; empty asks none.",
    )
    prometheus_token: str = _setting("", "Sent to it as 'Authorization: Bearer TOKEN'; empty sends none.")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where minutes are kept."""

    url: str = _setting(
        "",
        "chdb:///DIRECTORY (embedded) or https://user:password@host:8443/database?ca_cert=FILE (ClickHouse; ca_cert only where "
        "the authority is not one of the system's); empty keeps nothing.",
    )


ANYONE = "anyone may send and read"
"""The words that let the server listen beyond this machine without a token."""


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """The running server: where it listens, whom it lets in, and how much it takes on."""

    directory: str = _setting(
        "tracetune-data", "Directory of acknowledged spans, and of the store where store.url is empty."
    )
    host: str = _setting("127.0.0.1", "Address to listen on; any other than this machine's own needs api.ingest_token.")
    port: int = _setting(8787, "Port of the pages and the API; 0 takes a free one, -1 does not listen.", least=-1)
    otlp_grpc_port: int = _setting(4317, "Port of OTLP over gRPC; 0 takes a free one, -1 does not listen.", least=-1)
    otlp_http_port: int = _setting(4318, "Port of OTLP over HTTP; 0 takes a free one, -1 does not listen.", least=-1)
    zipkin_port: int = _setting(9411, "Port of Zipkin spans; 0 takes a free one, -1 does not listen.", least=-1)
    open: str = _setting("", f"'{ANYONE}' allows serve.host beyond this machine without a token.", choices=("", ANYONE))
    tls_certificate: str = _setting("", "PEM file with the server's certificate chain; empty serves without TLS.")
    tls_key: str = _setting("", "PEM file with the key of serve.tls_certificate.")
    tls_client_ca: str = _setting("", "PEM file of authorities; senders must show a certificate of theirs (mTLS).")
    grace_seconds: float = _setting(
        10.0, "How long after its end a minute stays open for spans: senders batch for about 5 seconds.", least=0
    )
    max_request_bytes: int = _setting(
        32 << 20, "Largest request, also after decompression; larger ones are refused.", least=1024
    )
    pending_bytes: int = _setting(
        64 << 20, "Requests held until they are on disk; beyond, senders are told to wait and send again.", least=1024
    )
    names_per_service: int = _setting(
        1_000, "Distinct operation names a service may have; more are counted together as 'other'.", least=1
    )
    window_hours: int = _setting(24, "Hours of minutes that each new minute is judged by.", least=1)
    keep_days: int = _setting(
        90, "Days that minutes, links, instances and paths are kept; 0 keeps them for ever.", least=0
    )
    keep_exemplar_days: int = _setting(
        14, "Days that the ids of exemplar traces are kept; 0 keeps them for ever.", least=0
    )
    jaeger_url: str = _setting("", "Address of a Jaeger query service to pull traces from; empty pulls none.")
    tempo_url: str = _setting("", "Address of a Tempo query frontend to pull traces from; empty pulls none.")
    otel_tables_url: str = _setting(
        "", "ClickHouse in which the Collector keeps spans, as https://USER:PASSWORD@HOST:8443/otel; empty pulls none."
    )
    pull_token: str = _setting("", "Sent to either as 'Authorization: Bearer TOKEN'; empty sends none.")
    pull_seconds: float = _setting(15.0, "How often they are asked for what is new.", least=1)
    retry_seconds: float = _setting(
        30.0,
        "Longest pause between two tries of a broker or trace store that is away; the first is half a second.",
        least=0.1,
    )
    kafka_brokers: str = _setting(
        "", "HOST:PORT,... to consume spans from; empty consumes none. Needs the extra 'kafka'."
    )
    kafka_topics: str = _setting("otlp_spans", "Topics, by commas, of OTLP protobuf or of Jaeger's JSON.")
    own_traces_url: str = _setting(
        "",
        "OTLP over HTTP that spans of tracetune's own work are sent to, as http://collector:4318; empty takes "
        "OTEL_EXPORTER_OTLP_ENDPOINT, and without it sends none.",
    )
    own_service_name: str = _setting(
        "",
        "What this process is called among spans; received spans of it are left out, so that it never watches itself. "
        "Empty takes OTEL_SERVICE_NAME, else tracetune.",
    )
    kafka_group: str = _setting("tracetune", "Consumer group; several servers of one group share the partitions.")


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Who may ask the server, and how it is reached."""

    read_token: str = _setting(
        "", "Callers with this token may look. Without any token only this machine may ask, and may do everything."
    )
    ingest_token: str = _setting("", "Callers with this token may send spans and events, but not look.")
    admin_token: str = _setting(
        "", "Callers with this token may do everything: snooze, give feedback, train, test alerts."
    )
    keda_port: int = _setting(
        -1,
        "Port on which KEDA's external scaler is answered with advised replicas, as 8788; -1 answers none.",
        least=-1,
    )
    external_metrics_port: int = _setting(
        -1,
        "Port of Kubernetes' external metrics API, as 6443; -1 serves none, for a cluster has one such API and KEDA or an "
        "adapter may be it.",
        least=-1,
    )
    external_metrics_certificate: str = _setting("", "PEM file with the certificate chain of that port.")
    external_metrics_key: str = _setting("", "PEM file with the key of api.external_metrics_certificate.")
    external_metrics_client_ca: str = _setting(
        "", "PEM file of the authority of the API server's aggregator (requestheader-client-ca); empty asks for none."
    )
    hosts: str = _setting("", "Further names, parted by commas, under which the server answers without a token.")
    user_header: str = _setting("", "Header in which a proxy says who asks, as x-forwarded-user; empty believes none.")
    proxies: str = _setting("127.0.0.1,::1", "Addresses, parted by commas, from which user_header is believed.")
    prefix: str = _setting("", "Path under which a proxy shows the server, as /tracetune; it may strip it or not.")
    external_url: str = _setting(
        "", "Address by which people reach the pages, as https://host/tracetune; alerts link to it."
    )
    trace_link: str = _setting("", "Address of a trace elsewhere, as https://jaeger/trace/{trace_id}.")
    compare_link: str = _setting("", "Address of a comparison elsewhere, as https://jaeger/trace/{a}...{b}.")
    logs_link: str = _setting("", "Address of a service's logs, with {service} in it.")
    runbook_link: str = _setting("", "Address of a service's runbook, with {service} in it.")


_SEVERITIES = ("minor", "warning", "critical")


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Who is told of incidents, and of which."""

    alertmanager_url: str = _setting(
        "", "Address of Prometheus Alertmanager, as http://alertmanager:9093; empty tells it nothing."
    )
    alertmanager_least: str = _setting(
        "warning", "Least severity of incidents that Alertmanager hears of.", choices=_SEVERITIES
    )
    webhook_url: str = _setting("", "Address that is sent one JSON object a message; empty sends none.")
    webhook_least: str = _setting(
        "warning", "Least severity of incidents that the webhook hears of.", choices=_SEVERITIES
    )
    slack_url: str = _setting("", "Incoming webhook of Slack, Mattermost or Rocket.Chat; empty sends none.")
    slack_least: str = _setting("critical", "Least severity of incidents that Slack hears of.", choices=_SEVERITIES)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The running server that commands ask when no files are named."""

    url: str = _setting("", "Address of a running server, as http://127.0.0.1:8787; empty asks none.")
    token: str = _setting("", "The token to show to it.")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, grouped by stage."""

    ingest: IngestSettings = field(default_factory=IngestSettings)
    learn: LearnSettings = field(default_factory=LearnSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    tune: TuneSettings = field(default_factory=TuneSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)
    client: ClientSettings = field(default_factory=ClientSettings)


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting as it is in force: its key, value, where the value came from, and what it means."""

    key: str
    value: Any
    origin: str
    doc: str

    def shown(self) -> str:
        """The value for people; secrets, and passwords within addresses, are masked."""
        text = str(self.value)
        if any(word in self.key for word in _SECRET_WORDS) and text:
            return "***"
        head, separator, host = text.rpartition("@")
        if separator and "://" in head:
            scheme, _, user = head.partition("://")
            return f"{scheme}://{user.partition(':')[0]}:***@{host}"
        return text


def load(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> tuple[Settings, tuple[Entry, ...]]:
    """The settings in force, and where each came from.

    Args:
        file: a TOML file with one table a stage; by default the one that TRACETUNE_CONFIG names, if any.
        environ: variables; those that begin with TRACETUNE_ and name no setting are errors.
        flags: by dotted key; None means "not given".

    Raises:
        InvalidSettings: for unknown keys and unusable values, all of them in one message.
    """
    declared = {
        f"{group.name}.{item.name}": item
        for group in fields(Settings)
        for item in fields(group.default_factory)  # type: ignore[arg-type]  # each group is a dataclass
    }
    layers = [*_file_layers(file, environ), _environment(declared, environ), _flags(flags or {})]
    problems: list[str] = []
    chosen: dict[str, tuple[Any, str]] = {}
    for origin, values in layers:
        for key, raw in values.items():
            if key not in declared:
                problems.append(f"{key} ({origin}) is not a setting; 'tracetune settings' lists them")
                continue
            value, problem = _checked(declared[key], raw)
            if problem:
                problems.append(f"{key} is {raw!r} ({origin}); {problem}")
            chosen[key] = (value, origin)
    if problems:
        raise InvalidSettings("; ".join(problems))
    entries = []
    for key, item in declared.items():
        value, origin = chosen.get(key, (item.default, "default"))
        entries.append(Entry(key, value, origin, item.metadata["doc"]))
    return _build(entries), tuple(entries)


def _build(entries: list[Entry]) -> Settings:
    groups: dict[str, dict[str, Any]] = {}
    for entry in entries:
        group, _, name = entry.key.partition(".")
        groups.setdefault(group, {})[name] = entry.value
    return Settings(
        ingest=IngestSettings(**groups["ingest"]),
        learn=LearnSettings(**groups["learn"]),
        detect=DetectSettings(**groups["detect"]),
        tune=TuneSettings(**groups["tune"]),
        store=StoreSettings(**groups["store"]),
        api=ApiSettings(**groups["api"]),
        alerts=AlertSettings(**groups["alerts"]),
        serve=ServeSettings(**groups["serve"]),
        client=ClientSettings(**groups["client"]),
    )


def _file_layers(file: Path | None, environ: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    path = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    if path is None:
        return []
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidSettings(f"cannot read the settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"the settings file {path} is not TOML: {error}") from error
    flat: dict[str, Any] = {}
    for group, values in tree.items():
        flat.update(
            {f"{group}.{name}": value for name, value in values.items()}
            if isinstance(values, dict)
            else {group: values}
        )
    return [(str(path), flat)]


def _environment(declared: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    names = {PREFIX + key.replace(".", "_").upper(): key for key in declared}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in _NOT_SETTINGS}
    return "environment", {names.get(name, name): value for name, value in given.items()}


def _flags(flags: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "flag", {key: value for key, value in flags.items() if value is not None}


def _checked(item: Any, raw: Any) -> tuple[Any, str]:  # noqa: ANN401 - a dataclass field and any given value
    wanted = type(item.default)
    least, choices = item.metadata["least"], item.metadata["choices"]
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return raw, f"use one {wanted.__name__} (default {item.default!r})"
    try:
        value = wanted(raw)
    except ValueError:
        return raw, f"use {'a whole number' if wanted is int else 'a number'} (default {item.default!r})"
    if wanted is int and isinstance(raw, float) and value != raw:
        return raw, f"use a whole number (default {item.default!r})"
    if choices and value not in choices:
        return value, f"use one of {', '.join(choices)} (default {item.default!r})"
    if least is not None and not value >= least:
        return value, f"use {least:g} or more (default {item.default!r})"
    return value, ""
