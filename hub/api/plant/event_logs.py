"""Event logs over HTTP: listed, told, shown, changed, deleted, processed."""

from __future__ import annotations

from typing import Any, ClassVar

import orjson
from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes.common import GONE
from hub.api.openapi.told import told
from hub.api.parameters import Count, Parameters, about
from hub.api.plant import bodies, telling
from hub.api.plant.listing import ID, NoArgs, RangeArgs, streamed, window_of
from hub.api.plant.opening import principal, requires_plant
from hub.api.plant.times import Timestamp
from hub.errors import BadDocument, FetchRefused
from hub.fetching.pages.reading import Look
from hub.fetching.pages.selectors import path_of
from hub.fetching.urls import URL_CHARS_MAX, target_of
from hub.ingest import rules
from hub.services import scopes
from hub.services.events.event_logs import Wish, shown
from hub.services.plant.fields import ID_MAX, NAME_CHARS_MAX
from hub.values import Document

DATA_DEPTH_MAX = 16
DATA_BYTES_MAX = 64 * 1024
SELECTOR_CHARS_MAX = 256
ATTR_CHARS_MAX = 100

bp = Blueprint("event_logs", __name__)


class Url(bodies.Text):
    """A URL that may be fetched as far as its form goes."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        try:
            target_of(read)
        except FetchRefused as exc:
            raise ValidationError(f"{exc.message}.") from exc
        return read


class Data(fields.Field[Document]):
    """A JSON object under the rules of documents in datasets."""

    told_as: ClassVar[Document] = {"type": "object"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        try:
            rules.explain(value, DATA_DEPTH_MAX)
        except BadDocument as exc:
            raise ValidationError(f"{exc.detail.get('path', '$')}: {exc.message}") from exc
        if len(orjson.dumps(value)) > DATA_BYTES_MAX:
            raise ValidationError(f"Is over {DATA_BYTES_MAX} bytes of JSON.")
        return value


class Selector(bodies.Text):
    """A CSS selector."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if len(read) > SELECTOR_CHARS_MAX:
            return read
        try:
            path_of(read)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc
        return read


class EventLogSchema(Schema):
    class Meta:
        unknown = RAISE

    device = bodies.Id(load_default=None, allow_none=True)
    kind = bodies.Name(required=True)
    timestamp = Timestamp(load_default=None, allow_none=False)
    message = bodies.Text(load_default="")
    url = Url(1, URL_CHARS_MAX, load_default=None, allow_none=True)
    data = Data(load_default=dict)


class ProcessSchema(Schema):
    class Meta:
        unknown = RAISE

    selector = Selector(1, SELECTOR_CHARS_MAX, load_default=None, allow_none=True)
    attr = bodies.Text(1, ATTR_CHARS_MAX, load_default=None, allow_none=True)


class ListArgs(RangeArgs):
    device = Count(
        load_default=None, validate=validate.Range(1, ID_MAX), **about("Only those of this device.")
    )
    kind = fields.String(
        load_default=None,
        validate=validate.Length(1, NAME_CHARS_MAX),
        **about("Only those of this kind."),
    )


EVENT_LOG = EventLogSchema()
PROCESS = ProcessSchema()
LIST_ARGS = Parameters(ListArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get("/event-log/")
@told(query=LIST_ARGS, answers=telling.EVENT_LOGS, refuses=(408,))
@requires_plant(scopes.EVENT_LOG_READ)
def every() -> Response:
    """List event logs: the newest first, or those between two times in their order."""
    args = LIST_ARGS.of(request)
    window = window_of(args)
    wish = Wish(
        device=args["device"],
        kind=args["kind"],
        start=window.start,
        end=window.end,
        limit=window.limit,
    )
    logs = services().events.logs
    ask = logs.in_order if window.ranged else logs.newest
    return streamed(request, ask(wish, principal()))


@bp.post("/event-log/")
@told(body=telling.form("NewEventLog", EVENT_LOG), answers=telling.made(telling.EVENT_LOG))
@requires_plant(scopes.EVENT_LOG_WRITE)
def create() -> Response:
    """Tell of an event."""
    NO_ARGS.of(request)
    given = bodies.load(request, EVENT_LOG)
    return one(shown(services().events.logs.create(given, principal())), 201)


@bp.get(f"/event-log/<{ID}:event_log>/")
@told(query=NO_ARGS, answers=telling.one(telling.EVENT_LOG))
@requires_plant(scopes.EVENT_LOG_READ)
def single(event_log: int) -> Response:
    """Show an event log."""
    NO_ARGS.of(request)
    return one(shown(services().events.logs.get(event_log, principal())))


@bp.put(f"/event-log/<{ID}:event_log>/")
@told(body=telling.whole(EVENT_LOG), answers=telling.one(telling.EVENT_LOG))
@requires_plant(scopes.EVENT_LOG_WRITE)
def replace(event_log: int) -> Response:
    """Replace an event log: what is not said goes back to its default."""
    return _changed(event_log, partial=False)


@bp.patch(f"/event-log/<{ID}:event_log>/")
@told(body=telling.changed(EVENT_LOG), answers=telling.one(telling.EVENT_LOG))
@requires_plant(scopes.EVENT_LOG_WRITE)
def change(event_log: int) -> Response:
    """Change an event log: what is not said stays."""
    return _changed(event_log, partial=True)


@bp.delete(f"/event-log/<{ID}:event_log>/")
@told(query=NO_ARGS, answers=GONE)
@requires_plant(scopes.EVENT_LOG_WRITE)
def delete(event_log: int) -> Response:
    """Delete an event log."""
    NO_ARGS.of(request)
    services().events.logs.delete(event_log, principal())
    return Response(status=204)


@bp.post(f"/event-log/<{ID}:event_log>/process/")
@told(
    body=telling.form("Look", PROCESS, required=False),
    answers=telling.one(telling.PROCESSED, "What was found; nothing is kept of it."),
    refuses=(409, 502, 504),
)
@requires_plant(scopes.EVENT_LOG_WRITE)
def process(event_log: int) -> Response:
    """Fetch the page at an event log's address, and find elements in it."""
    NO_ARGS.of(request)
    sent = bodies.raw(request)
    look = Look(**bodies.checked({} if sent is None else sent, PROCESS))
    if look.attr is not None and look.selector is None:
        raise bodies.refused("attr", "Needs a selector.")
    return one(services().events.processing.process(event_log, look, principal()))


def _changed(event_log: int, *, partial: bool) -> Response:
    NO_ARGS.of(request)
    told = {"id": event_log, "created": None, "updated": None}
    given = bodies.checked(bodies.raw(request), EVENT_LOG, partial=partial, told=told)
    return one(shown(services().events.logs.change(event_log, given, principal())))
