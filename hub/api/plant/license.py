"""The licence over HTTP: asked for, shown, installed, removed."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import Body, Named, told
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_system as telling
from hub.api.plant.listing import NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.licensing.facts import of_standing
from hub.services.licensing.signing import TEXT_CHARS_MAX

bp = Blueprint("license", __name__)
NO_ARGS: Final = Parameters(NoArgs())


class LicenseSchema(Schema):
    class Meta:
        unknown = RAISE

    license = bodies.Text(1, TEXT_CHARS_MAX, required=True)


NEW: Final = LicenseSchema()


@bp.get("/license/activation-request/")
@told(query=NO_ARGS, answers=telling.REQUEST)
@requires_plant(scopes.SYSTEM_READ)
def activation() -> Response:
    """Show what a licence is issued for."""
    NO_ARGS.of(request)
    return one(services().system.licensing.request())


@bp.get("/license/")
@told(query=NO_ARGS, answers=telling.LICENSE)
@requires_plant(scopes.SYSTEM_READ)
def show() -> Response:
    """Show to whom this hub is licensed."""
    NO_ARGS.of(request)
    return one(of_standing(services().system.licensing.standing()))


@bp.post("/license/")
@told(body=Body(Named("NewLicense", NEW)), answers=telling.LICENSE, refuses=(409,))
@requires_plant(scopes.SYSTEM_WRITE)
def install() -> Response:
    """Install a licence."""
    NO_ARGS.of(request)
    given = bodies.load(request, NEW)["license"]
    return one(of_standing(services().system.licensing.install(given, principal().key_id)))


@bp.delete("/license/")
@told(query=NO_ARGS, answers=GONE, refuses=(404,))
@requires_plant(scopes.SYSTEM_WRITE)
def remove() -> Response:
    """Remove the licence."""
    NO_ARGS.of(request)
    services().system.licensing.remove(principal().key_id)
    return Response(status=204)
