"""Stages that make or repeat documents: ``$unwind``, ``$densify``, ``$fill``."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any, Final

from hub.query.expressions import check_expression
from hub.query.forms import Here, arguments
from hub.query.geo import is_number
from hub.query.names import check_path, collision
from hub.query.projections import check_sort
from hub.query.refusal import Path, bad, over
from hub.query.walk import Scope, Walk

_SHORTEST: Final[dict[str, timedelta]] = {
    "year": timedelta(days=365),
    "quarter": timedelta(days=90),
    "month": timedelta(days=28),
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "millisecond": timedelta(milliseconds=1),
}
"""The shortest each unit can be, so that a count of steps is never too small."""


def check_field_reference(walk: Walk, value: Any, path: Path, name: str) -> str:
    """The path of a field, written ``$a.b``; returns it without the sign."""
    if type(value) is not str or not value.startswith("$") or value.startswith("$$"):
        raise bad(f"{name} takes a field, written with $ in front", path, name)
    check_path(value[1:], path, walk.limits)
    return value[1:]


def check_unwind(walk: Walk, value: Any, here: Here) -> bool:
    """``$unwind``; returns whether documents keep their stored ``_id``."""
    optional = frozenset({"includeArrayIndex", "preserveNullAndEmptyArrays"})
    found = value
    if type(value) is not str:
        found = arguments(value, here, frozenset({"path"}), optional)
    else:
        found = {"path": value}
    field = check_field_reference(walk, found["path"], here, "$unwind")
    index = found.get("includeArrayIndex", "index")
    if type(index) is not str:
        raise bad("includeArrayIndex is the name of a field", here, "$unwind")
    check_path(index, (here, "includeArrayIndex"), walk.limits)
    if type(found.get("preserveNullAndEmptyArrays", True)) is not bool:
        raise bad("preserveNullAndEmptyArrays is true or false", here, "$unwind")
    return all(name.partition(".")[0] != "_id" for name in (field, index))


def _field_list(walk: Walk, value: Any, here: Here) -> None:
    if type(value) is not list or not all(type(name) is str for name in value):
        raise bad("it takes an array of fields", here)
    for at, name in enumerate(value):
        check_path(name, (here, at), walk.limits)


def check_densify(walk: Walk, value: Any, here: Here) -> bool:
    """``$densify`` between constant bounds; returns whether documents keep their ``_id``."""
    required = frozenset({"field", "range"})
    found = arguments(value, here, required, frozenset({"partitionByFields"}))
    if type(found["field"]) is not str:
        raise bad("field is the path of a field", here, "$densify")
    check_path(found["field"], (here, "field"), walk.limits)
    partitions = found.get("partitionByFields", [])
    _field_list(walk, partitions, (here, "partitionByFields"))
    if collision([found["field"], *partitions]):
        raise bad("the field and partitionByFields must not overlap", here, "$densify")
    place = (here, "range")
    span = arguments(found["range"], place, frozenset({"step", "bounds"}), frozenset({"unit"}))
    _check_span(walk, span, place)
    return False  # the documents it makes have none


def _check_span(walk: Walk, span: dict[str, Any], here: Here) -> None:
    step, bounds = span["step"], span["bounds"]
    if not is_number(step) or step <= 0:
        raise bad("step must be a number above 0", (here, "step"), "$densify")
    if type(bounds) is not list or len(bounds) != 2:
        raise bad("bounds must be two constants; full and partition have no bound",
                  (here, "bounds"), "$densify")  # fmt: skip
    if _steps(bounds, step, span.get("unit"), here) > walk.limits.buckets_max:
        raise over("buckets_max", walk.limits.buckets_max, here, "$densify")


def _steps(bounds: list[Any], step: float, unit: Any, here: Here) -> float:
    low, high = bounds
    if isinstance(low, datetime) and isinstance(high, datetime):
        if not isinstance(unit, str) or unit not in _SHORTEST or step != int(step):
            raise bad("dates need a unit of time and a whole step", here, "$densify")
        steps = (high - low) / _SHORTEST[unit] / step
    elif is_number(low) and is_number(high):
        if unit is not None:
            raise bad("numbers take no unit", (here, "unit"), "$densify")
        steps = (high - low) / step
    else:
        raise bad("bounds must be two numbers or two dates", (here, "bounds"), "$densify")
    if steps < 0:
        raise bad("bounds end before they begin", (here, "bounds"), "$densify")
    return steps


def check_fill(walk: Walk, value: Any, here: Here) -> bool:
    """``$fill``; returns whether documents keep their stored ``_id``."""
    optional = frozenset({"partitionBy", "partitionByFields", "sortBy"})
    found = arguments(value, here, frozenset({"output"}), optional)
    if "partitionBy" in found and "partitionByFields" in found:
        raise bad("it takes partitionBy or partitionByFields", here, "$fill")
    if "partitionBy" in found:
        _check_partition(walk, found["partitionBy"], (here, "partitionBy"))
    _field_list(walk, found.get("partitionByFields", []), (here, "partitionByFields"))
    if "sortBy" in found:
        check_sort(walk, found["sortBy"], (here, "sortBy"))
    output, place = found["output"], (here, "output")
    if type(output) is not dict or not output:
        raise bad("output takes an object of fields, one or more", place, "$fill")
    for name, item in output.items():
        check_path(name, (place, name), walk.limits)
        _check_filling(walk, item, (place, name), "sortBy" in found)
    return all(name.partition(".")[0] != "_id" for name in output)


def _check_partition(walk: Walk, value: Any, here: Here) -> None:
    if type(value) is not dict:
        raise bad("partitionBy is an object; partitionByFields takes names", here, "$fill")
    walk.later(check_expression, value, here, Scope(builds=False))


def _check_filling(walk: Walk, item: Any, here: Here, is_sorted: bool) -> None:
    if type(item) is not dict or len(item) != 1:
        raise bad("a field is filled by value or by method", here, "$fill")
    ((kind, operand),) = item.items()
    if kind == "value":
        walk.later(check_expression, operand, (here, kind), Scope())
    elif kind != "method" or operand not in ("linear", "locf"):
        raise bad("a field is filled by value, or by the method linear or locf", here, "$fill")
    elif not is_sorted:
        raise bad("a method needs a sortBy", here, "$fill")


def check_bounds(walk: Walk, value: Any, here: Here) -> None:
    """``boundaries`` of ``$bucket``: two or more constants of one kind, ascending."""
    if type(value) is not list or len(value) < 2:
        raise bad("boundaries takes two values or more", here, "$bucket")
    if len(value) - 1 > walk.limits.buckets_max:
        raise over("buckets_max", walk.limits.buckets_max, here, "$bucket")
    kinds = {_kind(item) for item in value}
    if len(kinds) != 1 or None in kinds:
        raise bad("boundaries takes numbers, dates or strings, all of one kind", here, "$bucket")
    if any(later <= earlier for earlier, later in itertools.pairwise(value)):
        raise bad("boundaries must ascend", here, "$bucket")


def _kind(value: Any) -> str | None:
    if is_number(value):
        return "number"
    if isinstance(value, datetime):
        return "date"
    is_constant = isinstance(value, str) and not value.startswith("$")
    return "string" if is_constant else None
