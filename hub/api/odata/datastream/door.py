"""Manners of the DataStream API: who may ask and how often, CORS, and its own shape of errors.

Every answer of this root is JSON or CSV, refusals too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from hub.api.auth import optional_principal
from hub.api.context import context, services
from hub.api.errors import FAULT, log_fault, status_of
from hub.api.openapi.headers import RATE
from hub.errors import Forbidden, HubError, TooMany, Unauthorized
from hub.services import scopes
from hub.values import Principal

METHODS = ("GET", "HEAD", "OPTIONS")
EXPOSED = ", ".join(("Link", "Retry-After", "Hub-Count", *RATE))
PREFLIGHT_S = "3600"


def mind(bp: Blueprint) -> None:
    """Give a blueprint these manners."""
    bp.before_request(_let_in)
    bp.after_request(_for_scripts)
    bp.register_error_handler(HubError, _expected)
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(Exception, _bug)


def reader() -> Principal:
    """Who asks."""
    return cast(Principal, g.reader)


def _let_in() -> Response | None:
    """Answer what a browser asks before it lets a script ask; else look at the key."""
    if request.method == "OPTIONS":
        response = Response(status=204)
        response.allow.update(METHODS)
        del response.headers["Content-Type"]
        return response
    g.reader = _reader()
    if request.method != "HEAD":
        g.standing = services().rates.count(g.reader.key_id)
        g.standing.check()
    return None


def _reader() -> Principal:
    """Who asks.

    Raises:
        Unauthorized: no key is shown.
        Forbidden: what is shown is no key that reads OData.
    """
    try:
        found = optional_principal()
    except Unauthorized as exc:
        raise Forbidden("this is no API key that opens anything") from exc
    if found is None:
        raise Unauthorized("an API key is needed, in the header x-api-key")
    if scopes.ODATA_READ not in found.scopes:
        raise Forbidden("this key does not have the scope for it", scope=scopes.ODATA_READ)
    return found


def _for_scripts(response: Response) -> Response:
    """Allow the origins of the settings, and say what an answer depends on."""
    response.vary.update(("Origin", "Accept", "Authorization", "X-API-Key"))
    origin = request.headers.get("Origin")
    if origin is None or origin not in context().origins:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET"
        response.headers["Access-Control-Allow-Headers"] = "x-api-key, authorization, accept"
        response.headers["Access-Control-Max-Age"] = PREFLIGHT_S
    return response


def _expected(error: HubError) -> Response:
    response = _told(status_of(type(error)), error.code, error.message, error.detail)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="hub"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.detail["retry_after_s"])
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = error.name.lower().replace(" ", "_")
    response = _told(status, code, error.description or error.name, {})
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log_fault(error)
    return _told(500, **FAULT, detail={})


def _told(status: int, code: str, message: str, detail: dict[str, Any]) -> Response:
    """A failure twice: as OData has it, and as a list, which the shell client looks for."""
    detail = dict(detail)
    target = detail.pop("parameter", None)
    error = {"code": code, "message": message, "target": target, "detail": detail}
    listed = {
        "status": str(status),
        "code": code,
        "title": HTTPStatus(status).phrase,
        "detail": message,
        "source": {"parameter": target} if target else None,
        "meta": detail,
    }
    told = {"error": _filled(error), "errors": [_filled(listed)]}
    return Response(orjson.dumps(told, default=str), status, content_type="application/json")


def _filled(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
