"""Who may do what: tokens with roles, loopback without a token, a user that a proxy vouches for."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from tracetune.errors import Forbidden, Unauthorized


class Role(IntEnum):
    """What a caller may do; a higher one may do everything that a lower one may, but for INGEST, which may not read."""

    NOBODY = 0
    INGEST = 1  # send spans and events
    READ = 2  # look
    ADMIN = 3  # snooze, give feedback, train, test alerts


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    role: Role
    user: str = ""


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
    """

    tokens: Mapping[str, Role] = field(default_factory=dict, repr=False)
    user_header: str = ""
    proxies: frozenset[str] = frozenset({"127.0.0.1", "::1"})
    proxy_role: Role = Role.ADMIN
    hosts: frozenset[str] = frozenset()
    open: bool = False

    def caller(self, headers: Mapping[str, str], peer: str) -> Caller:
        """Who asks, by the headers (lower case) and the address of the connection.

        Raises:
            Unauthorized: tokens are asked for, and none or a wrong one was given.
            Forbidden: there are no tokens, and the request is not from this machine.
        """
        if self.user_header and peer in self.proxies and headers.get(self.user_header):
            return Caller(self.proxy_role, headers[self.user_header][:200])
        if self.tokens:
            return Caller(self._role(headers.get("authorization", "")))
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

    def _role(self, authorization: str) -> Role:
        scheme, _, given = authorization.partition(" ")
        found = Role.NOBODY
        for token, role in self.tokens.items():  # every one is compared, so that time tells nothing
            if hmac.compare_digest(given.strip().encode(), token.encode()) and scheme.casefold() == "bearer":
                found = role
        if found is Role.NOBODY:
            raise Unauthorized(
                "no token was given" if not authorization else "the token is not known",
                hint="send 'Authorization: Bearer TOKEN'",
            )
        return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
