"""The page that draws streams: its own files, and the charting library out of its package."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.api.bundle import Bundle
from hub.api.openapi.told import untold
from hub.api.opening import public

bp = Blueprint("pages", __name__, url_prefix="/streams")

LIBRARY = "plotly.min.js"
BUNDLE = Bundle("streams", {LIBRARY: ("plotly", f"plotly/package_data/{LIBRARY}")})


@bp.get("/", strict_slashes=True)
@untold
@public
def page() -> Response:
    return BUNDLE.page()


@bp.get("/<version>/<name>")
@untold
@public
def asset(version: str, name: str) -> Response:
    return BUNDLE.asset(version, name)
