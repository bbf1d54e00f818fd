"""Streams over HTTP, read: the list, several by id, one with its datapoints, the schema.

The interface of the original Datastream API; the words of its answers stand in ``shapes``.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.api.auth import optional_principal
from hub.api.context import services
from hub.api.openapi.told import told
from hub.api.opening import optional, public
from hub.api.streams import asked, asking, door, forms, schema, sending, shapes, telling
from hub.api.streams.columns import columns
from hub.api.streams.forms import JSONP, Form, Told
from hub.errors import NotFound
from hub.query.tags import tag_filter
from hub.services.streams.reading.readings import ANYBODY
from hub.values import Document, Principal, Stream

bp = Blueprint("reading", __name__)
door.mind(bp)


@bp.get("/")
@told(query=asking.FORMATTED, answers=telling.SAID)
@public
def discovery() -> Response:
    """Say what there is."""
    return _answer(_form(), schema.DISCOVERY)


@bp.get("/stream/schema/")
@told(query=asking.FORMATTED, answers=telling.SAID)
@public
def fields() -> Response:
    """Say what a stream has."""
    return _answer(_form(), schema.SCHEMA)


@bp.get("/stream/")
@told(query=asking.LISTED, answers=telling.STREAMS, refuses=(408, 413))
@optional
def every() -> Response:
    """List streams.

    A parameter ``tags__<name>`` chooses those with a tag, with ``__`` between the names of nested
    tags and before an operator.
    """
    form = _form()
    matching = tag_filter(_pairs())
    limit, offset = asked.page(request.args)
    found, total = services().streams.page(matching, _reader(form), offset=offset, limit=limit)
    return _answer(form, {"meta": _meta(total, limit, offset), "objects": _shown(found)})


@bp.get("/stream/set/<ids>/")
@told(query=asking.FORMATTED, answers=telling.SOME_STREAMS)
@optional
def several(ids: str) -> Response:
    """Show several streams."""
    form = _form()
    reader = _reader(form)
    return _answer(form, {"objects": _shown([_opened(each, reader) for each in ids.split(";")])})


@bp.get("/stream/<stream>/")
@told(query=asking.DATAPOINTS, answers=telling.A_STREAM, refuses=(408, 413))
@optional
def one(stream: str) -> Response:
    """Show a stream and its datapoints."""
    form = forms.chosen(request, rows=True)
    who = _reader(form)
    found = _opened(stream, who)
    selection = asked.selection(request.args, found)
    reading = services().readings.read(found, selection, reader=who.key_id if who else ANYBODY)
    (shown,) = _shown([found])
    body = {
        **shown,
        "datapoints": reading.points,
        "query_params": shapes.query_params(selection, reading.granularity),
        "meta": _meta(reading.total, reading.limit, selection.offset),
    }
    told = Told(body, columns(found, selection, reading.granularity))
    return sending.answer(request, form, told, lasting=not selection.partial)


def _form() -> Form:
    """The format of an answer without datapoints."""
    return forms.chosen(request, rows=False)


def _reader(form: Form) -> Principal | None:
    """Who reads. JSONP is read by nobody: any page may ask a browser for it, and the browser
    would show the key that it remembers."""
    return None if form is JSONP else optional_principal()


def _opened(uuid: str, reader: Principal | None) -> Stream:
    try:
        return services().streams.open(uuid, reader)
    except NotFound as exc:
        raise NotFound(f"Stream '{uuid}' not found.") from exc


def _shown(found: list[Stream]) -> list[Document]:
    ends = services().readings.ends(found)
    return [shapes.stream(each, ends.get(each.id, (None, None))) for each in found]


def _meta(total: int, limit: int, offset: int) -> Document:
    page = shapes.Page(path=request.path, pairs=_pairs(), total=total, limit=limit, offset=offset)
    return shapes.meta(page)


def _pairs() -> list[tuple[str, str]]:
    """The parameters of the request, repeated ones too."""
    return list(request.args.items(multi=True))


def _answer(form: Form, body: Document) -> Response:
    return sending.answer(request, form, Told(body))
