"""Two trainers at once, as two nightly jobs would be: processes of the command line, one registry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tracetune import training
from tracetune.stores.models import registry_in

TRAIN = [sys.executable, "-m", "tracetune", "train", "--model", "baselines", "--quiet", "--promote", "--json"]
LOST = "production was moved by somebody else meanwhile"


def test_each_gets_a_version_of_its_own_and_one_of_them_is_in_use_whole(shop_files: Path, tmp_path: Path) -> None:
    place = tmp_path / "models"
    command = [*TRAIN, str(min(shop_files.iterdir())), "--registry", str(place)]
    trainers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(2)
    ]
    ended = [(*each.communicate(timeout=600), each.returncode) for each in trainers]

    registry = registry_in(str(place))
    published = registry.versions()
    won: list[dict[str, Any]] = [json.loads(said) for said, _, code in ended if code == 0]
    assert [each.number for each in published] == [2, 1]
    assert all(training.unpacked(registry.content(each)).models for each in published)
    assert won
    assert all(each["promotion"].startswith("it is production now: ") for each in won)
    assert registry.version("production").number in {each["version"] for each in won}
    assert all(LOST in error for _, error, code in ended if code)  # who lost the race is told, and has published
