"""A field of a dataset as a time series over HTTP: a stream's parameters, formats and shape.

The words for errors are the dataset door's, and so is its strictness: a parameter that is
unknown or given twice is refused.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.api import body
from hub.api.auth import principal, requires
from hub.api.context import services
from hub.api.openapi.told import told
from hub.api.streams import asked, asking, forms, sending, shapes, telling
from hub.api.streams.columns import columns
from hub.api.streams.forms import JSON, JSONP, Form, Told
from hub.errors import BadParameter
from hub.services import scopes
from hub.services.series import AS_STREAM, Asked, FieldReading
from hub.values import Document

bp = Blueprint("series", __name__, url_prefix="/api/dataset")

FORMATS = ("json", "csv", "ndjson", "xml")
OWN = ("field", "filter", "format", "partial", "tz")
KNOWN = frozenset((*OWN, *asked.SHORT, *asked.SHORT.values()))
LISTS = ("value_downsamplers", "time_downsamplers")
REPEATED = frozenset((*LISTS, *(asked.SHORT[name] for name in LISTS)))


@bp.get("/<dataset>/series/")
@told(query=asking.SERIES, answers=telling.A_SERIES, refuses=(406, 408, 413))
@requires(scopes.READ)
def one(dataset: str) -> Response:
    """Read a field of a dataset as a time series."""
    _check_names()
    form = _form()
    selection = asked.selection(request.args, AS_STREAM)
    wanted = Asked(dataset=dataset, field=_field(), filter=_filter(), selection=selection)
    found = services().series.read(principal(), wanted)
    told = Told(_body(wanted, found), columns(AS_STREAM, selection, found.page.granularity))
    return sending.answer(request, form, told, lasting=not selection.partial)


def _body(wanted: Asked, found: FieldReading) -> Document:
    """The answer of a stream, without the keys that only a stream has."""
    told = shapes.stream(AS_STREAM, (found.earliest, found.latest))
    selection, page = wanted.selection, found.page
    own = {
        name: value for name, value in told.items() if name not in ("id", "resource_uri", "tags")
    }
    return {
        "dataset": wanted.dataset,
        "field": wanted.field,
        **own,
        "datapoints": page.points,
        "query_params": shapes.query_params(selection, page.granularity),
        "meta": shapes.meta(
            shapes.Page(
                path=request.path,
                pairs=list(request.args.items(multi=True)),
                total=page.total,
                limit=page.limit,
                offset=selection.offset,
            )
        ),
    }


def _check_names() -> None:
    for name, values in request.args.lists():
        if name not in KNOWN:
            raise BadParameter("a parameter is unknown", parameter=name, allowed=sorted(KNOWN))
        if len(values) > 1 and name not in REPEATED:
            raise BadParameter(f"{name} is given {len(values)} times", parameter=name)


def _form() -> Form:
    """The format; never JSONP, which a page of anybody could have read with a browser's key."""
    named = request.args.get("format")
    if named is not None and named not in FORMATS:
        raise BadParameter("unknown format", parameter="format", allowed=list(FORMATS))
    form = forms.chosen(request, rows=True)
    return JSON if form is JSONP else form


def _field() -> str:
    field = request.args.get("field")
    if field is None:
        raise BadParameter(
            "which field? field names one, with dots into objects", parameter="field"
        )
    return field


def _filter() -> Any:
    """The query document; everything where none is given."""
    given = request.args.get("filter")
    return {} if given is None else body.parsed(given.encode())
