"""How long a data stream's windows of statistics are, over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.told import Body, Form, Named, told
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_records as telling
from hub.api.plant.listing import ID, NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.api.plant.values_windows import told_ms
from hub.series.levels import SECOND_MS
from hub.series.windows import Lengths
from hub.services import scopes

bp = Blueprint("windows", __name__)
NO_ARGS = Parameters(NoArgs())


class WindowSchema(Schema):
    class Meta:
        unknown = RAISE

    window_seconds = fields.Float(required=True)


WINDOW = WindowSchema()


@bp.get(f"/data/<{ID}:data>/policy/statistic/")
@told(query=NO_ARGS, answers=telling.WINDOWS)
@requires_plant(scopes.DATA_READ)
def own(data: int) -> Response:
    """Tell how long a data stream's windows of statistics are."""
    NO_ARGS.of(request)
    return _told(data, services().records.statistics.lengths(data, principal()))


@bp.put(f"/data/<{ID}:data>/policy/statistic/")
@told(
    body=Body(Named("NewWindow", Form(WINDOW, also=telling.DATA))),
    answers=telling.WINDOWS,
    refuses=(409,),
)
@requires_plant(scopes.DATA_WRITE)
def put_own(data: int) -> Response:
    """Give windows of statistics another length, from the next hour on where there are values."""
    NO_ARGS.of(request)
    given = bodies.checked(bodies.raw(request), WINDOW, told={"data": data, "windows": None})
    seconds = given["window_seconds"]
    return _told(data, services().records.statistics.set_length(data, seconds, principal()))


def _told(data: int, lengths: Lengths) -> Response:
    """The length that counts last, and each with the moment from which it counts."""
    windows = [
        {"from": told_ms(since), "window_seconds": length // SECOND_MS} for since, length in lengths
    ]
    return one({"data": data, "window_seconds": windows[-1]["window_seconds"], "windows": windows})
