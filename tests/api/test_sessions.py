from __future__ import annotations

import pytest

from tracetune.api.sessions import COOKIE, LASTS_SECONDS, holds_until, issue, value_in


def test_a_session_holds_for_twelve_hours_and_no_longer() -> None:
    value, until = issue("secret", 1_000.5)

    assert until == 1_000 + LASTS_SECONDS
    assert holds_until(value, "secret", until - 0.1) == until
    assert holds_until(value, "secret", until) is None


def test_another_token_in_the_settings_ends_the_sessions_of_the_old_one() -> None:
    value, _ = issue("secret", 0.0)

    assert holds_until(value, "newer", 1.0) is None


def test_nobody_can_lengthen_a_session() -> None:
    value, until = issue("secret", 0.0)

    assert holds_until(value.replace(str(until), str(until + 1)), "secret", 1.0) is None


@pytest.mark.parametrize("value", ["", ".", "12", "12.", "-1.aa", "९९.aa", "9" * 5_000 + ".aa", "12.é", "nan.0"])
def test_what_is_no_session_holds_nothing(value: str) -> None:
    assert holds_until(value, "secret", 0.0) is None


def test_the_cookie_is_found_among_others_and_a_broken_header_has_none() -> None:
    assert value_in({"cookie": f"theme=dark; {COOKIE}=5.ab; x=1"}) == "5.ab"
    assert value_in({"cookie": "\x00=;;==\x7f"}) == ""
    assert value_in({}) == ""
