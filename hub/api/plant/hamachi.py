"""Hamachi over HTTP: how it stands, and the networks that this machine joins and leaves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import Body, Named, told
from hub.api.parameters import Parameters, about
from hub.api.plant import bodies
from hub.api.plant import telling_system as telling
from hub.api.plant.listing import NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.errors import BadParameter
from hub.services import scopes
from hub.services.hamachi.hamachi import WORDS_MAX, is_name

bp = Blueprint("hamachi", __name__)
NO_ARGS: Final = Parameters(NoArgs())
FAILURES: Final = (502, 504)
NETWORK: Final = "/hamachi/network/<path:network_id>/"


class Word(bodies.Text):
    """What is handed to the program: nothing that it could take for an option."""

    def __init__(self, least: int = 1, **options: Any) -> None:
        super().__init__(least, WORDS_MAX, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if read and not is_name(read):
            raise ValidationError("Has space around it, a - first, or control characters.")
        return read


class JoinSchema(Schema):
    class Meta:
        unknown = RAISE

    network = Word(required=True)
    password = Word(0, load_default=None, allow_none=True)


class LeaveSchema(Schema):
    class Meta:
        unknown = RAISE

    network = Word(load_default=None)


class LeaveArgs(Schema):
    class Meta:
        unknown = RAISE

    network = fields.String(load_default=None, **about("The network, where no body says it."))


JOIN: Final = JoinSchema()
LEAVE: Final = LeaveSchema()
LEAVE_ARGS: Final = Parameters(LeaveArgs())


@bp.get("/hamachi/")
@told(query=NO_ARGS, answers=telling.HAMACHI, refuses=FAILURES)
@requires_plant(scopes.SYSTEM_READ)
def status() -> Response:
    """Show how Hamachi stands on this machine."""
    NO_ARGS.of(request)
    return one(asdict(services().system.hamachi.status(principal())))


@bp.get("/hamachi/network/")
@told(query=NO_ARGS, answers=telling.NETWORKS, refuses=FAILURES)
@requires_plant(scopes.SYSTEM_READ)
def every() -> Response:
    """List the networks of Hamachi that this machine is in."""
    NO_ARGS.of(request)
    return one([asdict(each) for each in services().system.hamachi.networks(principal())])


@bp.post("/hamachi/network/")
@told(body=Body(Named("JoinNetwork", JOIN)), answers=telling.JOINED, refuses=(404, 409, *FAILURES))
@requires_plant(scopes.SYSTEM_WRITE)
def join() -> Response:
    """Join a network of Hamachi."""
    NO_ARGS.of(request)
    given = bodies.load(request, JOIN)
    name, password = given["network"], given["password"] or ""
    joined = services().system.hamachi.join(name, password, principal())
    told_so = {"network": name, "joined": joined, "pending": not joined}
    return one(told_so, 201 if joined else 202)


@bp.delete("/hamachi/network/")
@told(
    query=LEAVE_ARGS,
    body=Body(Named("LeaveNetwork", LEAVE), required=False),
    answers=GONE,
    refuses=(404, 409, *FAILURES),
)
@requires_plant(scopes.SYSTEM_WRITE)
def leave_named() -> Response:
    """Leave a network of Hamachi that the body or the query string names."""
    services().system.hamachi.leave(_named(), principal())
    return Response(status=204)


@bp.get(NETWORK)
@told(query=NO_ARGS, answers=telling.A_NETWORK, refuses=FAILURES)
@requires_plant(scopes.SYSTEM_READ)
def single(network_id: str) -> Response:
    """Show a network of Hamachi that this machine is in."""
    NO_ARGS.of(request)
    return one(asdict(services().system.hamachi.network(network_id, principal())))


@bp.delete(NETWORK)
@told(query=NO_ARGS, answers=GONE, refuses=(409, *FAILURES))
@requires_plant(scopes.SYSTEM_WRITE)
def leave(network_id: str) -> Response:
    """Leave a network of Hamachi."""
    NO_ARGS.of(request)
    services().system.hamachi.leave(network_id, principal())
    return Response(status=204)


def _named() -> str:
    """The network that is to be left. Raises BadField, BadParameter."""
    asked: str | None = LEAVE_ARGS.of(request)["network"]
    body = bodies.raw(request)
    given: str | None = None if body is None else bodies.checked(body, LEAVE)["network"]
    if asked is not None and given is not None and asked != given:
        raise BadParameter("the body and the query string differ", parameter="network")
    found = given if asked is None else asked
    if found is None:
        raise bodies.refused("network", "Missing data for required field.")
    return found
