"""Reading a dataset: filters, pages, streams, counts and pipelines, all through the guard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.errors import BadParameter
from hub.query import (
    Limits,
    ScopedFilter,
    ScopedPipeline,
    arranged,
    guard_filter,
    guard_pipeline,
    page,
    within,
)
from hub.query.fields import Fields, guard_fields
from hub.query.page import Cut, Order, Position, hidden, order_of
from hub.query.sort import guard_sort
from hub.query.token import Tokens
from hub.services import scopes
from hub.services.permits import Permits, Release
from hub.services.rows import Rows, resumed
from hub.store.datasets.documents import Documents
from hub.values import Batch, Document, Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Times and sizes of answers. ``*_ms`` are the database server's own time."""

    find_ms: int = 5_000
    report_ms: int = 30_000
    stream_s: float = 3_600.0
    batch_rows: int = 500
    page_rows_max: int = 10_000
    page_bytes_max: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A query as it came in: parsed JSON for the filter, the query string's own text for the rest.

    ``limit`` None means everything, as one stream.
    """

    dataset: str
    filter: Any
    sort: str | None = None
    fields: str | None = None
    limit: int | None = None
    after: str | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, and the token of the next page where there is one.

    ``fields`` are the names asked for, where the rows hold nothing else. ``repeatable`` ones
    are streams of stored documents, as many as there are; asked again they begin alike.
    """

    rows: Rows
    next: str | None = None
    fields: tuple[str, ...] | None = None
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """A find, checked: what is read, in which order, with which fields."""

    scoped: ScopedFilter
    order: Order
    fields: Fields | None
    cut: Cut

    @property
    def shown(self) -> tuple[str, ...] | None:
        return self.fields.names if self.fields and not self.fields.exclude else None

    @property
    def resumable(self) -> bool:
        return not self.order.computed

    def pipeline(self, cut: Cut) -> ScopedPipeline:
        return arranged(self.scoped, page.stages(self.order, cut, self.fields, keys=True))

    def stripped(self, batch: Batch) -> Batch:
        """The batch without what was read only to know the rows' places."""
        for name in hidden(self.order, self.fields):
            for row in batch.rows:
                row.pop(name, None)
        return batch


class Queries:
    def __init__(
        self,
        documents: Documents,
        permits: Permits,
        limits: Limits,
        budgets: Budgets,
        tokens: Tokens,
    ) -> None:
        self._documents = documents
        self._permits = permits
        self._limits = limits
        self._budgets = budgets
        self._tokens = tokens

    def find(self, principal: Principal, find: Find) -> Answer:
        """The rows that match, as a page where ``limit`` is given, else as one stream.

        Raises:
            BadQuery, Forbidden: the filter holds what is not allowed (or not to this key).
            BadParameter, BadToken: in the query string.
            OverBudget, TooMany, Unavailable: before the first row; later while iterating.
        """
        plan = self._plan(principal, find)
        release = self._permits.take(principal.key_id, heavy=bool(plan.order.computed))
        if find.limit is None:
            rows = Rows(lambda: self._stream(plan), release)
            return Answer(rows, fields=plan.shown, repeatable=True)
        return self._page(plan, find, release)

    def count(self, principal: Principal, dataset: str, raw_filter: Any) -> int:
        """How many documents match. Raises as ``find`` does."""
        scoped = self._scoped(principal, dataset, raw_filter)
        release = self._permits.take(principal.key_id, heavy=True)
        try:
            counting = arranged(scoped, page.counted("count"))
            batches = self._batches(counting, self._budgets.report_ms)
            return sum(row["count"] for batch in batches for row in batch.rows)
        finally:
            release()

    def aggregate(self, principal: Principal, dataset: str, raw_pipeline: Any) -> Answer:
        """The rows of a pipeline over a dataset's documents. Raises as ``find`` does."""
        pipeline = guard_pipeline(raw_pipeline, limits=self._limits, analyst=_analyst(principal))
        scoped = within(dataset, pipeline)
        release = self._permits.take(principal.key_id, heavy=True)
        return Answer(Rows(lambda: self._batches(scoped, self._budgets.report_ms), release))

    def _plan(self, principal: Principal, find: Find) -> _Plan:
        if find.limit is not None and find.limit > self._budgets.page_rows_max:
            raise BadParameter(
                f"a page has at most {self._budgets.page_rows_max} rows; "
                "follow the Link header, or leave limit out to stream everything",
                parameter="limit",
                max=self._budgets.page_rows_max,
            )
        if find.skip > self._limits.skip_max:
            raise BadParameter(
                f"skip is at most {self._limits.skip_max}; page with limit and after instead",
                parameter="skip",
                max=self._limits.skip_max,
            )
        order = order_of(None if find.sort is None else guard_sort(find.sort, self._limits))
        fields = None if find.fields is None else guard_fields(find.fields, self._limits)
        token = self._token(find, order)
        cut = Cut(after=token, skip=find.skip, limit=find.limit)
        return _Plan(self._scoped(principal, find.dataset, find.filter), order, fields, cut)

    def _token(self, find: Find, order: Order) -> Position | None:
        if find.after is None:
            return None
        return self._tokens.read(find.after, find.dataset, order)

    def _scoped(self, principal: Principal, dataset: str, raw_filter: Any) -> ScopedFilter:
        checked = guard_filter(raw_filter, limits=self._limits, analyst=_analyst(principal))
        return within(dataset, checked)

    def _page(self, plan: _Plan, find: Find, release: Release) -> Answer:
        limit = find.limit or 0
        one_more = Cut(after=plan.cut.after, skip=plan.cut.skip, limit=limit + 1)
        pipeline = plan.pipeline(one_more)
        with_keys = Rows(lambda: self._batches(pipeline, self._budgets.find_ms), release)
        rows, more = _filled(with_keys, limit, self._budgets.page_bytes_max)
        token = None
        if more and rows:
            token = self._tokens.write(find.dataset, plan.order, plan.order.position(rows[-1]))
        whole = Rows(lambda: iter([plan.stripped(Batch(rows))]), lambda: None)
        return Answer(whole, token, plan.shown)

    def _stream(self, plan: _Plan) -> Iterator[Batch]:
        def open_after(last: Position | None) -> Iterator[Batch]:
            cut = plan.cut if last is None else Cut(after=last)
            return self._batches(plan.pipeline(cut), self._budgets.find_ms)

        if plan.resumable:
            place = plan.order.position
            batches = resumed(open_after, place, time_max_s=self._budgets.stream_s)
        else:
            batches = open_after(None)
        return (plan.stripped(batch) for batch in batches)

    def _batches(self, scoped: ScopedPipeline, budget_ms: int) -> Iterator[Batch]:
        return self._documents.batches(scoped, budget_ms=budget_ms, size=self._budgets.batch_rows)


def _filled(rows: Rows, limit: int, bytes_max: int) -> tuple[list[Document], bool]:
    """At most ``limit`` rows and not much over ``bytes_max``; whether there is more."""
    page: list[Document] = []
    size = 0
    try:
        for batch in rows:
            page += batch.rows
            size += batch.size_bytes
            if len(page) > limit:
                return page[:limit], True
            if size > bytes_max:
                return page, True
    finally:
        rows.close()
    return page, False


def _analyst(principal: Principal) -> bool:
    return scopes.ANALYZE in principal.scopes
