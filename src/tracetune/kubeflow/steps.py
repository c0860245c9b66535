"""The steps of the training pipeline, from files to files: the same in a pod and in a process on a laptop."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import httpx

from tracetune import settings, training
from tracetune.app import Application
from tracetune.clock import system_clock
from tracetune.domain import words
from tracetune.domain.series import SeriesBatch
from tracetune.errors import InvalidInput, Unavailable
from tracetune.forecasting import bundle, series_file, sharding
from tracetune.forecasting.candidates import candidates
from tracetune.stores.models import PRODUCTION, ModelRegistry
from tracetune.stores.parquet import ParquetMinutes

PROMOTE, KEEP = "promote", "keep"
"""What the gate says."""

_ALL_TIME = (0, 2**31 - 1)
_NOTIFYING_SECONDS = 30.0


def extract(source: str, to: Path) -> int:
    """Read trace files, or the store where ``source`` is empty, into minutes; how many there are.

    Args:
        source: files, folders or globs, parted by commas.
        to: a folder that becomes a Parquet store.

    Raises:
        InvalidInput: nothing can be read.
    """
    files = [each.strip() for each in source.split(",") if each.strip()]
    minutes = _application().ingest(files, lambda *_: None).minutes
    kept = ParquetMinutes(to)
    try:
        kept.write(minutes)
    finally:
        kept.close()
    return len(minutes.minutes())


def series(minutes: Path, to: Path, *, cut: str, shards: int, hours: int) -> list[str]:
    """Cut the series of the newest hours into shards, a file each; their names.

    Raises:
        InvalidInput: there are none.
    """
    kept = ParquetMinutes(minutes)
    try:
        whole = SeriesBatch.from_minutes(kept.read(*_ALL_TIME))
    finally:
        kept.close()
    recent = whole.between(max(whole.length - 60 * hours, 0), whole.length)
    parts = sharding.shards(recent, sharding.Cut(cut), shards)
    to.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        series_file.write(to / f"{name}.zip", part)
    return list(parts)


def train(series_in: Path, shard: str, to: Path, *, model: str, seed: int) -> None:
    """Learn what is normal for one shard.

    Raises:
        NotEnoughData: nothing can be learned from so few minutes.
    """
    part = series_file.read(series_in / f"{shard}.zip")
    trained = training.learned_from(part, candidates(network=model == "lstm"), seed=seed)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(trained.content)


def evaluate(series_in: Path, parts: Sequence[Path], to: Path, *, registry: str, seed: int) -> str:
    """Join what the shards have learned, and compare it with the model in use on the newest fifth of the minutes.

    Returns:
        What was found, as JSON; a parameter of a pipeline is a text, for in its structures there is no null.

    Raises:
        InvalidInput: the parts do not belong together, or one cannot be read.
    """
    whole = sharding.gathered([series_file.read(each) for each in sorted(series_in.glob("*.zip"))])
    normal = sharding.joined([bundle.load(each)[0] for each in parts])
    trained = training.described(normal, whole, seed=seed)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(trained.content)
    rivalry = training.beside_production(_registry(registry), trained)
    found = {
        "about": dict(trained.about) | {"shards": len(parts)},
        "production": rivalry.number,
        "worse_than_production": rivalry.worse if math.isfinite(rivalry.worse) else None,
        "operations": rivalry.operations,
        "in_common": rivalry.in_common,
    }
    return json.dumps(found, allow_nan=False)


def gate(evaluation: str, model: Path, *, registry: str) -> tuple[str, int, str]:
    """Publish the model with the verdict on it: PROMOTE or KEEP, the version's number, and a sentence.

    Raises:
        InvalidInput: the evaluation is not one of ``evaluate``.
    """
    try:
        found = json.loads(evaluation)
        worse, about = found["worse_than_production"], dict(found["about"])
        counts = (int(found[name]) for name in ("operations", "in_common"))
        rivalry = training.Rivalry(int(found["production"]), math.nan if worse is None else float(worse), *counts)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"this is no evaluation: {error!r}", hint="give what the step evaluate wrote") from None
    verdict = PROMOTE if rivalry.passes else KEEP
    about |= {"gate": {"verdict": verdict, "reason": rivalry.reason}}
    now = words.timestamp(int(system_clock() // 60))
    version = _registry(registry).publish(model.read_bytes(), about, created=now)
    decided = "may take over" if rivalry.passes else f"does not take over from version {rivalry.number}"
    return verdict, version.number, f"Version {version.number} {decided}: {rivalry.reason}."


def promote(version: int, *, registry: str) -> str:
    """Point ``production`` at the version; running servers take it over. A sentence.

    Raises:
        Conflict: somebody else moved it meanwhile.
    """
    _registry(registry).promote(str(version), training.unpacked)
    return f"Version {version} is {PRODUCTION} now."


def notify(said: str, webhook: str) -> None:
    """Tell the webhook what came of it, as ``{"pipeline": ..., "text": ...}``; Slack and its kin show the text.

    Raises:
        Unavailable: the webhook is away, or answered anything but success.
    """
    if not webhook:
        return
    try:
        answer = httpx.post(webhook, json={"pipeline": "tracetune-train", "text": said}, timeout=_NOTIFYING_SECONDS)
    except httpx.HTTPError as error:
        raise Unavailable(f"the webhook is away: {type(error).__name__}", hint="the model is as was said") from error
    if not answer.is_success:
        raise Unavailable(f"the webhook answered {answer.status_code}", hint="look at its address and its rights")


def collected(executor_input: str, name: str) -> list[Path]:
    """Where the launcher of Kubeflow Pipelines has put the artifacts of a list, which has no placeholder of its own.

    Source: Kubeflow Pipelines, ``ExecutorInput`` in pipeline_spec.proto, which ``{{$}}`` stands for.

    Raises:
        InvalidInput: the text is no executor input, or has no such list.
    """
    from kfp import dsl  # noqa: PLC0415 - an extra; only a pod of a pipeline asks

    try:
        artifacts = json.loads(executor_input)["inputs"]["artifacts"][name]["artifacts"]
        return [Path(dsl.Artifact(uri=each["uri"], metadata=each.get("metadata")).path) for each in artifacts]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"no list of {name} is in the executor's input: {error!r}", hint="give {{$}}") from None


def _application() -> Application:
    return Application(settings.load()[0])


def _registry(place: str) -> ModelRegistry:
    return Application(settings.load(flags={"learn.registry": place or None})[0]).registry()
