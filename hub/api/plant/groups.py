"""Groups of data streams over HTTP: listed, made, shown, changed, deleted."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import told
from hub.api.parameters import Parameters
from hub.api.plant import bodies, telling
from hub.api.plant.listing import ID, NoArgs, PageArgs, page
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.plant import facts

bp = Blueprint("groups", __name__)
PAGE_ARGS = Parameters(PageArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get("/group/")
@told(query=PAGE_ARGS, answers=telling.GROUPS)
@requires_plant(scopes.GROUP_READ)
def every() -> Response:
    """List groups of data streams."""
    found, more = services().plant.groups.page(principal(), **PAGE_ARGS.of(request))
    return page(request, [facts.of_group(*each) for each in found], more=more)


@bp.post("/group/")
@told(body=telling.NEW_GROUP, answers=telling.MADE_GROUP, refuses=(409,))
@requires_plant(scopes.GROUP_WRITE)
def create() -> Response:
    """Make a group of data streams."""
    NO_ARGS.of(request)
    made = services().plant.groups.create(bodies.raw(request), principal())
    return one(facts.of_group(*made), 201)


@bp.get(f"/group/<{ID}:group>/")
@told(query=NO_ARGS, answers=telling.A_GROUP)
@requires_plant(scopes.GROUP_READ)
def single(group: int) -> Response:
    """Show a group of data streams."""
    NO_ARGS.of(request)
    return one(facts.of_group(*services().plant.groups.get(group, principal())))


@bp.put(f"/group/<{ID}:group>/")
@told(body=telling.WHOLE_GROUP, answers=telling.A_GROUP, refuses=(409,))
@requires_plant(scopes.GROUP_WRITE)
def replace(group: int) -> Response:
    """Replace a group of data streams: what is not said goes back to its default."""
    NO_ARGS.of(request)
    found = services().plant.groups.replace(group, bodies.raw(request), principal())
    return one(facts.of_group(*found))


@bp.patch(f"/group/<{ID}:group>/")
@told(body=telling.CHANGED_GROUP, answers=telling.A_GROUP, refuses=(409,))
@requires_plant(scopes.GROUP_WRITE)
def change(group: int) -> Response:
    """Change a group of data streams: what is not said stays."""
    NO_ARGS.of(request)
    found = services().plant.groups.change(group, bodies.raw(request), principal())
    return one(facts.of_group(*found))


@bp.delete(f"/group/<{ID}:group>/")
@told(query=NO_ARGS, answers=GONE, refuses=(409,))
@requires_plant(scopes.GROUP_WRITE)
def delete(group: int) -> Response:
    """Delete a group of data streams."""
    NO_ARGS.of(request)
    services().plant.groups.delete(group, principal())
    return Response(status=204)
