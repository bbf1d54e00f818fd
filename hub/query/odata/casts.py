"""``cast`` as an expression of the database; a cast that fails is null."""

from __future__ import annotations

from hub.query.odata.functions import Kind
from hub.query.odata.value import Expr, Value, joined, nullable

_SCALARS = ["string", "bool", "int", "long", "double", "decimal", "date", "objectId"]
_NUMBERS = ["string", "int", "long", "double", "decimal"]


def cast_to(kind: Kind, source: Kind, value: Value) -> Value:
    """A value as one of another kind.

    Args:
        source: its own kind; ``any`` if only the value itself knows.
    """
    match kind:
        case "string":
            return _text(source, value)
        case "integer":
            cut = {"$trunc": value.expr} if source == "number" else value.expr
            return _converted(cut, "long", value, source)
        case "number":
            return _converted(value.expr, "double", value, source)
        case "boolean":
            return _truth(value)
        case "date":
            return _date(value)
        case _:
            return _converted(value.expr, "date", value, source, ["string", "date"])


def _convert(expr: Expr, to: str) -> Expr:
    return {"$convert": {"input": expr, "to": to, "onError": None}}


def _is_one_of(expr: Expr, types: list[str]) -> Expr:
    return {"$in": [{"$type": expr}, types]}


def _converted(
    expr: Expr, to: str, value: Value, source: Kind, types: list[str] | None = None
) -> Value:
    kept = value
    if source == "any":
        kept = joined(value.expr, [value], _is_one_of(value.expr, types or _NUMBERS))
    return nullable(_convert(expr, to), [kept])


def _text(source: Kind, value: Value) -> Value:
    if source in ("date", "guid"):
        return value
    if source == "datetime":
        whole = {"$dateToString": {"date": value.expr, "format": "%Y-%m-%dT%H:%M:%S.%LZ"}}
        return joined(whole, [value])
    return _converted(value.expr, "string", value, source, _SCALARS)


def _truth(value: Value) -> Value:
    known = {"$in": [value.expr, [True, False, "true", "false"]]}
    return joined({"$in": [value.expr, [True, "true"]]}, [value], known)


def _date(value: Value) -> Value:
    parsed = {"$dateFromString": {"dateString": value.expr, "format": "%Y-%m-%d", "onError": None}}
    is_text = _is_one_of(value.expr, ["string"])
    found = {"$dateToString": {"date": parsed, "format": "%Y-%m-%d"}}
    return joined(found, [value], is_text, {"$ne": [parsed, None]})
