"""A question about a set as checked parts of a pipeline.

The order of evaluation is OData's: ``$apply``, ``$compute``, ``$search``, ``$filter``,
``$orderby``, ``$skip``, ``$top``, ``$select``. Rows in the order of their keys are sorted first of
all, where an index has them in that order; any other order is sorted in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.query import Boundary, BoundedPipeline, bounded
from hub.query.guard import Filter, Pipeline, guard_filter
from hub.query.odata import (
    LIMITS,
    Context,
    EntityType,
    Property,
    apply_stages,
    compile_search,
    compute_stages,
    guarded_condition,
    guarded_stages,
    order_stages,
    project_stage,
    selected,
)
from hub.query.odata.asking import Asked, naming
from hub.query.odata.ast import And, Expression, Path, walked
from hub.query.odata.bind import condition
from hub.query.odata.clauses import FilterBy, GroupBy, Transformation
from hub.query.odata.made import MADE, beyond, counted, cut, making, takes_made
from hub.query.odata.plain import NEVER
from hub.query.odata.refusal import unsupported
from hub.query.odata.resolve import resolved
from hub.query.odata.stages import Stage
from hub.query.odata.typed import Both, Typed
from hub.query.page import Arrangement
from hub.services.odata.deadline import Deadline
from hub.services.odata.strict.columns import Columns, columns, plain
from hub.services.odata.strict.sources import Source

Part = Filter | Pipeline | Arrangement
Order = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What leads to the rows of a question, before they are cut to a page.

    Attributes:
        entity: the type of what comes out; ``grouped`` if those are no entities of the set.
        sort: paths and directions; ``keyed`` if that is the order of the keys.
        sorting: the stages of an order that is computed: those around its sort.
        shown: the properties to give, in order; None for all that there are.
    """

    source: Source
    boundary: Boundary
    parts: tuple[Part, ...]
    entity: EntityType
    grouped: bool
    single: bool
    sort: Order
    keyed: bool
    sorting: tuple[Stage, ...]
    shown: tuple[Property, ...] | None

    def counting(self) -> BoundedPipeline:
        """The pipeline that gives one row with ``n``, or none for 0."""
        return bounded(self.boundary, *self.parts, counted())

    def page(
        self, after: Sequence[Any] | None, skip: int, limit: int
    ) -> tuple[BoundedPipeline, Columns | None]:
        """The pipeline of some rows, and what makes entities of them; None: they are documents.

        Args:
            after: the keys of the row before, if ``keyed``.
        """
        boundary = self.boundary
        if after is not None:
            behind = beyond(self.sort, after)
            boundary = Boundary(boundary.collection, {"$and": [boundary.condition, behind]})
        if self.keyed:
            first, rest = self.parts[:1], self.parts[1:]
            steps: list[Part] = [*first, cut(self.sort, 0, None), *rest, cut((), skip, limit)]
        else:
            steps = [*self.parts, *self._ordered(skip, limit)]
        reading, found = self._read(steps)
        return bounded(boundary, *steps, *reading), found

    @property
    def properties(self) -> tuple[Property, ...]:
        """What each row has."""
        return self.entity.properties if self.shown is None else self.shown

    def _ordered(self, skip: int, limit: int) -> list[Part]:
        adding = [stage for stage in self.sorting if "$addFields" in stage]
        removing = [stage for stage in self.sorting if "$unset" in stage]
        found: list[Part] = [guarded_stages(adding)] if adding else []
        if MADE in repr((adding, self.sort)) and not _is_made(self.parts):
            found.insert(0, making(self.source.making))
        if self.sort:
            found.append(guarded_stages([{"$sort": dict(self.sort)}]))
        found.append(cut((), skip, limit))
        return [*found, guarded_stages(removing)] if removing else found

    def _read(self, steps: Sequence[Part]) -> tuple[list[Part], Columns | None]:
        """What reads the rows behind some steps; no columns for whole documents."""
        source = self.source
        if self.grouped:
            project = project_stage(self.properties)
            return [guarded_stages([project])], plain(project, self.properties)
        if not source.whole:
            found = columns(source, self.properties, made=_is_made(steps))
            needed = not _is_made(steps) and any(
                item.path in source.computed for item in self.properties
            )
            first: list[Part] = [making(source.making)] if needed else []
            return [*first, guarded_stages([found.project])], found
        if self.shown is None:
            return [], None
        tops = {item.path.partition(".")[0] for item in self.shown} - set(source.making)
        project = {"$project": dict.fromkeys([*source.order, *sorted(tops)], 1)}
        return [guarded_stages([project])], None


def _is_made(parts: Sequence[Part]) -> bool:
    return any(
        isinstance(part, Arrangement) and any(MADE in repr(stage) for stage in part.stages)
        for part in parts
    )


