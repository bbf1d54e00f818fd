"""The catalogue over HTTP: what is told of a dataset, and publishing it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.api import body
from hub.api.answers import one
from hub.api.auth import principal, requires
from hub.api.context import services
from hub.errors import Invalid
from hub.services import scopes

bp = Blueprint("catalogue", __name__, url_prefix="/api/dataset")

PATCHES = (body.JSON, "application/merge-patch+json")


@bp.get("/<dataset>/catalogue/")
@requires(scopes.READ)
def show(dataset: str) -> Response:
    return one(services().catalogue.entry(dataset))


@bp.patch("/<dataset>/catalogue/")
@requires(scopes.WRITE)
def change(dataset: str) -> Response:
    body.media_type(request, PATCHES)
    changes = body.parsed(body.read(request))
    if not isinstance(changes, dict):
        raise Invalid("a change of the catalogue is a JSON object")
    return one(services().catalogue.change(dataset, changes, by=principal().key_id))


@bp.put("/<dataset>/publication/")
@requires(scopes.WRITE)
def publish(dataset: str) -> Response:
    found = services().catalogue.publish(dataset, by=principal().key_id)
    return one({"dataset": dataset, "published": found.published})


@bp.delete("/<dataset>/publication/")
@requires(scopes.WRITE)
def unpublish(dataset: str) -> Response:
    services().catalogue.unpublish(dataset, by=principal().key_id)
    return one({"dataset": dataset, "published": None})
