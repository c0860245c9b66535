"""Who may do what: tokens with roles, loopback without a token, a user that a proxy vouches for."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from tracetune.api import sessions
from tracetune.clock import Clock, system_clock
from tracetune.errors import Forbidden, Unauthorized


class Role(IntEnum):
    """What a caller may do; a higher one may do everything that a lower one may, but for INGEST, which may not read."""

    NOBODY = 0
    INGEST = 1  # send spans and events
    READ = 2  # look
    ADMIN = 3  # snooze, give feedback, train, test alerts


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        session_until: when the browser's session ends, in seconds since the Unix epoch; 0 for whoever shows a token itself.
    """

    role: Role
    user: str = ""
    session_until: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """The rules.

    Attributes:
        tokens: role by token; without any, only this machine may ask, and it may do everything.
        user_header: name of the header in which a proxy says who asks ("x-forwarded-user"); "" trusts none.
        proxies: addresses whose ``user_header`` is believed.
        proxy_role: what users of a believed proxy may do.
        hosts: names under which the server may be asked without a token, besides those of loopback; a page of another
            origin that had its name point here (DNS rebinding) is refused by its Host header.
        open: whether anybody may ask without a token, because somebody said so in words.
        clock: ends the sessions of browsers.
    """

    tokens: Mapping[str, Role] = field(default_factory=dict, repr=False)
    user_header: str = ""
    proxies: frozenset[str] = frozenset({"127.0.0.1", "::1"})
    proxy_role: Role = Role.ADMIN
    hosts: frozenset[str] = frozenset()
    open: bool = False
    clock: Clock = system_clock

    def caller(self, headers: Mapping[str, str], peer: str) -> Caller:
        """Who asks, by the headers (lower case) and the address of the connection.

        Raises:
            Unauthorized: tokens are asked for, and none or a wrong one was given.
            Forbidden: there are no tokens, and the request is not from this machine.
        """
        if self.user_header and peer in self.proxies and headers.get(self.user_header):
            return Caller(self.proxy_role, headers[self.user_header][:200])
        if self.tokens:
            return self._known(headers)
        if self.open:
            return Caller(Role.ADMIN)
        if not _is_loopback(peer):
            raise Forbidden(
                "this server has no tokens, so it answers only its own machine",
                hint="set api.read_token and api.admin_token, and send 'Authorization: Bearer TOKEN'",
            )
        host = (urlsplit(f"//{headers.get('host', '')}").hostname or "").casefold()
        if host not in self.hosts and host != "localhost" and not _is_loopback(host):
            raise Forbidden(
                f"without a token, this server does not answer under the name {host!r}",
                hint="ask it as localhost, or add the name to api.hosts",
            )
        return Caller(Role.ADMIN)

    def role_of(self, given: str) -> Role:
        """What a token allows; NOBODY for one that is not known."""
        found = Role.NOBODY
        for token, role in self.tokens.items():  # every one is compared, so that time tells nothing
            if hmac.compare_digest(given.strip().encode(), token.encode()):
                found = role
        return found

    def _known(self, headers: Mapping[str, str]) -> Caller:
        authorization = headers.get("authorization", "")
        if not authorization:
            return self._in_session(sessions.value_in(headers))
        scheme, _, given = authorization.partition(" ")
        role = self.role_of(given) if scheme.casefold() == "bearer" else Role.NOBODY
        if role is Role.NOBODY:
            raise Unauthorized("the token is not known", hint="send 'Authorization: Bearer TOKEN'")
        return Caller(role)

    def _in_session(self, cookie: str) -> Caller:
        now = self.clock()
        for token, role in self.tokens.items():
            until = sessions.holds_until(cookie, token, now) if cookie else None
            if until is not None:
                return Caller(role, session_until=until)
        raise Unauthorized(
            "the session has ended" if cookie else "no token was given",
            hint="send 'Authorization: Bearer TOKEN', or sign in on the pages",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
