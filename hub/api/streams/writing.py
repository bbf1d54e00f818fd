"""Streams over HTTP, made and deleted. The interface is the hub's own, its errors too."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.api import body
from hub.api.answers import one
from hub.api.auth import principal, requires_key
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import told
from hub.api.streams import telling
from hub.services import scopes
from hub.services.streams.registry.wanted import wanted

bp = Blueprint("writing", __name__)


@bp.post("/stream/")
@told(body=telling.NEW, answers=telling.ENSURED, refuses=(404, 409))
@requires_key(scopes.STREAM_WRITE)
def ensure() -> Response:
    """Make a stream, unless there is one of these tags: 201 when made, 200 when it was there."""
    asked = wanted(body.query(request, empty={}))
    stream, made = services().streams.ensure(asked, principal())
    facts = services().streams.facts(stream)
    answer = one(facts, 201 if made else 200)
    answer.headers["Location"] = facts["resource_uri"]
    return answer


@bp.delete("/stream/<stream>/")
@told(answers=GONE, refuses=(400, 409))
@requires_key(scopes.STREAM_WRITE)
def delete(stream: str) -> Response:
    """Delete a stream and its datapoints."""
    found = services().streams.writable(stream, principal())
    services().streams.delete(found, principal())
    return Response(status=204)
