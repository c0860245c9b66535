"""Errors as problem details: what is wrong, with which value, and what to do about it."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tracetune import log
from tracetune.api.notices import Problem
from tracetune.errors import TracetuneError

MEDIA_TYPE = "application/problem+json"
_HINTS = {
    401: "send 'Authorization: Bearer TOKEN'",
    403: "use a token whose role allows it",
    404: "the routes are listed at /api/docs",
    405: "look the method up at /api/docs",
}


def problem(status: int, code: str, detail: str, hint: str, path: str) -> Response:
    """A response with one problem.

    Source: RFC 9457, section 3.
    """
    body = Problem(f"urn:tracetune:error:{code}", HTTPStatus(status).phrase, status, detail, code, hint, path)
    return Response(msgspec.json.encode(body), status, media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Have every error of the application leave it as a problem."""
    app.add_exception_handler(TracetuneError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _fault)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, TracetuneError) or error.code == "internal":
        return await _fault(request, error)
    return problem(error.http_status, error.code, error.message, error.hint, request.url.path)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}.get(status, "http")
    detail = error.detail if isinstance(error, HTTPException) else ""
    answer = problem(
        status, code, f"{request.method} {request.url.path}: {detail}", _HINTS.get(status, ""), request.url.path
    )
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    said = "; ".join(f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}" for each in faults)
    return problem(400, "invalid_input", said, "the parameters are listed at /api/docs", request.url.path)


async def _fault(request: Request, error: Exception) -> Response:
    log.get_logger("api").error("request failed", path=request.url.path, error=f"{type(error).__name__}: {error}")
    return problem(
        500, "internal", "a fault of tracetune itself", "see the server's log, and report it", request.url.path
    )
