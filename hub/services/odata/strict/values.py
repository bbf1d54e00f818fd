"""The datapoints of a stream as entities, read as the Streams door reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from hub.errors import NotFound
from hub.query.odata import Context, EntityType, Property, selected
from hub.query.odata.asking import Asked, naming
from hub.query.odata.ast import Binary, Literal, Path
from hub.query.odata.bind import bound, condition
from hub.query.odata.flat import TIME, spanned
from hub.query.odata.refusal import unsupported
from hub.query.odata.skiptoken import Place, SkipTokens
from hub.query.odata.typed import Field
from hub.series.levels import SECOND_MS
from hub.series.shape import iso
from hub.services.odata.deadline import Deadline
from hub.services.odata.strict.pages import Following, Page, Shape, begun, size_of
from hub.services.odata.strict.scanning import PLACE, VALUE, Scan
from hub.services.queries import Budgets
from hub.services.rows import Rows
from hub.services.streams.reading.readings import Readings
from hub.values import Batch, Document, Principal, Stream

_TIME: Final = Property(TIME, TIME, "datetime")
POINT_TYPE: Final = EntityType((_TIME,), open=True)
"""A datapoint of any stream: the kind of its value is known for one stream only."""
_NUMERIC: Final = EntityType((_TIME, Property(VALUE, VALUE, "number")))
_NOMINAL: Final = EntityType((_TIME, Property(VALUE, VALUE, "string")))


def type_of(stream: Stream) -> EntityType:
    """The type of a stream's datapoints. What is no number is text, or JSON as text."""
    return _NUMERIC if stream.value_type == "numeric" else _NOMINAL


@dataclass(frozen=True, slots=True)
class Values:
    readings: Readings
    budgets: Budgets
    tokens: SkipTokens

    def page(self, reader: Principal, stream: Stream, asked: Asked, size: int | None) -> Page:
        """Some datapoints of a stream, by time.

        Raises:
            BadOData: a malformed question.
            UnsupportedOData: what cannot be answered by going through a range of time.
            BadToken: the token is no one's, or of another query.
            OverBudget, TooMany: before the first row; later while iterating.
        """
        question = _question(stream, asked)
        place = begun(asked, question, self.tokens, size)
        wanted = size_of(place, self.budgets.page_rows_max)
        scan = self._scan(reader, stream, asked)
        counted = _count(scan) if asked.count else None
        rows = Rows(lambda: _batches(scan, place), lambda: None)
        following = Following(place, _keys, lambda behind: self.tokens.write(question, behind))
        last = place.left == wanted
        page = Page(rows, _shape(stream, asked), wanted, None if last else following)
        page.count = counted
        return page

    def count(self, reader: Principal, stream: Stream, asked: Asked) -> int:
        """How many datapoints a question is about. Raises as ``page``."""
        return _count(self._scan(reader, stream, asked))

    def entity(
        self, reader: Principal, stream: Stream, key: Literal, asked: Asked
    ) -> tuple[Document, Shape]:
        """The first datapoint of a time. Raises NotFound, and as ``page``."""
        named = replace(asked, filter=Binary("eq", Path((TIME,)), key))
        for rows in self._scan(reader, stream, named).rows(0):
            if rows:
                return rows[0], _shape(stream, asked)
        raise NotFound("there is no datapoint of that time", set="Values")

    def _scan(self, reader: Principal, stream: Stream, asked: Asked) -> Scan:
        for given, name in (
            (asked.apply, "$apply"), (asked.compute, "$compute"), (asked.search, "$search"),
        ):  # fmt: skip
            if given:
                raise unsupported(f"{name} of Values", 0)
        context = _context(stream, asked)
        with naming("$filter"):
            node = None if asked.filter is None else condition(asked.filter, context)
            span = spanned(node)
        deadline = Deadline(self.budgets.report_ms)
        reverse = _reverse(asked, context)
        return Scan(self.readings, stream, reader.key_id, span, reverse, deadline)


def _context(stream: Stream, asked: Asked) -> Context:
    return Context(type_of(stream), aliases=asked.aliases)


def _reverse(asked: Asked, context: Context) -> bool:
    """Whether the newest come first. Behind the time, which is the key, nothing else counts."""
    if not asked.orderby:
        return False
    first = asked.orderby[0]
    with naming("$orderby"):
        for item in asked.orderby:
            node = bound(item.expression, context)
            if item is first and not (isinstance(node, Field) and node.path == TIME):
                raise unsupported("an order of Values that is not by Time", item.expression.at)
    return first.descending


def _batches(scan: Scan, place: Place) -> Iterator[Batch]:
    """The rows behind a place. What ``$skip`` passes over is counted only if nothing is tested."""
    if place.after is not None:
        second, passed = place.after
        ends = {"last": second} if scan.reverse else {"first": second}
        begun = replace(scan, span=replace(scan.span, **ends))
        (at,) = iso(np.array([second * SECOND_MS]))
        for rows in begun.rows(passed, (at, passed)):
            yield Batch(rows)
        return
    tested = scan.span.test is not None
    left = place.passed if tested else 0
    for rows in scan.rows(0 if tested else place.passed):
        cut = min(left, len(rows))
        left -= cut
        yield Batch(rows[cut:])


def _count(scan: Scan) -> int:
    if scan.span.test is None:
        return scan.total()
    return sum(len(rows) for rows in scan.rows(0))


def _keys(row: Document) -> tuple[object, ...]:
    at, passed = row[PLACE]
    return int(datetime.fromisoformat(at).timestamp()), passed


def _shape(stream: Stream, asked: Asked) -> Shape:
    entity = type_of(stream)
    with naming("$select"):
        context = _context(stream, asked)
        shown = selected(asked.select, context) if asked.select else None
    return Shape(properties=entity.properties if shown is None else shown)


def _question(stream: Stream, asked: Asked) -> str:
    parts = ("Values", stream.uuid, asked.filter, asked.orderby, sorted(asked.aliases.items()))
    return repr(parts)
