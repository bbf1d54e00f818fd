"""Statistics of data streams over HTTP: listed, shown, posted, in buckets of any duration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from flask import Blueprint, Response, request, url_for
from marshmallow import RAISE, Schema, ValidationError, fields

from hub.api import answers
from hub.api.answers import one
from hub.api.context import services
from hub.api.formats import Columns, Format, json_chunks
from hub.api.openapi.told import Body, Form, Named, told
from hub.api.parameters import Parameters, about
from hub.api.plant import bodies
from hub.api.plant import telling_records as telling
from hub.api.plant.listing import ID, NoArgs, RangeArgs
from hub.api.plant.opening import principal, requires_plant
from hub.api.plant.times import Timestamp
from hub.api.plant.values_windows import DataArgs, ms_of, told_ms, wish_of
from hub.errors import BadParameter
from hub.series.durations import duration
from hub.series.records import FIELDS, Statistic
from hub.services import scopes
from hub.services.queries import Answer
from hub.services.records.statistics import RECORD
from hub.services.statistics.steps import Bucket
from hub.values import Batch, Document

bp = Blueprint("statistics", __name__)
ALWAYS = "mean"
ALL = "all"
OF_STEPS = ("mean", "min", "max")


class Names(fields.Field[tuple[str, ...]]):
    """Names of fields, divided by commas; ``mean`` is always among them."""

    told_as: ClassVar[Document] = {
        "type": "string",
        "description": f"Names with commas between them: {', '.join(FIELDS)}, or {ALL}.",
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[str, ...]:
        given = {name.strip() for name in str(value).split(",")}
        if unknown := sorted(given - {*FIELDS, ALL}):
            allowed = ", ".join((*FIELDS, ALL))
            shown = bodies.cleaned(unknown[0])[:64]
            raise ValidationError(f"No such field: {shown}. There are {allowed}.")
        wanted = set(FIELDS) if ALL in given else given | {ALWAYS}
        return tuple(name for name in FIELDS if name in wanted)


class OwnArgs(RangeArgs):
    fields_ = Names(load_default=None, data_key="fields")
    step = fields.String(
        load_default=None,
        **about("Buckets of this length, an ISO-8601 duration; needs `from` and `to`."),
    )


class ListArgs(DataArgs, OwnArgs):
    pass


class StatisticSchema(Schema):
    """What each field may be is said where it is kept."""

    class Meta:
        unknown = RAISE

    timestamp = Timestamp(required=True)


STATISTIC = StatisticSchema.from_dict(
    {name: fields.Raw(metadata={"type": "number"}) for name in FIELDS}
)()
OWN_ARGS = Parameters(OwnArgs())
LIST_ARGS = Parameters(ListArgs())
NO_ARGS = Parameters(NoArgs())


@bp.get(f"/data/<{ID}:data>/statistic/")
@told(query=OWN_ARGS, answers=telling.STATISTICS, refuses=(408, 413))
@requires_plant(scopes.DATA_READ)
def own(data: int) -> Response:
    """List statistics of a data stream, or with a step in buckets of it."""
    return _listed(OWN_ARGS.of(request), data)


@bp.post(f"/data/<{ID}:data>/statistic/")
@told(
    body=Body(Named("NewStatistic", Form(STATISTIC, also=telling.DATA))),
    answers=telling.POSTED,
    refuses=(409,),
)
@requires_plant(scopes.DATA_WRITE)
def post(data: int) -> Response:
    """Make or change one record of statistics, by its time."""
    NO_ARGS.of(request)
    given = bodies.checked(bodies.raw(request), STATISTIC, told={"data": data})
    at = ms_of(given.pop("timestamp"))
    found = services().records.statistics.post(data, at, given, principal())
    answer = one(_shown(found, tuple(found.told)), 201)
    answer.headers["Location"] = url_for(".single", statistic=found.id)
    return answer


@bp.get("/statistic/")
@told(query=LIST_ARGS, answers=telling.STATISTICS_OF_ALL, refuses=(404, 408, 413))
@requires_plant(scopes.STATISTIC_READ)
def every() -> Response:
    """List statistics across data streams."""
    return _listed(LIST_ARGS.of(request), None)


@bp.get("/statistic/<statistic>/")
@told(query=NO_ARGS, answers=telling.A_STATISTIC)
@requires_plant(scopes.STATISTIC_READ)
def single(statistic: str) -> Response:
    """Show one record of statistics."""
    NO_ARGS.of(request)
    found = services().records.statistics.get(statistic, principal())
    return one(_with_id(found, FIELDS))


def _listed(args: dict[str, Any], data: int | None) -> Response:
    if args["step"] is not None:
        return _stepped(args, data)
    names = args["fields_"] or (ALWAYS,)
    shown = _shown if data is not None else _with_id
    wish, ranged = wish_of(args, data)
    if ranged:
        rows = services().records.statistics.in_order(wish, principal())
        form = _form(lambda record: shown(record, names))
        return answers.rows(request, form, lambda: Answer(rows))
    found = services().records.statistics.newest(wish, principal())
    return one([shown(record, names) for record in found])


def _stepped(args: dict[str, Any], data: int | None) -> Response:
    step = duration(args["step"])
    if args["from_"] is None or args["to"] is None:
        raise BadParameter("step needs both from and to", parameter="step")
    asked = args["fields_"] or OF_STEPS
    if asked != FIELDS and (others := sorted(set(asked) - set(OF_STEPS))):
        raise BadParameter(
            f"with step there are mean, min and max, not {others[0]}", parameter="fields"
        )
    wish, _ = wish_of(args, data)
    rows = services().records.statistics.stepped(wish, step, principal())
    return answers.rows(request, _form(_of_step), lambda: Answer(rows))


def _form(shown: Callable[[Any], Document]) -> Format:
    """A JSON array of what rows hold."""

    def chunks(batches: Iterable[Batch], columns: Columns | None) -> Iterator[bytes]:
        told = (Batch([shown(row[RECORD]) for row in batch.rows]) for batch in batches)
        return json_chunks(told, columns)

    return Format("json", "application/json", chunks)


def _shown(record: Statistic, names: tuple[str, ...]) -> Document:
    """``null`` stands where a posted record has no such field."""
    told = {name: record.told.get(name) for name in names}
    return {"data": record.stream, "timestamp": told_ms(record.at), **told}


def _with_id(record: Statistic, names: tuple[str, ...]) -> Document:
    return {"id": record.id, **_shown(record, names)}


def _of_step(bucket: Bucket) -> Document:
    return {
        "data": bucket.stream,
        "timestamp": told_ms(bucket.at),
        "mean": bucket.mean,
        "min": bucket.low,
        "max": bucket.high,
    }
