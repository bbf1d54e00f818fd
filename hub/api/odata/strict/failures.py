"""Failures in OData's own shape: ``{"error": {code, message, target, details, innererror}}``."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from hub import errors
from hub.api.errors import FAULT, log_fault, status_of

CONTENT_TYPE = "application/json;odata.metadata=minimal;charset=utf-8"


def register(bp: Blueprint) -> None:
    """Let a blueprint's failures have this shape."""
    bp.register_error_handler(errors.HubError, _expected)
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(Exception, _bug)


def _expected(error: errors.HubError) -> Response:
    detail = error.detail
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    for name in ("option", "parameter", "header", "set"):
        if name in detail:
            told["target"] = detail[name]
            break
    if "expected" in detail:
        told["details"] = [{"code": "expected", "message": str(detail["expected"])}]
    told["innererror"] = detail
    response = _answer(status_of(type(error)), told)
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="hub", charset="UTF-8"'
    if isinstance(error, errors.TooMany):
        response.headers["Retry-After"] = str(detail["retry_after_s"])
    return response


def _http(error: HTTPException) -> Response:
    code = error.name.lower().replace(" ", "_")
    response = _answer(error.code or 500, {"code": code, "message": error.description or code})
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log_fault(error)
    return _answer(500, dict(FAULT))


def _answer(status: int, told: dict[str, Any]) -> Response:
    body = orjson.dumps({"error": told}, default=str)
    return Response(body, status, content_type=CONTENT_TYPE)
