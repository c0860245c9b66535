"""The messages of KEDA's external scaler, as protobuf classes made from their fields."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE, SERVICE = "externalscaler", "ExternalScaler"
"""KEDA calls exactly these names."""

_STRING, _INT64, _BOOL, _DOUBLE = (
    descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
)

_MESSAGES: dict[str, dict[str, tuple[int, int | str, bool]]] = {
    "ScaledObjectRef": {
        "name": (1, _STRING, False),
        "namespace": (2, _STRING, False),
        "scalerMetadata": (3, "ScaledObjectRef.ScalerMetadataEntry", True),
    },
    "IsActiveResponse": {"result": (1, _BOOL, False)},
    "GetMetricSpecResponse": {"metricSpecs": (1, "MetricSpec", True)},
    "MetricSpec": {
        "metricName": (1, _STRING, False),
        "targetSize": (2, _INT64, False),
        "targetSizeFloat": (3, _DOUBLE, False),
    },
    "GetMetricsRequest": {"scaledObjectRef": (1, "ScaledObjectRef", False), "metricName": (2, _STRING, False)},
    "GetMetricsResponse": {"metricValues": (1, "MetricValue", True)},
    "MetricValue": {
        "metricName": (1, _STRING, False),
        "metricValue": (2, _INT64, False),
        "metricValueFloat": (3, _DOUBLE, False),
    },
}
"""KEDA's externalscaler.proto, each field as its number, its type or message, and whether it repeats: numbers are the contract.

Made here and not by protoc, whose code is tied to one version of the library."""


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="externalscaler.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            added = message.field.add(name=field, number=number, json_name=field)
            added.label = added.LABEL_REPEATED if repeated else added.LABEL_OPTIONAL
            if isinstance(kind, str):
                added.type, added.type_name = added.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                added.type = kind
    entry = file.message_type[0].nested_type.add(name="ScalerMetadataEntry")
    entry.options.map_entry = True
    for number, field in enumerate(("key", "value"), start=1):
        entry.field.add(name=field, number=number, type=_STRING, label=1, json_name=field)
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def message(name: str) -> Any:  # noqa: ANN401 - a class made at run time
    """The class of one message, by its name in the proto."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
