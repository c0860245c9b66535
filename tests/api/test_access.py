from __future__ import annotations

import pytest

from tracetune.api.access import Access, Caller, Role
from tracetune.errors import Forbidden, Unauthorized

TOKENS = {"look": Role.READ, "send": Role.INGEST, "rule": Role.ADMIN}


@pytest.mark.parametrize(("token", "role"), TOKENS.items())
def test_a_token_gives_its_role(token: str, role: Role) -> None:
    access = Access(tokens=TOKENS)

    assert access.caller({"authorization": f"Bearer {token}"}, "10.0.0.7") == Caller(role)


@pytest.mark.parametrize("given", ["", "Bearer nope", "Bearer ", "Basic rule", "rule", "Bearer ruleé"])
def test_without_a_right_token_nobody_comes_in_not_even_from_this_machine(given: str) -> None:
    with pytest.raises(Unauthorized):
        Access(tokens=TOKENS).caller({"authorization": given, "host": "localhost"}, "127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "host"), [("127.0.0.1", "localhost:8080"), ("::1", "[::1]:8080"), ("127.0.0.2", "127.0.0.1")]
)
def test_this_machine_needs_no_token_where_there_is_none(peer: str, host: str) -> None:
    assert Access().caller({"host": host}, peer).role is Role.ADMIN


def test_another_machine_is_refused_where_there_is_no_token() -> None:
    with pytest.raises(Forbidden, match="own machine"):
        Access().caller({"host": "localhost"}, "10.0.0.7")


def test_a_strange_name_that_points_to_this_machine_is_refused() -> None:
    with pytest.raises(Forbidden, match=r"evil\.example"):
        Access().caller({"host": "evil.example"}, "127.0.0.1")
    assert Access(hosts=frozenset({"box"})).caller({"host": "box:80"}, "127.0.0.1").role is Role.ADMIN


def test_a_user_is_believed_only_from_a_proxy_that_is_trusted() -> None:
    access = Access(tokens=TOKENS, user_header="x-forwarded-user", proxies=frozenset({"10.0.0.1"}))

    assert access.caller({"x-forwarded-user": "ada"}, "10.0.0.1") == Caller(Role.ADMIN, "ada")
    with pytest.raises(Unauthorized):
        access.caller({"x-forwarded-user": "ada"}, "10.0.0.7")


def test_tokens_never_show_in_a_representation() -> None:
    assert "look" not in repr(Access(tokens=TOKENS))
