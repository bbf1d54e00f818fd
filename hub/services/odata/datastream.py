"""The sets of the DataStream API, read: a page, everything as a stream, or only how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from hub.errors import OverBudget, TooLarge
from hub.query import BoundedPipeline, Filter, bounded
from hub.query.odata import guarded_condition
from hub.query.odata.typed import Typed
from hub.services.odata import reading
from hub.services.odata.counting import Counted, Counting
from hub.services.odata.crossing import Crossing, Reached
from hub.services.odata.deadline import Deadline
from hub.services.odata.gathering import BY_PLACE, Gathering, Patience
from hub.services.odata.limits import ODataLimits
from hub.services.odata.sets import EntitySet
from hub.services.odata.shapes import Shape, shape
from hub.services.odata.sight import Sight, sight
from hub.services.permits import Permits
from hub.services.rows import Position, Rows, resumed
from hub.store.pipelines import Pipelines
from hub.values import Batch, Dataset, Document, Principal

MEMORY_FACTOR: Final = 2
"""How much larger than its body a page may be as BSON."""
STREAM_BATCH_ROWS: Final = 2_000
STREAM_S: Final = 3_600.0

Key = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a set; the texts as the query string has them.

    Attributes:
        select: empty for every property.
        filter: empty for every row.
        after: only what stands behind the row with this ``Id``.
    """

    of: EntitySet
    select: str = ""
    filter: str = ""
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in ascending order of ``Id``, each with all of ``names`` in that order.

    ``after`` is the ``Id`` of the last row, where there are more.
    """

    names: tuple[str, ...]
    rows: list[Document]
    after: Key | None


@dataclass(frozen=True, slots=True)
class Everything:
    """All rows, as a stream; each has all of ``names``."""

    names: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is asked, checked; nothing was looked up yet."""

    asked: Asked
    shape: Shape
    condition: Typed | None
    sight: Sight


