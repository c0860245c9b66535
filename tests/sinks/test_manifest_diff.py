"""What advice would change in manifests that are kept somewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.sinks.test_manifests import REPLICAS, TIMEOUT

from tracetune.errors import InvalidInput
from tracetune.sinks.manifest_diff import diff, read_manifests
from tracetune.sinks.manifests import manifests
from tracetune.sinks.scaling import Scaler

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: payments
  labels: {team: money}
spec:
  replicas: 3
  template: {spec: {containers: [{name: payments, image: "payments:7"}]}}
"""


def _kept(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "deploy" / "payments.yaml"
    file.parent.mkdir()
    file.write_text(text)
    return file


def test_changed_number_shows_as_one_line_out_and_one_in_with_the_reasons(tmp_path: Path) -> None:
    file = _kept(tmp_path, DEPLOYMENT)

    text = diff(read_manifests([tmp_path]), manifests([REPLICAS], Scaler.DEPLOYMENT))

    assert f"--- {file}" in text
    assert "-  replicas: 3" in text
    assert "+  replicas: 5" in text
    assert "# set payments to 5 replicas, now 3" in text
    assert "image" not in "".join(line for line in text.splitlines() if line[:1] in "+-")


def test_object_that_nobody_keeps_is_all_new(tmp_path: Path) -> None:
    text = diff(read_manifests([_kept(tmp_path, DEPLOYMENT)]), manifests([TIMEOUT]))

    assert "--- /dev/null" in text
    assert "+++ advised VirtualService/bank" in text
    assert "+  - match:" in text


def test_manifest_that_follows_the_advice_already_has_no_difference(tmp_path: Path) -> None:
    found = manifests([replace(TIMEOUT)])
    file = _kept(tmp_path, found[0].text())

    assert diff(read_manifests([file]), found) == ""


def test_lists_of_objects_and_streams_are_read(tmp_path: Path) -> None:
    file = _kept(
        tmp_path, "kind: List\nitems:\n- {kind: A, metadata: {name: a}}\n---\nkind: B\nmetadata: {name: b}\n---\n"
    )

    assert [each.document["kind"] for each in read_manifests([file])] == ["A", "B"]


@pytest.mark.parametrize("text", ["a: [", "{{ .Values.name }}: {", "\x00"])
def test_what_is_no_yaml_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    file = _kept(tmp_path, text)

    with pytest.raises(InvalidInput, match=r"payments\.yaml is not YAML"):
        read_manifests([file])


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "metadata: 7\nkind: X\n", "kind: X\nmetadata: {}\n", "items: 3\n"])
def test_what_is_no_object_is_passed_over(tmp_path: Path, text: str) -> None:
    assert read_manifests([_kept(tmp_path, text)]) == ()


def test_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no manifest at"):
        read_manifests([tmp_path / "nothing"])
