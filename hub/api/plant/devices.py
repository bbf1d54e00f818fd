"""Devices over HTTP: listed, made, shown, changed, deleted."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant.listing import ID, NoArgs, PageArgs, page
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.plant import facts
from hub.services.plant.devices import CASCADES

bp = Blueprint("devices", __name__)


class DeleteArgs(Schema):
    class Meta:
        unknown = RAISE

    cascade = fields.String(load_default=None, validate=validate.OneOf(CASCADES))


PAGE_ARGS = Parameters(PageArgs())
DELETE_ARGS = Parameters(DeleteArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get("/device/")
@requires_plant(scopes.DEVICE_READ)
def every() -> Response:
    found, more = services().plant.devices.page(principal(), **PAGE_ARGS.of(request))
    return page(request, [facts.of_device(each) for each in found], more=more)


@bp.post("/device/")
@requires_plant(scopes.DEVICE_WRITE)
def create() -> Response:
    NO_ARGS.of(request)
    made = services().plant.devices.create(bodies.raw(request), principal())
    return one(facts.of_device(made), 201)


@bp.get(f"/device/<{ID}:device>/")
@requires_plant(scopes.DEVICE_READ)
def single(device: int) -> Response:
    NO_ARGS.of(request)
    return one(facts.of_device(services().plant.devices.get(device, principal())))


@bp.put(f"/device/<{ID}:device>/")
@requires_plant(scopes.DEVICE_WRITE)
def replace(device: int) -> Response:
    NO_ARGS.of(request)
    found = services().plant.devices.replace(device, bodies.raw(request), principal())
    return one(facts.of_device(found))


@bp.patch(f"/device/<{ID}:device>/")
@requires_plant(scopes.DEVICE_WRITE)
def change(device: int) -> Response:
    NO_ARGS.of(request)
    found = services().plant.devices.change(device, bodies.raw(request), principal())
    return one(facts.of_device(found))


@bp.delete(f"/device/<{ID}:device>/")
@requires_plant(scopes.DEVICE_WRITE)
def delete(device: int) -> Response:
    services().plant.devices.delete(device, principal(), DELETE_ARGS.of(request)["cascade"])
    return Response(status=204)
