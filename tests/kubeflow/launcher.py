"""What the launcher of Kubeflow Pipelines does with a compiled step, as far as its container can tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Execute = Callable[[list[str]], None]

_PLACEHOLDER = re.compile(r"\{\{\$\.(inputs|outputs)\.(parameters|artifacts)\['([^']+)'\](?:\.(path|output_file))?\}\}")


@dataclass
class Launcher:
    """Runs single steps of a compiled pipeline; nothing is scheduled here.

    Attributes:
        document: the pipeline as IR.
        root: folder for parameters and artifacts.
        execute: runs the words of a container.
    """

    document: Mapping[str, Any]
    root: Path
    execute: Execute

    def run(self, step: str, at: str = "", **inputs: Any) -> dict[str, Any]:
        """Run a step with these inputs, a Path for an artifact and a list of them for a list; its outputs."""
        component = self.document["components"][f"comp-{step}"]
        container = self.document["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        declared = component.get("inputDefinitions", {})
        assert set(inputs) == {*declared.get("parameters", {}), *declared.get("artifacts", {})}
        given = component.get("outputDefinitions", {})
        folder = self.root / f"{step}{at}"
        places = {name: folder / name for group in given.values() for name in group}
        folder.mkdir(parents=True)

        def filled(word: str) -> str:
            if word == "{{$}}":
                return self._told(inputs)
            return _PLACEHOLDER.sub(lambda found: self._value(found, inputs, places), word)

        self.execute([filled(word) for word in (*container["command"], *container["args"])])
        values: dict[str, Any] = {name: places[name] for name in given.get("artifacts", {})}
        for name, about in given.get("parameters", {}).items():
            text = places[name].read_text("utf-8")
            values[name] = text if about["parameterType"] == "STRING" else json.loads(text)
        return values

    @staticmethod
    def _value(found: re.Match[str], inputs: Mapping[str, Any], places: Mapping[str, Path]) -> str:
        side, _, name, _ = found.groups()
        value = inputs[name] if side == "inputs" else places[name]
        return str(value)

    @staticmethod
    def _told(inputs: Mapping[str, Any]) -> str:
        artifacts = {
            name: {"artifacts": [{"name": name, "uri": str(each), "metadata": {}} for each in value]}
            for name, value in inputs.items()
            if isinstance(value, list)
        }
        return json.dumps({"inputs": {"artifacts": artifacts}})
