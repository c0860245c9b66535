from __future__ import annotations

import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.sources import verdicts


@pytest.mark.parametrize(
    ("text", "server", "client"),
    [
        ("200", StatusCode.UNSET, StatusCode.UNSET),
        ("404", StatusCode.UNSET, StatusCode.ERROR),
        ("503", StatusCode.ERROR, StatusCode.ERROR),
        ("0", StatusCode.UNSET, StatusCode.UNSET),
        ("5xx", StatusCode.UNSET, StatusCode.UNSET),
        ("5000", StatusCode.UNSET, StatusCode.UNSET),
    ],
)
def test_http_status_4xx_is_the_clients_failure_and_5xx_is_both_sides(
    text: str, server: StatusCode, client: StatusCode
) -> None:
    verdict = verdicts.from_http_status(text)

    assert verdicts.status_code(verdict, SpanKind.SERVER) == server
    assert verdicts.status_code(verdict, SpanKind.CLIENT) == client


@pytest.mark.parametrize(
    ("text", "server", "client"),
    [
        ("0", False, False),
        ("OK", False, False),
        ("5", False, True),  # NOT_FOUND: the caller asked for it
        ("NOT_FOUND", False, True),
        ("NotFound", False, True),
        ("14", True, True),
        ("UNAVAILABLE", True, True),
        ("Canceled", False, True),
        ("teapot", False, False),
    ],
)
def test_grpc_status_fails_a_server_only_by_its_own_fault(text: str, *, server: bool, client: bool) -> None:
    verdict = verdicts.from_grpc_status(text)

    assert bool(verdict >> SpanKind.SERVER & 1) is server
    assert bool(verdict >> SpanKind.CLIENT & 1) is client


@pytest.mark.parametrize(
    ("text", "fails"), [("true", True), ("false", False), ("False", False), ("", True), ("oops", True)]
)
def test_error_flag_is_true_unless_it_says_false(text: str, *, fails: bool) -> None:
    assert bool(verdicts.from_error_flag(text)) is fails


@pytest.mark.parametrize(("text", "fails"), [("-", False), ("", False), ("UH", True), ("UF,URX", True)])
def test_envoys_response_flags_are_a_failure_unless_a_dash(text: str, *, fails: bool) -> None:
    assert bool(verdicts.from_response_flags(text)) is fails


def test_an_explicit_ok_is_final() -> None:
    verdict = verdicts.from_otel_status("OK") | verdicts.from_http_status("500")

    assert verdicts.status_code(verdict, SpanKind.SERVER) == StatusCode.OK


@pytest.mark.parametrize("text", ["ERROR", "Error", "2"])
def test_otel_status_error_fails_every_kind(text: str) -> None:
    verdict = verdicts.from_otel_status(text)

    assert all(verdicts.status_code(verdict, kind) == StatusCode.ERROR for kind in SpanKind)


def test_error_type_means_failure() -> None:
    assert verdicts.from_error_type("timeout") == verdicts.FAILURE
    assert verdicts.from_error_type("") == 0
