"""Devices over HTTP: listed, made, shown, changed, deleted."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import told
from hub.api.parameters import Parameters, about
from hub.api.plant import bodies, telling
from hub.api.plant.listing import ID, NoArgs, PageArgs, page
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.plant.devices import CASCADES
from hub.values import Device, Document

bp = Blueprint("devices", __name__)


class DeleteArgs(Schema):
    class Meta:
        unknown = RAISE

    cascade = fields.String(
        load_default=None,
        validate=validate.OneOf(CASCADES),
        **about("What becomes of its data streams."),
    )


PAGE_ARGS = Parameters(PageArgs())
DELETE_ARGS = Parameters(DeleteArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get("/device/")
@told(query=PAGE_ARGS, answers=telling.DEVICES)
@requires_plant(scopes.DEVICE_READ)
def every() -> Response:
    """List devices."""
    found, more = services().plant.devices.page(principal(), **PAGE_ARGS.of(request))
    return page(request, services().plant.devices.told(found), more=more)


@bp.post("/device/")
@told(body=telling.NEW_DEVICE, answers=telling.MADE_DEVICE, refuses=(409,))
@requires_plant(scopes.DEVICE_WRITE)
def create() -> Response:
    """Make a device."""
    NO_ARGS.of(request)
    made = services().plant.devices.create(bodies.raw(request), principal())
    return one(_told(made), 201)


@bp.get(f"/device/<{ID}:device>/")
@told(query=NO_ARGS, answers=telling.A_DEVICE)
@requires_plant(scopes.DEVICE_READ)
def single(device: int) -> Response:
    """Show a device."""
    NO_ARGS.of(request)
    return one(_told(services().plant.devices.get(device, principal())))


@bp.put(f"/device/<{ID}:device>/")
@told(body=telling.WHOLE_DEVICE, answers=telling.A_DEVICE, refuses=(409,))
@requires_plant(scopes.DEVICE_WRITE)
def replace(device: int) -> Response:
    """Replace a device: what is not said goes back to its default."""
    NO_ARGS.of(request)
    found = services().plant.devices.replace(device, bodies.raw(request), principal())
    return one(_told(found))


@bp.patch(f"/device/<{ID}:device>/")
@told(body=telling.CHANGED_DEVICE, answers=telling.A_DEVICE, refuses=(409,))
@requires_plant(scopes.DEVICE_WRITE)
def change(device: int) -> Response:
    """Change a device: what is not said stays."""
    NO_ARGS.of(request)
    found = services().plant.devices.change(device, bodies.raw(request), principal())
    return one(_told(found))


@bp.delete(f"/device/<{ID}:device>/")
@told(query=DELETE_ARGS, answers=GONE, refuses=(409,))
@requires_plant(scopes.DEVICE_WRITE)
def delete(device: int) -> Response:
    """Delete a device."""
    services().plant.devices.delete(device, principal(), DELETE_ARGS.of(request)["cascade"])
    return Response(status=204)


def _told(device: Device) -> Document:
    return services().plant.devices.told([device])[0]
