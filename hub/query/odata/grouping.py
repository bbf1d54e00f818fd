"""``$apply`` as stages of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.query.odata.ast import Path
from hub.query.odata.bind import Context, bound, condition
from hub.query.odata.clauses import Aggregated, ComputeWith, FilterBy, GroupBy, Transformation
from hub.query.odata.expr import Exprs
from hub.query.odata.functions import Kind
from hub.query.odata.match import to_match
from hub.query.odata.model import EntityType, Property
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.stages import Stage, as_clock, check_new, compute_stages, kept_kind
from hub.query.odata.typed import NUMERIC, Field, Typed
from hub.query.odata.value import Expr

_ONE: Final = {"$sum": 1}


@dataclass(frozen=True, slots=True)
class Applied:
    """What a ``$apply`` comes to.

    Attributes:
        stages: in order; none for ``identity``.
        entity: the type of what they give.
        single: they give one row of everything. Of no documents at all the database gives no
            row, where OData wants one: counts 0, all else null.
    """

    stages: tuple[Stage, ...]
    entity: EntityType
    single: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """One aggregate: what a group gathers, how gathered parts are joined, what is made of them."""

    name: str
    kind: Kind
    gathers: dict[str, Expr]
    joins: dict[str, Expr]
    makes: Expr
    distinct: Expr | None = None


def apply_stages(steps: Sequence[Transformation], context: Context) -> Applied:
    """The stages of a chain of transformations, each seeing what the one before it gives.

    Raises:
        BadOData: an unknown property, kinds that do not go together, a name that is taken.
        UnsupportedOData: what the hub does not do.
    """
    stages: list[Stage] = []
    single = False
    for step in steps:
        match step:
            case FilterBy(expression=expression):
                node = condition(expression, context)
                stages.append({"$match": to_match(node, unknown=context.dialect.unknown_orders)})
                single = False
            case ComputeWith(items=items):
                found, entity = compute_stages(items, context)
                stages += found
                context = replace(context, entity=entity)
            case GroupBy():
                found, entity = _grouped(step, context)
                stages += found
                context = replace(context, entity=entity)
                single = not step.paths
    return Applied(tuple(stages), context.entity, single)


def _grouped(step: GroupBy, context: Context) -> tuple[list[Stage], EntityType]:
    keys = _keys(step.paths, context)
    columns = [_column(index, item, context) for index, item in enumerate(step.items)]
    counted = [item for item in step.items if item.method == "countdistinct"]
    if len(counted) > 1:
        raise unsupported("countdistinct twice in one aggregate", counted[1].at)
    names = [key.name for key, _ in keys]
    for item in step.items:
        check_new(item.name, EntityType(tuple(key for key, _ in keys)), item.at)
        if any(name.startswith(item.name + "/") for name in names):
            raise bad(f"{item.name} is grouped by", item.at, "another name")
    shown = {key.path: f"$_id.k{index}" for index, (key, _) in enumerate(keys)}
    shown.update({column.name: column.makes for column in columns})
    stages = _groups([expr for _, expr in keys], columns)
    properties = [key for key, _ in keys]
    properties += [Property(column.name, column.name, column.kind) for column in columns]
    entity = EntityType(tuple(properties), checked=context.entity.checked)
    return [*stages, {"$project": {"_id": 0, **shown}}], entity


def _keys(paths: Sequence[Path], context: Context) -> list[tuple[Property, Expr]]:
    """The properties that are grouped by, as they will be named and stored, with their values."""
    found: dict[str, tuple[Property, Expr]] = {}
    for path in paths:
        node = bound(path, context)
        if not isinstance(node, Field) or node.collection or node.kind == "object":
            raise bad("this cannot be grouped by", path.at, "a plain property")
        name = "/".join(path.names)
        key = Property(name, ".".join(path.names), node.kind)
        found[name] = key, {"$ifNull": [f"${node.path}", None]}
    inner = next((n for n in found for m in found if n.startswith(m + "/")), None)
    if inner:
        raise bad(f"{inner} is inside another property grouped by", paths[0].at)
    return list(found.values())


def _groups(keys: Sequence[Expr], columns: Sequence[_Column]) -> list[Stage]:
    """One group; two where distinct values are counted, the first of them by value too."""
    by: Any = {f"k{index}": expr for index, expr in enumerate(keys)} or None
    gathers = {name: expr for column in columns for name, expr in column.gathers.items()}
    distinct = [column.distinct for column in columns if column.distinct is not None]
    if not distinct:
        return [{"$group": {"_id": by, **gathers}}]
    joins = {name: expr for column in columns for name, expr in column.joins.items()}
    again: Any = {f"k{index}": f"$_id.k{index}" for index in range(len(keys))} or None
    first = {"$group": {"_id": {**(by or {}), "d": distinct[0]}, **gathers}}
    return [first, {"$group": {"_id": again, **joins}}]


def _column(index: int, item: Aggregated, context: Context) -> _Column:
    name = f"a{index}"
    if item.expression is None:
        return _Column(item.name, "integer", {name: _ONE}, {name: {"$sum": f"${name}"}}, f"${name}")
    node = bound(item.expression, context)
    at = item.expression.at
    if node.kind == "object" or (isinstance(node, Field) and node.collection):
        raise bad("this cannot be aggregated", at, "a plain value")
    if node.kind == "duration":
        raise unsupported("a duration as a result", at)
    exprs = Exprs(context.dialect.unknown_orders)
    match item.method:
        case "sum" | "average":
            if node.kind not in NUMERIC:
                raise bad(f"{item.method} does not take {node.kind}", at, "a number")
            return _of_numbers(name, item, node, exprs)
        case "min" | "max":
            return _extreme(name, item, node, exprs)
        case _:
            return _distinct(name, item, node, exprs)


def _of_numbers(name: str, item: Aggregated, node: Typed, exprs: Exprs) -> _Column:
    """A sum and a count of the numbers; of none of them, null."""
    count = name + "n"
    value = exprs.value(node, "number").present()
    gathers = {
        name: {"$sum": value},
        count: {"$sum": {"$cond": [{"$isNumber": value}, 1, 0]}},
    }
    joins: dict[str, Expr] = {key: {"$sum": f"${key}"} for key in gathers}
    total: Expr = f"${name}"
    if item.method == "average":
        total = {"$divide": [total, f"${count}"]}
    makes = {"$cond": [{"$gt": [f"${count}", 0]}, total, None]}
    kind: Kind = "number" if item.method == "average" or node.kind == "any" else node.kind
    return _Column(item.name, kind, gathers, joins, makes)


def _extreme(name: str, item: Aggregated, node: Typed, exprs: Exprs) -> _Column:
    operator = f"${item.method}"
    value = exprs.present(node, node.kind)
    makes: Expr = f"${name}"
    if node.kind == "time":
        makes = as_clock(makes)
    joins = {name: {operator: f"${name}"}}
    return _Column(item.name, kept_kind(node), {name: {operator: value}}, joins, makes)


def _distinct(name: str, item: Aggregated, node: Typed, exprs: Exprs) -> _Column:
    """How many values there are; null is none."""
    found = {"$sum": {"$cond": [{"$eq": ["$_id.d", None]}, 0, 1]}}
    value = exprs.present(node, node.kind)
    if not isinstance(value, str | dict | list):
        value = {"$literal": value}
    return _Column(item.name, "integer", {}, {name: found}, f"${name}", value)
