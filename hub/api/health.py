"""Whether the hub is up, for load balancers and whoever started it."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.api.answers import one
from hub.api.context import services
from hub.api.opening import public

bp = Blueprint("health", __name__, url_prefix="/api/health")


@bp.get("/")
@public
def health() -> Response:
    services().health.check()
    return one({"status": "ok"})
