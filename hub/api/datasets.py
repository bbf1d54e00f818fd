"""Datasets over HTTP: documents put in, queries answered."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields, validate

from hub.api import answers, body, verdicts
from hub.api.auth import principal, requires
from hub.api.context import services
from hub.api.formats import FORMATS
from hub.api.openapi.headers import IDEMPOTENCY
from hub.api.openapi.shapes import datasets as shapes
from hub.api.openapi.told import told
from hub.api.parameters import Count, Parameters, about
from hub.errors import BadParameter
from hub.ingest.text import shape_of
from hub.services import scopes
from hub.services.ingest import Incoming
from hub.services.queries import Find

bp = Blueprint("datasets", __name__, url_prefix="/api/dataset")

FORMAT = f"{', '.join(form.name for form in FORMATS)}; otherwise `Accept` says it."


class PutArgs(Schema):
    class Meta:
        unknown = RAISE

    atomic = fields.Boolean(load_default=False, **about("All documents or none."))


class FindArgs(Schema):
    class Meta:
        unknown = RAISE

    sort = fields.String(
        load_default=None,
        **about("Fields with commas between them, `-` before one for descending order."),
    )
    fields_ = fields.String(
        load_default=None,
        data_key="fields",
        attribute="fields",
        **about("Only these fields, with commas between them."),
    )
    limit = Count(load_default=None, validate=validate.Range(min=1), **about("How many at most."))
    after = fields.String(load_default=None, **about("What the link to the next page says."))
    skip = Count(
        load_default=0, validate=validate.Range(min=0), **about("How many are passed over.")
    )
    count = fields.Boolean(load_default=False, **about("Only the number of documents."))
    format = fields.String(load_default=None, **about(FORMAT))


class AggregateArgs(Schema):
    class Meta:
        unknown = RAISE

    format = fields.String(load_default=None, **about(FORMAT))


PUT_ARGS = Parameters(PutArgs())
FIND_ARGS = Parameters(FindArgs())
AGGREGATE_ARGS = Parameters(AggregateArgs())


@bp.put("/<dataset>/")
@told(
    query=PUT_ARGS,
    given=(IDEMPOTENCY,),
    body=shapes.DOCUMENTS,
    answers=shapes.PUT,
    refuses=(409, 422),
)
@requires(scopes.WRITE)
def put(dataset: str) -> Response:
    """Put documents into a dataset."""
    args = PUT_ARGS.of(request)
    content = body.read(request)
    media_type = body.media_type(request, (body.JSON, *body.NDJSON))
    incoming = Incoming(
        dataset=dataset,
        body=content,
        shape=shape_of(content, lines=media_type != body.JSON),
        atomic=args["atomic"],
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    return verdicts.response(incoming, services().ingest.put(incoming))


@bp.post("/<dataset>/")
@told(query=FIND_ARGS, body=shapes.FILTER, answers=shapes.FOUND, refuses=(406, 409))
@requires(scopes.READ)
def query(dataset: str) -> Response:
    """Query a dataset."""
    return _found(dataset, body.query(request, empty={}))


@bp.get("/<dataset>/")
@told(query=FIND_ARGS, answers=shapes.FOUND, refuses=(406, 408, 409, 413))
@requires(scopes.READ)
def everything(dataset: str) -> Response:
    """Read a dataset, the oldest documents first."""
    return _found(dataset, {})


@bp.post("/<dataset>/aggregate/")
@told(query=AGGREGATE_ARGS, body=shapes.PIPELINE, answers=shapes.ROWS, refuses=(406, 409))
@requires(scopes.ANALYZE)
def aggregate(dataset: str) -> Response:
    """Run an aggregation pipeline over a dataset."""
    AGGREGATE_ARGS.of(request)
    pipeline = body.query(request, empty=[])
    form = answers.format_of(request)
    asking = principal()
    return answers.rows(
        request, form, lambda: services().queries.aggregate(asking, dataset, pipeline)
    )


def _found(dataset: str, query_filter: Any) -> Response:
    args = FIND_ARGS.of(request)
    if args.pop("count"):
        _alone(args)
        counted = services().queries.count(principal(), dataset, query_filter)
        return answers.one({"count": counted})
    del args["format"]
    form, asking = answers.format_of(request), principal()
    find = Find(dataset=dataset, filter=query_filter, **args)
    return answers.rows(request, form, lambda: services().queries.find(asking, find))


def _alone(args: dict[str, Any]) -> None:
    """Refuse what a count would ignore."""
    for name in ("sort", "fields", "limit", "after", "skip"):
        if args[name]:
            raise BadParameter(f"count=true takes no {name}", parameter=name)
