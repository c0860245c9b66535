"""Answers to OTLP senders, read back by the specification's own message classes."""

from __future__ import annotations

import json

from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tracetune.sources import otlp_answer
from tracetune.sources.reception import Receipt


def test_full_success_is_the_empty_message() -> None:
    whole = Receipt(5, {"no_service_name": 5})  # mended, not left out

    assert otlp_answer.answer(whole) == b""
    assert json.loads(otlp_answer.answer(whole, as_json=True)) == {}


def test_partial_success_counts_what_was_left_out_and_says_why() -> None:
    receipt = Receipt(5, {"no_trace_id": 300, "no_time": 2, "no_service_name": 7})

    partial = ExportTraceServiceResponse.FromString(otlp_answer.answer(receipt)).partial_success

    assert partial.rejected_spans == 302
    assert partial.error_message.startswith("300 spans: trace id missing")


def test_status_carries_retry_info_where_it_is_worth_another_try() -> None:
    retry = error_details_pb2.RetryInfo()

    later = status_pb2.Status.FromString(otlp_answer.status(8, "too much", retry_after_seconds=200))
    never = status_pb2.Status.FromString(otlp_answer.status(3, "garbage"))

    assert (later.code, later.message, later.details[0].Unpack(retry)) == (8, "too much", True)
    assert retry.retry_delay.seconds == 200
    assert (never.code, len(never.details)) == (3, 0)
