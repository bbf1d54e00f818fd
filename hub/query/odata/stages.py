"""``$orderby``, ``$select`` and ``$compute`` as stages of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from hub.query.odata.bind import Context, bound
from hub.query.odata.clauses import Computed, OrderItem, Selected
from hub.query.odata.expr import Exprs
from hub.query.odata.functions import Kind
from hub.query.odata.hints import no_property
from hub.query.odata.model import EntityType, Property
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.typed import Const, Field, Typed
from hub.query.odata.value import Expr

Stage: TypeAlias = dict[str, Any]

_ORDER: Final = "_odata_order_"
"""Begins the names of fields that last from a computation to the sort after it."""
_TIME: Final = "%H:%M:%S.%L"


def order_stages(items: Sequence[OrderItem], context: Context) -> list[Stage]:
    """The stages that put documents in order; nulls and what is missing come first ascending.

    A property is sorted by its own field, which an index can serve; anything else is computed
    into a field that is gone after the sort.

    Raises:
        BadOData: an unknown property, kinds that do not go together, an object.
        UnsupportedOData: what the hub does not do.
    """
    keys: dict[str, int] = {}
    added: dict[str, Expr] = {}
    for index, item in enumerate(items):
        node = bound(item.expression, context)
        at = item.expression.at
        if node.kind == "object" or (isinstance(node, Field) and node.collection):
            raise bad("what has no order cannot be sorted by", at, "a plain value")
        if isinstance(node, Const):
            continue
        if isinstance(node, Field):
            path = node.path
        else:
            path = f"{_ORDER}{index}"
            added[path] = Exprs(context.dialect.unknown_orders).present(node, node.kind)
        keys.setdefault(path, -1 if item.descending else 1)
    if not keys:
        return []
    sort = {"$sort": keys}
    return [{"$addFields": added}, sort, {"$unset": list(added)}] if added else [sort]


def selected(select: Selected, context: Context) -> tuple[Property, ...] | None:
    """The properties to give, in the order asked, without those inside another of them.

    None is everything.

    Raises:
        BadOData: there is no such property.
    """
    if select.everything:
        return None
    found: dict[str, Property] = {}
    for path in select.paths:
        known = context.entity.find(path.names)
        if known is None:
            raise no_property(context.entity, path.names, path.at)
        found[known.name] = known
    return tuple(item for item in found.values() if not _within(item.name, found))


def _within(name: str, names: dict[str, Property]) -> bool:
    parts = name.split("/")
    return any("/".join(parts[:count]) in names for count in range(1, len(parts)))


def project_stage(properties: Sequence[Property]) -> Stage:
    """The stage that gives these properties under their own names, and ``_id`` only if it is one.

    A missing value stays missing.

    Args:
        properties: one or more, none inside another, as ``selected`` gives them.
    """
    shown: dict[str, Any] = {}
    for item in properties:
        name = item.name.replace("/", ".")
        shown[name] = 1 if name == item.path else f"${item.path}"
    return {"$project": shown if "_id" in shown else {"_id": 0, **shown}}


def compute_stages(items: Sequence[Computed], context: Context) -> tuple[list[Stage], EntityType]:
    """The stage that adds computed properties, and the type that has them.

    Raises:
        BadOData: a name is taken, an unknown property, kinds that do not go together.
        UnsupportedOData: what the hub does not do.
    """
    added: dict[str, Expr] = {}
    new: list[Property] = []
    for item in items:
        check_new(item.name, context.entity, item.at)
        node = bound(item.expression, context)
        if isinstance(node, Field) and node.collection:
            raise bad("a collection cannot be computed", item.expression.at)
        added[item.name] = result(node, context, item.expression.at)
        new.append(Property(item.name, item.name, kept_kind(node)))
    return [{"$addFields": added}], context.entity.adding(*new)


def kept_kind(node: Typed) -> Kind:
    """The kind of a result, once it is a field."""
    return "any" if node.kind == "null" else node.kind


def check_new(name: str, entity: EntityType, at: int) -> None:
    """Refuse a name for a result that is taken, or that the hub keeps for itself."""
    if name.startswith("_"):
        raise bad(f"{name} begins with _", at, "a name that begins with a letter")
    if any(item.name == name for item in entity.properties):
        raise bad(f"there is a property {name}", at, "another name")


def result(node: Typed, context: Context, at: int) -> Expr:
    """A value as it is stored, or null.

    Raises:
        UnsupportedOData: it is a duration, which is not stored.
    """
    if node.kind == "duration":
        raise unsupported("a duration as a result", at)
    if isinstance(node, Field):
        return {"$ifNull": [f"${node.path}", None]}
    value = Exprs(context.dialect.unknown_orders).present(node, node.kind)
    return as_clock(value) if node.kind == "time" else value


def as_clock(milliseconds: Expr) -> Expr:
    """Milliseconds since midnight as a stored time of day; null stays null."""
    moment = {"$toDate": {"$toLong": milliseconds}}
    return {"$dateToString": {"date": moment, "format": _TIME, "onNull": None}}
