"""Terminals over HTTP: grants for them."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.told import Body, Named, told
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_terminal as telling
from hub.api.plant.listing import NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.terminal.grants import Wish

bp = Blueprint("terminal", __name__, url_prefix="/webrtc")
NO_ARGS: Final = Parameters(NoArgs())


class Called(fields.String):
    """What a terminal, a host or a preset is called by."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Regexp(telling.CALLED), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if read.endswith("\n"):
            raise ValidationError("Ends with a line break.")
        return read


def _unique(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValidationError("Names one twice.")


class GrantSchema(Schema):
    class Meta:
        unknown = RAISE

    terminal_id = Called(required=True)
    host_id = Called(required=True)
    interactive = bodies.Flag(required=True)
    allowed_presets = fields.List(
        Called(), load_default=list, validate=[validate.Length(max=telling.PRESETS_MAX), _unique]
    )


GRANT: Final = GrantSchema()


@bp.post("/terminal-grant/")
@told(query=NO_ARGS, body=Body(Named("TerminalWish", GRANT)), answers=telling.GRANTED)
@requires_plant(scopes.TERMINAL)
def grant() -> Response:
    """Issue a grant for one session of a terminal, to be begun soon."""
    NO_ARGS.of(request)
    read = bodies.load(request, GRANT)
    wish = Wish(**read | {"allowed_presets": tuple(read["allowed_presets"])})
    made, token = services().system.terminal.grant(wish, principal())
    return one({"token": token, "expires_at": made.expires, **read}, 201)


@bp.after_request
def _for_nobody_else(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
