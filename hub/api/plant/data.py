"""Data streams over HTTP: listed, made, shown, changed, deleted."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import told
from hub.api.parameters import Count, Parameters, about
from hub.api.plant import bodies, telling
from hub.api.plant.listing import ID, NoArgs, PageArgs, page
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.plant.data import Wish
from hub.services.plant.facts import of_data
from hub.services.plant.fields import ID_MAX
from hub.values import Stream

bp = Blueprint("data", __name__)


class DataArgs(PageArgs):
    device = Count(
        load_default=None, validate=validate.Range(1, ID_MAX), **about("Only those of this device.")
    )
    group = Count(
        load_default=None, validate=validate.Range(1, ID_MAX), **about("Only those of this group.")
    )


class DeleteArgs(Schema):
    class Meta:
        unknown = RAISE

    cascade = fields.String(
        load_default=None,
        validate=validate.OneOf(["delete"]),
        **about("Its values and statistics go, too."),
    )


PAGE_ARGS = Parameters(DataArgs())
DELETE_ARGS = Parameters(DeleteArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get("/data/")
@told(query=PAGE_ARGS, answers=telling.SEVERAL_DATA, refuses=(408,))
@requires_plant(scopes.DATA_READ)
def every() -> Response:
    """List data streams."""
    wish = Wish(**PAGE_ARGS.of(request))
    found, more = services().plant.data.page(wish, principal())
    return page(request, [of_data(each, principal().reach) for each in found], more=more)


@bp.post("/data/")
@told(body=telling.NEW_DATA, answers=telling.MADE_DATA, refuses=(409,))
@requires_plant(scopes.DATA_WRITE)
def create() -> Response:
    """Make a data stream."""
    NO_ARGS.of(request)
    return _told(services().plant.data.create(bodies.raw(request), principal()), 201)


@bp.get(f"/data/<{ID}:data>/")
@told(query=NO_ARGS, answers=telling.A_DATA)
@requires_plant(scopes.DATA_READ)
def single(data: int) -> Response:
    """Show a data stream."""
    NO_ARGS.of(request)
    return _told(services().plant.data.get(data, principal()))


@bp.put(f"/data/<{ID}:data>/")
@told(body=telling.WHOLE_DATA, answers=telling.A_DATA, refuses=(409,))
@requires_plant(scopes.DATA_WRITE)
def replace(data: int) -> Response:
    """Replace a data stream: what is not said goes back to its default."""
    NO_ARGS.of(request)
    return _told(services().plant.data.replace(data, bodies.raw(request), principal()))


@bp.patch(f"/data/<{ID}:data>/")
@told(body=telling.CHANGED_DATA, answers=telling.A_DATA, refuses=(409,))
@requires_plant(scopes.DATA_WRITE)
def change(data: int) -> Response:
    """Change a data stream: what is not said stays."""
    NO_ARGS.of(request)
    return _told(services().plant.data.change(data, bodies.raw(request), principal()))


@bp.delete(f"/data/<{ID}:data>/")
@told(query=DELETE_ARGS, answers=GONE, refuses=(409,))
@requires_plant(scopes.DATA_WRITE)
def delete(data: int) -> Response:
    """Delete a data stream."""
    cascade = DELETE_ARGS.of(request)["cascade"] is not None
    services().plant.data.delete(data, principal(), cascade=cascade)
    return Response(status=204)


def _told(stream: Stream, status: int = 200) -> Response:
    return one(of_data(stream, principal().reach), status)
