"""The routes by which a browser signs in with a token, asks who it is, and signs out."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from tracetune.api import sessions
from tracetune.api.access import Access, Caller, Role
from tracetune.api.notices import NewSession, SessionItem
from tracetune.api.openapi import failures, returns, takes
from tracetune.api.saying import Raw, decoded
from tracetune.api.windows import rfc3339
from tracetune.errors import Forbidden, Unauthorized

router = APIRouter(prefix="/api/v1", tags=["status"])


@router.get("/session", responses=returns(SessionItem))
def get_session(request: Request) -> Response:
    """Who asks and what that allows; anybody may ask it."""
    return _said(_access(request), request.scope["state"]["caller"])


@router.post("/session", responses=returns(SessionItem), openapi_extra=takes(NewSession))
def post_session(request: Request, raw: Raw) -> Response:
    """Sign in: a cookie that no script can read stands for the token for 12 hours."""
    access, given = _access(request), decoded(raw, NewSession).token.strip()
    role = access.role_of(given)
    if role is Role.NOBODY:
        raise Unauthorized(
            "the token is not known", hint="use api.read_token or api.admin_token of the server's settings"
        )
    if role < Role.READ:
        raise Forbidden(
            "this token is for sending spans, not for looking", hint="use api.read_token or api.admin_token"
        )
    value, until = sessions.issue(given, access.clock())
    response = _said(access, Caller(role, session_until=until))
    response.set_cookie(
        sessions.COOKIE, value, max_age=sessions.LASTS_SECONDS, path=_path(request), secure=_is_secure(request),
        httponly=True, samesite="strict",
    )  # fmt: skip
    return response


@router.delete("/session", status_code=204, responses={204: {"description": "It is over."}, **failures()})
def delete_session(request: Request) -> Response:
    """Sign out: the browser forgets its cookie."""
    response = Response(status_code=204)
    response.delete_cookie(
        sessions.COOKIE, path=_path(request), secure=_is_secure(request), httponly=True, samesite="strict"
    )
    return response


def _said(access: Access, caller: Caller) -> Response:
    until = rfc3339(caller.session_until) if caller.session_until else None
    item = SessionItem(caller.role.name.lower(), caller.user, until, bool(access.tokens))
    return Response(msgspec.json.encode(item), media_type="application/json", headers={"cache-control": "no-store"})


def _access(request: Request) -> Access:
    found: Access = request.app.state.access
    return found


def _path(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}/"


def _is_secure(request: Request) -> bool:
    """Whether browsers reach this server by TLS only, its own or that of the proxy in front of it."""
    external: str = request.app.state.context.alerter.external_url
    return request.url.scheme == "https" or external.startswith("https://")
