"""Values of data streams over HTTP: listed, shown, made and changed at their time, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for

from hub.api import answers, body, errors
from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.told import told
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_records as telling
from hub.api.plant import values_reading as reading
from hub.api.plant.listing import ID, NoArgs, RangeArgs
from hub.api.plant.opening import principal, requires_plant
from hub.api.plant.values_text import PLAIN, WITH_ID
from hub.api.plant.values_windows import DataArgs, ms_of, told_ms, wish_of
from hub.errors import HubError
from hub.ingest.text import shape_of
from hub.series.records import Record
from hub.services import scopes
from hub.services.queries import Answer
from hub.values import Document

bp = Blueprint("values", __name__)
OWN_ARGS = Parameters(RangeArgs())
LIST_ARGS = Parameters(DataArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get(f"/data/<{ID}:data>/value/")
@told(query=OWN_ARGS, answers=telling.VALUES, refuses=(408,))
@requires_plant(scopes.DATA_READ)
def own(data: int) -> Response:
    """List values of a data stream: the newest first, or a range in order of time."""
    wish, ranged = wish_of(OWN_ARGS.of(request), data)
    if ranged:
        rows = services().records.values.in_order(wish, principal())
        return answers.rows(request, PLAIN, lambda: Answer(rows))
    found = services().records.values.newest(wish, principal())
    return one([_shown(record) for record in found])


@bp.post(f"/data/<{ID}:data>/value/")
@told(body=telling.SENT, answers=telling.PUT, refuses=(409,))
@requires_plant(scopes.DATA_WRITE)
def write(data: int) -> Response:
    """Make or change one value of a data stream, by its time."""
    NO_ARGS.of(request)
    given = bodies.checked(bodies.raw(request), reading.VALUE, told={"data": data})
    record = services().records.values.put(
        data, ms_of(given["timestamp"]), given["value"], principal()
    )
    return _made(record, _shown(record))


@bp.get("/value/")
@told(query=LIST_ARGS, answers=telling.VALUES_OF_ALL, refuses=(404, 408))
@requires_plant(scopes.VALUE_READ)
def every() -> Response:
    """List values across data streams."""
    wish, ranged = wish_of(LIST_ARGS.of(request))
    if ranged:
        rows = services().records.values.in_order(wish, principal())
        return answers.rows(request, WITH_ID, lambda: Answer(rows))
    found = services().records.values.newest(wish, principal())
    return one([_with_id(record) for record in found])


@bp.post("/value/")
@told(given=telling.GIVEN, body=telling.SENT_MANY, answers=telling.PUT_MANY, refuses=(404, 409))
@requires_plant(scopes.VALUE_WRITE)
def write_many() -> Response:
    """Make or change values of many data streams."""
    NO_ARGS.of(request)
    content = body.read(request)
    media_type = body.media_type(request, (body.JSON, *body.NDJSON))
    shape, records = shape_of(content, lines=media_type != body.JSON), services().records
    if shape == "object":
        record = records.values.put(*reading.single(content), principal())
        return _made(record, _with_id(record))
    wanted = reading.batch(content, shape, records.batch_max)
    return _judged(records.values.put_all(wanted, principal()))


@bp.get("/value/<value>/")
@told(query=NO_ARGS, answers=telling.A_VALUE)
@requires_plant(scopes.VALUE_READ)
def single(value: str) -> Response:
    """Show one value."""
    NO_ARGS.of(request)
    return one(_with_id(services().records.values.get(value, principal())))


def _shown(record: Record) -> Document:
    shown = {"data": record.stream, "timestamp": told_ms(record.at), "value": record.value}
    return shown | {"quality": "uncertain"} if record.uncertain else shown


def _with_id(record: Record) -> Document:
    return {"id": record.id, **_shown(record)}


def _made(record: Record, shown: Document) -> Response:
    answer = one(shown, 201)
    answer.headers["Location"] = url_for(".single", value=record.id)
    return answer


def _judged(verdicts: Sequence[Record | HubError]) -> Response:
    """201 when all are stored, 207 when some are, 400 when none is."""
    refused = [
        {"index": index, "status": "refused", "error": errors.facts(verdict)}
        for index, verdict in enumerate(verdicts)
        if isinstance(verdict, HubError)
    ]
    brief, stored = _brief(), len(verdicts) - len(refused)
    said = refused if brief else _said(verdicts, refused)
    status = 400 if refused and not stored else 207 if refused else 201
    answer = one({"stored": stored, "refused": len(refused), "verdicts": said}, status)
    if brief:
        answer.headers["Preference-Applied"] = "return=minimal"
    return answer


def _said(
    verdicts: Sequence[Record | HubError], refused: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each one's verdict, in order."""
    left = iter(refused)
    return [
        {"index": index, "status": "stored", "id": verdict.id}
        if isinstance(verdict, Record)
        else next(left)
        for index, verdict in enumerate(verdicts)
    ]


def _brief() -> bool:
    """Whether the sender wants to hear of refused values only (RFC 7240)."""
    wishes = request.headers.get("Prefer", "").lower().split(",")
    return any(wish.split(";")[0].strip() == "return=minimal" for wish in wishes)