class DataStream:
    """Args: ``published`` gives the datasets in the catalogue; ``patience`` is with walks."""

    def __init__(
        self,
        pipelines: Pipelines,
        published: Callable[[], Sequence[Dataset]],
        permits: Permits,
        limits: ODataLimits,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._pipelines = pipelines
        self._published = published
        self._permits = permits
        self._limits = limits
        self._counting = Counting(pipelines, limits.count_ms)

    def page(self, reader: Principal, asked: Asked, top: int) -> Page:
        """The first ``top`` rows.

        A reader who goes on behind the last row of each page gets every row that was there when
        it began, once.

        Raises:
            BadOData, UnsupportedOData, QueryTooComplex: as the compiler says.
            OverBudget, TooLarge: the advice is in the message.
            TooMany, Unavailable: not now.
        """
        plan = self._plan(reader, asked)
        with self._working(reader, heavy=False) as deadline:
            read = self._read(plan, top + 1, deadline)
        after = plan.shape.key(read[top - 1]) if len(read) > top else None
        return Page(plan.shape.names, plan.shape.rows(read[:top], plan.sight.dois), after)

    @property
    def page_bytes_max(self) -> int:
        """The size of a page's body, in bytes, that is not passed."""
        return self._limits.page_bytes_max

    def too_large(self) -> TooLarge:
        """The refusal of a page that is larger."""
        return TooLarge(
            f"the page is over {self.page_bytes_max} bytes; lower $top, or name less in $select",
            limit="odata_page_bytes_max",
            max=self.page_bytes_max,
        )

    def check(self, reader: Principal, asked: Asked) -> None:
        """Refuse what ``page`` would refuse before it looks anything up."""
        self._plan(reader, asked)

    def everything(self, reader: Principal, asked: Asked) -> Everything:
        """Every row, in flat memory. Raises as ``page`` does; while iterating, too."""
        plan = self._plan(reader, asked)
        release = self._permits.take(reader.key_id, heavy=False)
        deadline = Deadline(self._limits.budget_ms)
        try:
            rows = Rows(lambda: self._stream(plan, deadline), release)
        except OverBudget as exc:
            raise deadline.over() from exc
        return Everything(plan.shape.names, rows)

    def count(self, reader: Principal, asked: Asked) -> Counted:
        """How many rows, wherever a page would begin. Raises as ``page`` does."""
        plan = self._plan(reader, replace(asked, after=None))
        with self._working(reader, heavy=True) as deadline:
            reached = self._reached(plan, deadline)
            return self._counting.count(asked.of, reached, _filter(plan, reached), deadline)

    def _plan(self, reader: Principal, asked: Asked) -> _Plan:
        of = asked.of.name
        names = reading.names(of, asked.select)
        condition = reading.wanted(of, asked.filter)
        return _Plan(asked, shape(of, names), condition, sight(self._published(), reader))

    @contextmanager
    def _working(self, reader: Principal, *, heavy: bool) -> Iterator[Deadline]:
        """A place among the queries, and the time for this one."""
        release = self._permits.take(reader.key_id, heavy=heavy)
        deadline = Deadline(self._limits.budget_ms)
        try:
            yield deadline
        except OverBudget as exc:
            raise deadline.over() from exc
        finally:
            release()

    def _reached(self, plan: _Plan, deadline: Deadline) -> Reached:
        asked = plan.asked
        crossing = Crossing(self._pipelines, deadline)
        context = reading.CONTEXTS[asked.of.name]
        with reading.naming("$filter"):
            return crossing.reached(
                asked.of, plan.condition, plan.sight.datasets, context, asked.after
            )

    def _read(self, plan: _Plan, most: int, deadline: Deadline) -> list[Document]:
        """So many rows at most, in order, in the way that finds them soonest."""
        asked, reached = plan.asked, self._reached(plan, deadline)
        walking = _query(plan, reached, most)
        if plan.condition is None or asked.of.collection != "documents":
            return self._filled(walking, deadline.left_ms)
        with suppress(OverBudget):
            return self._filled(walking, min(self._patience.walk_ms, deadline.left_ms))
        gathering = Gathering(
            self._pipelines, deadline, plan.sight.datasets, asked.after, self._patience.few
        )
        few = gathering.few(reached, asked.filter)
        if few is None:
            return self._filled(walking, deadline.left_ms)
        return self._filled(_query(plan, few, most), deadline.left_ms, hint=BY_PLACE)

    def _filled(
        self, query: BoundedPipeline, budget_ms: int, hint: Mapping[str, int] | None = None
    ) -> list[Document]:
        """Every row; refused before they are all here if they are far too large for a page."""
        most = MEMORY_FACTOR * self._limits.page_bytes_max
        rows = self._pipelines.bounded_rows(query, budget_ms=budget_ms, hint=hint, bytes_max=most)
        if rows is None:
            raise self.too_large()
        return rows

    def _stream(self, plan: _Plan, deadline: Deadline) -> Iterator[Batch]:
        reached = self._reached(plan, deadline)

        def open_after(last: Position | None) -> Iterator[Batch]:
            query = _query(plan, reached if last is None else _behind(plan, reached, last))
            return self._pipelines.batches(
                query, budget_ms=self._limits.budget_ms, size=STREAM_BATCH_ROWS
            )

        batches = resumed(open_after, lambda row: (plan.shape.key(row),), time_max_s=STREAM_S)
        return (Batch(plan.shape.rows(batch.rows, plan.sight.dois)) for batch in batches)


def _query(plan: _Plan, reached: Reached, most: int | None = None) -> BoundedPipeline:
    return bounded(reached.boundary, _filter(plan, reached), plan.shape.stages(most))


def _filter(plan: _Plan, reached: Reached) -> Filter:
    with reading.naming("$filter"):
        return guarded_condition(reached.condition, reading.CONTEXTS[plan.asked.of.name])


def _behind(plan: _Plan, reached: Reached, last: Position) -> Reached:
    """The rows behind a key."""
    further = {plan.asked.of.key: {"$gt": last[0]}}
    boundary = reached.boundary
    return replace(
        reached, boundary=replace(boundary, condition={"$and": [boundary.condition, further]})
    )
