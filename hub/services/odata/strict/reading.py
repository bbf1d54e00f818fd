"""Reads entity sets for the strict root: pages, counts, single entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from hub.errors import NotFound, OverBudget
from hub.query.odata import Property
from hub.query.odata.asking import Asked, naming
from hub.query.odata.ast import Binary, Literal, Path
from hub.query.odata.bind import Context, condition
from hub.query.odata.clauses import ComputeWith, GroupBy
from hub.query.odata.refusal import unsupported
from hub.query.odata.skiptoken import Place, SkipTokens
from hub.services.odata.deadline import Deadline
from hub.services.odata.strict.pages import Following, Page, Shape, begun, size_of
from hub.services.odata.strict.plans import Plan, planned
from hub.services.odata.strict.sources import Source
from hub.services.permits import Permits
from hub.services.queries import Budgets
from hub.services.rows import Rows
from hub.store.pipelines import Pipelines
from hub.values import Batch, Document, Principal

BATCH_ROWS: Final = 2_500
"""Rows in a batch, where they are no whole documents."""
NARROW: Final = "narrow $filter, leave $orderby out, or ask for fewer rows with $top"


class Reading:
    def __init__(
        self, pipelines: Pipelines, permits: Permits, budgets: Budgets, tokens: SkipTokens
    ) -> None:
        self._pipelines = pipelines
        self._permits = permits
        self._budgets = budgets
        self._tokens = tokens

    def page(self, reader: Principal, source: Source, asked: Asked, size: int | None) -> Page:
        """Some rows of a set.

        Args:
            size: the client's wish for rows of a page.

        Raises:
            BadOData, UnsupportedOData, QueryTooComplex: what cannot be asked.
            BadToken: the token is no one's, or of another query.
            OverBudget, TooMany, Unavailable: before the first row; later while iterating.
        """
        deadline = Deadline(self._budgets.report_ms)
        plan = planned(source, asked, deadline)
        question = _question(source, asked)
        place = begun(asked, question, self._tokens, size)
        wanted = size_of(place, self._budgets.page_rows_max)
        release = self._permits.take(reader.key_id, heavy=_is_heavy(plan, asked))
        with _advising():
            rows = Rows(lambda: self._rows(plan, asked, (place, wanted), deadline), release)
        following = Following(
            place,
            _keys(plan),
            lambda behind: self._tokens.write(question, behind),
        )
        page = Page(rows, _shape(plan), wanted, None if place.left == wanted else following)
        if asked.count:
            try:
                page.count = self._counted(plan, deadline)
            except BaseException:
                page.close()
                raise
        return page

    def count(self, reader: Principal, source: Source, asked: Asked) -> int:
        """How many rows there are, whatever ``$top`` and ``$skip`` say. Raises as ``page``."""
        deadline = Deadline(self._budgets.report_ms)
        plan = planned(source, asked, deadline)
        release = self._permits.take(reader.key_id, heavy=True)
        try:
            return self._counted(plan, deadline)
        finally:
            release()

    def entity(
        self, reader: Principal, source: Source, key: Literal, asked: Asked
    ) -> tuple[Document, Shape]:
        """One entity by its key, and what it looks like.

        Raises:
            NotFound: there is none, or the reader may not see it.
            BadOData, UnsupportedOData, OverBudget, TooMany: as ``page``.
        """
        deadline = Deadline(self._budgets.report_ms)
        wanted = Binary("eq", Path((source.key,)), key)
        with naming("key"):
            condition(wanted, Context(source.entity))
        named = replace(asked, filter=wanted)
        plan = planned(source, named, deadline)
        release = self._permits.take(reader.key_id, heavy=False)
        try:
            query, columns = plan.page(None, 0, 1)
            found = self._pipelines.rows(query, budget_ms=deadline.left_ms)
        finally:
            release()
        if not found:
            raise NotFound(f"there is no such entity in {source.name}", set=source.name)
        rows = found if columns is None else columns.rows(found)
        return rows[0], _shape(plan)

    def _counted(self, plan: Plan, deadline: Deadline) -> int:
        with _advising():
            found = self._pipelines.rows(plan.counting(), budget_ms=deadline.left_ms)
        return int(found[0]["n"]) if found else int(plan.single)

    def _rows(
        self, plan: Plan, asked: Asked, cut: tuple[Place, int], deadline: Deadline
    ) -> Iterator[Batch]:
        place, size = cut
        if size == 0:
            return iter(())
        skip = place.passed if place.after is None else 0
        query, columns = plan.page(place.after, skip, size + 1)
        most = self._budgets.batch_rows if columns is None else BATCH_ROWS
        each = even(size + 1, most)
        small = columns is not None and not asked.compute and not asked.apply
        read = (self._pipelines.small_batches if small else self._pipelines.batches)(
            query, budget_ms=deadline.left_ms, size=each
        )
        batches = read
        if columns is not None:
            batches = (Batch(columns.rows(batch.rows), batch.size_bytes) for batch in read)
        return _with_single(batches, plan, asked) if plan.single and not skip else batches


def even(rows: int, most: int) -> int:
    """Rows in each batch of so many, of like size, and the last not full: that ends the cursor."""
    return rows // -(-rows // most) + 1


@contextmanager
def _advising() -> Iterator[None]:
    """Say in the words of OData what would take less time or memory."""
    try:
        yield
    except OverBudget as exc:
        advised = OverBudget(f"this is too much to search or to sort; {NARROW}", **exc.detail)
        raise advised from exc


def _with_single(batches: Iterator[Batch], plan: Plan, asked: Asked) -> Iterator[Batch]:
    """The one row of everything, also where there is nothing: counts are 0, all else is null."""
    first = next(batches, None)
    if first is not None and first.rows:
        yield first
        return
    steps = asked.apply or ()
    last = max(n for n, step in enumerate(steps) if isinstance(step, GroupBy))
    if asked.compute or any(isinstance(step, ComputeWith) for step in steps[last:]):
        raise unsupported("a computation behind an aggregate of nothing", 0)
    step = steps[last]
    assert isinstance(step, GroupBy)
    counting = {item.name for item in step.items if item.method in (None, "countdistinct")}
    names = [item.name for item in plan.properties]
    yield Batch([{name: 0 if name in counting else None for name in names}])


def _is_heavy(plan: Plan, asked: Asked) -> bool:
    return plan.grouped or not plan.keyed or asked.count or asked.search is not None


def _keys(plan: Plan) -> Callable[[Document], tuple[Any, ...] | None]:
    """What gives the keys of a row; None where rows are not in their order."""
    source = plan.source
    if not plan.keyed:
        return lambda _: None
    names = source.order if source.whole else (source.key,)
    return lambda row: tuple(row[name] for name in names)


def _shape(plan: Plan) -> Shape:
    entity = plan.entity
    names = tuple(f"{item.name}/" for item in plan.properties)
    shows_key = any(item.name == plan.source.key for item in plan.properties)
    return Shape(
        properties=plan.properties,
        below=tuple(item for item in entity.properties if item.name.startswith(names)),
        above=_above(plan),
        whole=plan.source.whole and not plan.grouped,
        open=entity.open and plan.shown is None and not plan.grouped,
        grouped=plan.grouped,
        checked=entity.checked,
        hidden="" if plan.source.whole or plan.grouped or shows_key else plan.source.key,
    )


def _above(plan: Plan) -> tuple[Property, ...]:
    """The collections that selected properties are inside of."""
    names = [item.name for item in plan.shown or ()]
    return tuple(
        item
        for item in plan.entity.properties
        if item.collection and any(name.startswith(f"{item.name}/") for name in names)
    )


def _question(source: Source, asked: Asked) -> str:
    """What two pages of one answer have in common."""
    parts = (
        source.name, source.of, asked.filter, asked.search, asked.compute, asked.apply,
        asked.orderby, sorted(asked.aliases.items()),
    )  # fmt: skip
    return repr(parts)