def planned(source: Source, asked: Asked, deadline: Deadline) -> Plan:
    """The plan of a question.

    Raises:
        BadOData: an unknown property, kinds that do not go together.
        UnsupportedOData: what the hub does not do.
        QueryTooComplex: over a bound.
        OverBudget: another set could not be searched in time.
    """
    building = _Building(source, asked, deadline)
    building.build()
    sort, keyed, sorting = building.order()
    with naming("$select"):
        shown = selected(asked.select, building.context) if asked.select else None
    return Plan(
        source,
        building.boundary,
        tuple(building.parts),
        building.context.entity,
        building.grouped,
        building.single,
        sort,
        keyed,
        sorting,
        shown,
    )


class _Building:
    """One plan in the making."""

    def __init__(self, source: Source, asked: Asked, deadline: Deadline) -> None:
        self._source = source
        self._asked = asked
        self._deadline = deadline
        self._made = False
        self.context = Context(source.entity, aliases=asked.aliases)
        self.boundary = Boundary("", {})
        self.parts: list[Part] = []
        self.grouped = self.single = False

    def build(self) -> None:
        asked = self._asked
        if asked.apply is None:
            early, late = _split(asked.filter, {item.name for item in asked.compute}, asked)
            self._begin(early, "$filter")
            self._search()
        else:
            if asked.search is not None:
                raise unsupported("$search with $apply", 0)
            self._apply(list(asked.apply))
            late = asked.filter
        if asked.compute:
            with naming("$compute"):
                stages, entity = compute_stages(asked.compute, self.context)
                self._add(guarded_stages(stages))
            self.context = replace(self.context, entity=entity)
        if late is not None:
            with naming("$filter"):
                self._add(guarded_condition(condition(late, self.context), self.context))
            self.single = False

    def order(self) -> tuple[Order, bool, tuple[Stage, ...]]:
        """The sort, whether it is that of the keys, and the stages around it."""
        source = self._source
        with naming("$orderby"):
            stages = tuple(order_stages(self._asked.orderby, self.context))
        found: dict[str, int] = next((stage["$sort"] for stage in stages if "$sort" in stage), {})
        sort = {source.alike.get(path, path): way for path, way in found.items()}
        if self.grouped:
            for item in self.context.entity.properties[: LIMITS.sort_keys_max - len(sort)]:
                sort.setdefault(item.path, 1)
            return tuple(sort.items()), False, stages
        way = _key_order(tuple(sort.items()), source.order)
        if way:
            return tuple((path, way) for path in source.order), True, ()
        for path in source.order:
            sort.setdefault(path, 1)
        return tuple(sort.items()), False, stages

    def _begin(self, tree: Expression | None, option: str) -> None:
        with naming(option):
            narrowed = self._source.narrow(tree, self.context, self._deadline)
            self.boundary = narrowed.boundary
            plain, rest = _parted(narrowed.condition)
            self.parts.append(guarded_condition(plain, self.context))
            if rest is not None:
                self._add(guarded_condition(rest, self.context))

    def _search(self) -> None:
        if self._asked.search is None:
            return
        texts = self._source.texts
        with naming("$search"):
            document = compile_search(self._asked.search, texts) if texts else NEVER
            self._add(guard_filter(document, limits=LIMITS, analyst=True))

    def _apply(self, steps: list[Transformation]) -> None:
        first = None
        if steps and isinstance(steps[0], FilterBy):
            first = steps[0].expression
            del steps[0]
        self._begin(first, "$apply")
        with naming("$apply"):
            applied = apply_stages(steps, self.context)
            if applied.stages:
                self._add(guarded_stages(applied.stages))
        self.context = replace(self.context, entity=applied.entity)
        self.grouped = any(isinstance(step, GroupBy) for step in steps)
        self.single = applied.single

    def _add(self, part: Part) -> None:
        if not self._made and MADE in repr(part):
            self.parts.append(making(self._source.making))
            self._made = True
        self.parts.append(part)


def _split(
    tree: Expression | None, computed: set[str], asked: Asked
) -> tuple[Expression | None, Expression | None]:
    """What a filter says of stored properties alone, and the rest."""
    if tree is None or not computed:
        return tree, None
    whole = resolved(tree, asked.aliases)
    terms = whole.terms if isinstance(whole, And) else (whole,)
    late = [term for term in terms if _names(term) & computed]
    early = [term for term in terms if term not in late]
    return _joined(early), _joined(late)


def _names(tree: Expression) -> set[str]:
    return {node.names[0] for node, _ in walked(tree) if isinstance(node, Path) and node.names}


def _joined(terms: Sequence[Expression]) -> Expression | None:
    if len(terms) > 1:
        return And(tuple(terms))
    return terms[0] if terms else None


def _parted(node: Typed | None) -> tuple[Typed | None, Typed | None]:
    """What is said of stored fields alone, and the rest."""
    if node is None or not takes_made(node):
        return node, None
    if not isinstance(node, Both):
        return None, node
    plain = tuple(term for term in node.terms if not takes_made(term))
    rest = tuple(term for term in node.terms if takes_made(term))
    return (Both(plain) if plain else None), Both(rest)


def _key_order(sort: Order, order: tuple[str, ...]) -> int:
    """The direction of the keys' order if the sort is that, else 0."""
    if not sort:
        return 1
    path, way = sort[0]
    if path == order[-1] or sort == tuple((one, way) for one in order[: len(sort)]):
        return way
    return 0
