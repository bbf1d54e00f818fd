"""The catalogue over HTTP: what is told of a dataset, and publishing it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.api import body
from hub.api.answers import one
from hub.api.auth import principal, requires
from hub.api.context import services
from hub.api.openapi.shapes import datasets as shapes
from hub.api.openapi.told import told
from hub.errors import Invalid
from hub.services import scopes

bp = Blueprint("catalogue", __name__, url_prefix="/api/dataset")

PATCHES = (body.JSON, "application/merge-patch+json")


@bp.get("/<dataset>/catalogue/")
@told(answers=shapes.ENTRY)
@requires(scopes.READ)
def show(dataset: str) -> Response:
    """Show what the catalogue tells of a dataset."""
    return one(services().catalogue.entry(dataset))


@bp.patch("/<dataset>/catalogue/")
@told(body=shapes.CHANGES, answers=shapes.ENTRY, refuses=(409,))
@requires(scopes.WRITE)
def change(dataset: str) -> Response:
    """Change a dataset's entry: null removes a field, what is not said stays."""
    body.media_type(request, PATCHES)
    changes = body.parsed(body.read(request))
    if not isinstance(changes, dict):
        raise Invalid("a change of the catalogue is a JSON object")
    return one(services().catalogue.change(dataset, changes, by=principal().key_id))


@bp.put("/<dataset>/publication/")
@told(answers=shapes.PUBLICATION, refuses=(400,))
@requires(scopes.WRITE)
def publish(dataset: str) -> Response:
    """Publish a dataset: its observations are read over OData."""
    found = services().catalogue.publish(dataset, by=principal().key_id)
    return one({"dataset": dataset, "published": found.published})


@bp.delete("/<dataset>/publication/")
@told(answers=shapes.PUBLICATION)
@requires(scopes.WRITE)
def unpublish(dataset: str) -> Response:
    """Take a dataset out of the catalogue."""
    services().catalogue.unpublish(dataset, by=principal().key_id)
    return one({"dataset": dataset, "published": None})
