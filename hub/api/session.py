"""Sessions over HTTP: logging in with a name and a password, who one is, logging out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Request, Response, request
from marshmallow import RAISE, Schema, fields, validate

from hub.api import body, cookie
from hub.api.answers import one
from hub.api.auth import optional_visit, refuse_people, requires_session, visit
from hub.api.context import services
from hub.api.openapi.shapes import sessions as shapes
from hub.api.openapi.told import Body, Named, told
from hub.api.opening import public
from hub.api.plant import bodies
from hub.errors import Unauthorized, UnsupportedMedia
from hub.services.people.passwords import CHARS
from hub.services.people.sessions import Login, Visit

bp = Blueprint("session", __name__, url_prefix="/api/session")
bp.register_error_handler(Unauthorized, refuse_people)

NAME_CHARS_MAX = 100


class Asked(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True, validate=validate.Length(max=NAME_CHARS_MAX))
    password = fields.String(required=True, validate=validate.Length(max=CHARS[1]))


ASKED = Asked()


@bp.post("/")
@told(body=Body(Named("Login", ASKED)), answers=shapes.LOGGED_IN, refuses=(401, 403, 429))
@public
def login() -> Response:
    """Log in: a new session; the one that is shown, if any, ends."""
    before = optional_visit()
    asked = bodies.load(_json(), ASKED)
    opened = services().people.sessions.open(
        Login(asked["name"], asked["password"], request.remote_addr or ""), instead_of=before
    )
    response = one(_told(opened.visit), 201)
    cookie.give(response, opened.secret, opened.visit.ends)
    return response


@bp.get("/")
@told(answers=shapes.WHO)
@requires_session
def who() -> Response:
    """Show whose session it is, and its CSRF token."""
    return one(_told(visit()))


@bp.delete("/")
@told(answers=shapes.LOGGED_OUT)
@requires_session
def logout() -> Response:
    """Log out."""
    services().people.sessions.close(visit())
    response = Response(status=204)
    cookie.take_back(response)
    return response


@bp.after_request
def _for_nobody_else(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _json() -> Request:
    """The request, stated to be JSON: another site's page cannot send that unasked."""
    if request.mimetype != body.JSON:
        raise UnsupportedMedia("a login is application/json", allowed=[body.JSON])
    return request


def _told(live: Visit) -> dict[str, Any]:
    user = live.user
    return {
        "user": {"name": user.name, "staff": user.staff, "superuser": user.superuser},
        "csrf_token": live.csrf,
        "ends": live.ends,
    }
