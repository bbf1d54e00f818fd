"""Lists of the plant API: ids in URLs, limits, ranges, pages, long arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response
from marshmallow import RAISE, Schema, pre_load, validate

from hub.api import answers
from hub.api.answers import one
from hub.api.formats import FORMATS
from hub.api.parameters import Count, about
from hub.api.plant.times import Bound
from hub.errors import BadParameter, NotFound
from hub.services.plant.fields import ID_MAX
from hub.services.queries import Answer
from hub.services.rows import Rows
from hub.values import Document

ID = "int"
"""The converter of an integer id in a URL: ``f"/device/<{ID}:device>/"``."""
LIMIT = 100
LIMIT_MAX = 10_000


def check_ids(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Before a view: no id of its URL is larger than any there can be. Raises NotFound."""
    if values and any(isinstance(value, int) and value > ID_MAX for value in values.values()):
        raise NotFound("there is no such id")


class ListingArgs(Schema):
    """The parameters of a list. One that is there and blank is as if it were not there.

    So a URL with places for all of them, as forms make it, need not be filled in.
    """

    class Meta:
        unknown = RAISE

    @pre_load
    def _without_blanks(self, given: Mapping[str, str], **_: Any) -> dict[str, str]:
        known = {field.data_key or name for name, field in self.load_fields.items()}
        return {name: value for name, value in given.items() if value or name not in known}


class PageArgs(ListingArgs):
    """The parameters of a list in order of ids."""

    limit = Count(
        load_default=LIMIT,
        validate=validate.Range(1, LIMIT_MAX),
        **about("How many at most."),
    )
    after = Count(
        load_default=0,
        validate=validate.Range(0, ID_MAX),
        **about("Only those behind this id."),
    )


class RangeArgs(ListingArgs):
    """The parameters of a list in order of time; ``window_of`` reads them together."""

    from_ = Bound(lower=True, load_default=None, data_key="from")
    to = Bound(lower=False, load_default=None)
    limit = Count(
        load_default=None,
        validate=validate.Range(1, ID_MAX),
        **about(f"How many; {LIMIT} where there is neither `from` nor `to`."),
    )


class NoArgs(Schema):
    """Of a view that takes none."""

    class Meta:
        unknown = RAISE


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are wanted: ``start`` and ``end`` are inclusive, aware UTC, whole milliseconds.

    With either of them the rows come in order of time, all of them where ``limit`` is None;
    with neither the newest come first, ``limit`` of them.
    """

    start: datetime | None
    end: datetime | None
    limit: int | None

    @property
    def ranged(self) -> bool:
        return self.start is not None or self.end is not None


def window_of(args: dict[str, Any]) -> Window:
    """The window that the parameters of a ``RangeArgs`` say.

    Raises:
        BadParameter: ``from`` is after ``to``, or a limit without a range is over ``LIMIT_MAX``.
    """
    start, end, limit = args["from_"], args["to"], args["limit"]
    if start is not None and end is not None and start > end:
        raise BadParameter("from is after to", parameter="from")
    if start is not None or end is not None:
        return Window(start, end, limit)
    if limit is not None and limit > LIMIT_MAX:
        raise BadParameter(
            f"limit is at most {LIMIT_MAX} without from and to", parameter="limit", max=LIMIT_MAX
        )
    return Window(None, None, limit or LIMIT)


def page(request: Request, shown: Sequence[Document], *, more: bool) -> Response:
    """A page of things in order of their ids; ``more`` adds the link to the next one."""
    answer = one(shown)
    if more:
        kept = [(name, value) for name, value in request.args.items() if name != "after"]
        query = urlencode([*kept, ("after", shown[-1]["id"])])
        answer.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return answer


def streamed(request: Request, rows: Rows) -> Response:
    """A JSON array of as many rows as there are, in constant memory.

    The first batch is read before, so that a failure then has its status; one that comes later
    breaks the connection, and the array has no end.
    """
    return answers.rows(request, FORMATS[0], lambda: Answer(rows))
