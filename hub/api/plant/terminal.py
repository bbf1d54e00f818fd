"""Terminals over HTTP: grants for them, and the way to their hosts."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.api.answers import one
from hub.api.auth import refuse_people
from hub.api.context import services
from hub.api.openapi.told import Body, Named, told
from hub.api.opening import by_grant
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_terminal as telling
from hub.api.plant.listing import NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.errors import Unauthorized
from hub.services import scopes
from hub.services.terminal.grants import CALLED, PRESETS_MAX, TOKEN_CHARS_MAX, Wish

bp = Blueprint("terminal", __name__, url_prefix="/webrtc")
bp.register_error_handler(Unauthorized, refuse_people)
NO_ARGS: Final = Parameters(NoArgs())
UNCALLED: Final = "Is not 1 to 64 of A-Z a-z 0-9 . _ -"


class Called(fields.String):
    """What a terminal, a host or a preset is called by."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Regexp(CALLED, error=UNCALLED), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if read.endswith("\n"):
            raise ValidationError(UNCALLED)
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
        Called(), load_default=list, validate=[validate.Length(max=PRESETS_MAX), _unique]
    )


class OfferSchema(Schema):
    class Meta:
        unknown = RAISE

    type = fields.String(required=True, validate=validate.Equal("offer"))
    sdp = bodies.Text(1, telling.SDP_CHARS_MAX, required=True)


class SessionSchema(Schema):
    class Meta:
        unknown = RAISE

    token = bodies.Text(1, TOKEN_CHARS_MAX, required=True)
    offer = fields.Nested(OfferSchema, required=True)


GRANT: Final = GrantSchema()
SESSION: Final = SessionSchema()
REFUSES: Final = (404, 409, 410, 502, 504)


@bp.post("/terminal-grant/")
@told(query=NO_ARGS, body=Body(Named("TerminalWish", GRANT)), answers=telling.GRANTED)
@requires_plant(scopes.TERMINAL)
def grant() -> Response:
    """Issue a grant for one session of a terminal, to be begun soon."""
    NO_ARGS.of(request)
    read = bodies.load(request, GRANT)
    wish = Wish(**read | {"allowed_presets": tuple(read["allowed_presets"])})
    made, token = services().system.terminal.grant(wish, principal(), _address())
    return one({"token": token, "expires_at": made.expires, **read}, 201)


@bp.post("/terminal-session/")
@told(
    query=NO_ARGS,
    body=Body(Named("TerminalOffer", SESSION)),
    answers=telling.ANSWERED,
    refuses=REFUSES,
)
@by_grant
def session() -> Response:
    """Begin the session of a grant: a browser's offer of WebRTC, answered by the host's agent."""
    NO_ARGS.of(request)
    read = bodies.load(request, SESSION)
    token, offered = read["token"], read["offer"]["sdp"]
    begun, sdp = services().system.terminal.connect(token, offered, _address())
    return one({"session": begun, "answer": {"type": "answer", "sdp": sdp}})


def _address() -> str:
    return request.remote_addr or ""


@bp.after_request
def _for_nobody_else(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
