"""The description of the interface over HTTP: the document, and a page that shows it."""

from __future__ import annotations

import gzip
from typing import Final, cast

from flask import Blueprint, Response, current_app

from hub.api.bundle import Bundle, asked_again, sent
from hub.api.formats import dumps
from hub.api.openapi.document import document
from hub.api.openapi.told import untold
from hub.api.opening import public

KEPT: Final = "hub.openapi"
PACKAGE: Final = "flask-swagger-ui"
FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js")
BUNDLE: Final = Bundle("docs", {name: (PACKAGE, f"flask_swagger_ui/dist/{name}") for name in FILES})

bp = Blueprint("openapi", __name__, url_prefix="/api")


@bp.get("/openapi.json")
@untold
@public
def described() -> Response:
    body = _body()
    return asked_again(sent(gzip.compress(body, mtime=0), "application/json"), body)


@bp.get("/docs/", strict_slashes=True)
@untold
@public
def page() -> Response:
    return BUNDLE.page()


@bp.get("/docs/<version>/<name>")
@untold
@public
def asset(version: str, name: str) -> Response:
    return BUNDLE.asset(version, name)


def _body() -> bytes:
    """The document, made once in an application: its routes do not change."""
    kept = current_app.extensions
    if KEPT not in kept:
        kept[KEPT] = dumps(document(current_app))
    return cast(bytes, kept[KEPT])
