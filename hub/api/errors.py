"""Failures to HTTP: the one table, the one body, the three handlers."""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from flask import Flask, Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from hub import errors

log = logging.getLogger(__name__)

STATUS: dict[type[errors.HubError], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.OverBudget: 408,
    errors.SlowClient: 408,
    errors.Conflict: 409,
    errors.GrantExpired: 410,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.KeyReused: 422,
    errors.TooMany: 429,
    errors.SetupError: 503,
    errors.PageUnavailable: 503,
    errors.Unsupported: 501,
    errors.Unavailable: 503,
    errors.DeviceError: 502,
    errors.DeviceUnreachable: 503,
    errors.DeviceTimeout: 504,
    errors.HamachiError: 502,
    errors.HamachiUnavailable: 503,
    errors.HamachiTimeout: 504,
    errors.TerminalRefused: 502,
    errors.TerminalTimeout: 504,
    errors.FetchFailed: 502,
    errors.FetchTimeout: 504,
}

FAULT: Final = {"code": "internal", "message": "the hub has a fault; it was logged"}
"""All that is told of what only the log may know."""


def status_of(kind: type[errors.HubError]) -> int:
    """The status of the nearest listed ancestor; 500 when none is listed."""
    return next((STATUS[k] for k in kind.__mro__ if k in STATUS), 500)


def facts(error: errors.HubError) -> dict[str, Any]:
    """What is told of an error: its code, its sentence, its public detail."""
    return {"code": error.code, "message": error.message, "detail": error.detail}


def register(app: Flask) -> None:
    app.register_error_handler(errors.HubError, _expected)
    app.register_error_handler(ValidationError, _misused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def answer(status: int, told: dict[str, Any]) -> Response:
    """An error's answer in the hub's own shape."""
    body = orjson.dumps({"error": told}, default=str)
    return Response(body, status, content_type="application/json")


def _expected(error: errors.HubError) -> Response:
    response = answer(status_of(type(error)), facts(error))
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="hub"'
    if isinstance(error, errors.TooMany):
        response.headers["Retry-After"] = str(error.detail["retry_after_s"])
    if isinstance(error, (errors.TooLarge, errors.SlowClient, errors.BadEncoding)):
        response.headers["Connection"] = "close"
    return response


def _misused(error: ValidationError) -> Response:
    return _expected(
        errors.BadParameter("a parameter is unknown or malformed", fields=error.messages)
    )


def _http(error: HTTPException) -> Response:
    response = answer(
        error.code or 500,
        {"code": error.name.lower().replace(" ", "_"), "message": error.description, "detail": {}},
    )
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def log_fault(error: Exception) -> None:
    """Log a fault of the hub's with the request that met it; without the request's query, which
    may hold what nobody else is to read."""
    name = type(error).__name__
    log.error("unexpected %s in %s %r", name, request.method, request.path, exc_info=error)


def _bug(error: Exception) -> Response:
    log_fault(error)
    return answer(500, {**FAULT, "detail": {}})
