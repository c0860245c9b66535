"""The messages of KEDA's external scaler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2

from tracetune.api.scaler_messages import _file, message

PROTO = Path(__file__).parent / "externalscaler.proto"


def test_messages_are_those_of_the_published_proto(tmp_path: Path) -> None:
    out = tmp_path / "set.bin"
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{PROTO.parent}",
        f"--descriptor_set_out={out}",
        PROTO.name,
    ]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - our own words
    (compiled,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    compiled.ClearField("service")

    assert _file() == compiled


def test_map_of_metadata_goes_there_and_back() -> None:
    sent = message("ScaledObjectRef")(name="payments", scalerMetadata={"service": "pay"})

    assert message("ScaledObjectRef").FromString(sent.SerializeToString()).scalerMetadata["service"] == "pay"
