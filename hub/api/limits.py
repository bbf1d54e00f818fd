"""Who comes too often is sent away, and everybody is told how they stand: ``RateLimit-*``.

Views of the plant API and of sessions are counted by key, by user where a session is shown, and
by address where neither opens anything. Datasets, streams and strict OData are counted only where
a limit is set; the DataStream API counts by itself, and leaves the standing here to be told.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, g, request

from hub.api.auth import optional_principal, shown_visit
from hub.api.context import services
from hub.api.opening import opening_of
from hub.errors import Unauthorized
from hub.services.rates import Standing

PLANT: Final = ("plant", "session", "grant")
ELSEWHERE: Final = frozenset({"catalogue", "datasets", "odata_strict", "series", "streams"})
"""Blueprints that are counted where a limit for them is set, with those in them."""


def register(app: Flask) -> None:
    app.before_request(_count)
    app.after_request(_tell)


def _count() -> None:
    """Before a view. Raises TooMany."""
    if request.endpoint is None or request.method == "OPTIONS":
        return
    standing = _standing(request.endpoint)
    if standing is not None:
        g.standing = standing
        standing.check()


def _standing(endpoint: str) -> Standing | None:
    """How the one who asks stands; None where nothing is counted."""
    limits = services().limits
    if endpoint.partition(".")[0] in ELSEWHERE:
        return limits.elsewhere(_key(), _address()) if limits.counts_elsewhere else None
    opening = opening_of(current_app, endpoint)
    if opening is None or opening.by not in PLANT:
        return None
    try:
        asking = optional_principal() if opening.by == "plant" else None
    except Unauthorized:
        return limits.of_address(_address())
    if asking:
        return limits.of_key(asking.key_id)
    visit = shown_visit()
    return limits.of_user(visit.user.name) if visit else limits.of_address(_address())


def _key() -> str | None:
    try:
        found = optional_principal()
    except Unauthorized:
        return None
    return found.key_id if found else None


def _address() -> str:
    return request.remote_addr or ""


def _tell(response: Response) -> Response:
    standing: Standing | None = g.get("standing")
    if standing is not None:
        rate = standing.rate
        response.headers["RateLimit-Limit"] = str(rate.burst)
        response.headers["RateLimit-Remaining"] = str(standing.remaining)
        response.headers["RateLimit-Reset"] = str(standing.full_s)
        response.headers["RateLimit-Policy"] = f"{rate.burst};w={max(1, round(rate.filling_s))}"
    return response
