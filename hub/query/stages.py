"""The stages, one check each: refuse, or say what flows on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from hub.query.accumulators import check_output
from hub.query.expressions import check_expression
from hub.query.filters import Where, check_filter
from hub.query.flow import Flow
from hub.query.forms import Here, arguments
from hub.query.names import check_name
from hub.query.operands import whole
from hub.query.projections import check_add_fields, check_project, check_sort, check_unset
from hub.query.refusal import Path, bad, over
from hub.query.series_stages import check_bounds, check_densify, check_fill, check_unwind
from hub.query.walk import Scope, Walk
from hub.query.windows import check_window_fields

StageCheck = Callable[[Walk, Any, Here, Flow], Flow]

_GRANULARITIES: Final = frozenset(
    [
        "R5",
        "R10",
        "R20",
        "R40",
        "R80",
        "1-2-5",
        "E6",
        "E12",
        "E24",
        "E48",
        "E96",
        "E192",
        "POWERSOF2",
    ]
)


def _number(value: Any, least: int, limit: tuple[str, int], here: Path, name: str) -> int:
    """A constant whole number between ``least`` and a limit."""
    found = whole(value)
    if found is None or found < least:
        raise bad(f"{name} takes a whole number, {least} or more", here, name)
    if found > limit[1]:
        raise over(*limit, here, name)
    return found


def _match(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    walk.later(check_filter, value, here, Where(ids=flow.ids))
    return flow


def _sort(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    check_sort(walk, value, here)
    return flow


def _limit(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    most = ("limit_max", walk.limits.limit_max)
    return flow.at_most(_number(value, 1, most, here, "$limit"))


def _skip(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    _number(value, 0, ("skip_max", walk.limits.skip_max), here, "$skip")
    return flow


def _sample(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    size = arguments(value, here, frozenset({"size"}))["size"]
    most = ("sample_max", walk.limits.sample_max)
    return flow.at_most(_number(size, 1, most, (here, "size"), "$sample"))


def _count(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    if type(value) is not str or not value:
        raise bad("$count takes the name of a new field", here, "$count")
    check_name(value, here)
    return flow.grouped(1)


def _group(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    if type(value) is not dict or "_id" not in value:
        raise bad("$group takes an object with an _id", here, "$group")
    walk.later(check_expression, value["_id"], (here, "_id"), Scope())
    check_output(walk, {k: v for k, v in value.items() if k != "_id"}, here, flow.rows)
    return flow.grouped(1 if value["_id"] is None else None)


def _check_computed(walk: Walk, value: Any, here: Here, name: str) -> None:
    """An expression that the server wants to be a reference or an operator."""
    is_reference = type(value) is str and value.startswith("$")
    is_operator = type(value) is dict and next(iter(value), "").startswith("$")
    if not is_reference and not is_operator:
        raise bad(f"{name} takes a field with $ in front, or an operator", here, name)
    walk.later(check_expression, value, here, Scope())


def _sort_by_count(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    _check_computed(walk, value, here, "$sortByCount")
    return flow.grouped()


def _bucket(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    required = frozenset({"groupBy", "boundaries"})
    found = arguments(value, here, required, frozenset({"default", "output"}))
    _check_computed(walk, found["groupBy"], (here, "groupBy"), "$bucket")
    boundaries = found["boundaries"]
    check_bounds(walk, boundaries, (here, "boundaries"))
    _check_default(found.get("default"), boundaries, (here, "default"))
    check_output(walk, found.get("output", {}), (here, "output"), flow.rows)
    return flow.grouped(len(boundaries))


def _check_default(value: Any, boundaries: list[Any], here: Here) -> None:
    if isinstance(value, dict | list) or (isinstance(value, str) and value.startswith("$")):
        raise bad("default must be a constant", here, "$bucket")
    if type(value) is type(boundaries[0]) and boundaries[0] <= value < boundaries[-1]:
        raise bad("default must lie outside the boundaries", here, "$bucket")


def _bucket_auto(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    required = frozenset({"groupBy", "buckets"})
    found = arguments(value, here, required, frozenset({"output", "granularity"}))
    _check_computed(walk, found["groupBy"], (here, "groupBy"), "$bucketAuto")
    most = ("buckets_max", walk.limits.buckets_max)
    buckets = _number(found["buckets"], 1, most, (here, "buckets"), "$bucketAuto")
    granularity = found.get("granularity", "R5")
    if type(granularity) is not str or granularity not in _GRANULARITIES:
        raise bad("granularity is not known", (here, "granularity"), "$bucketAuto")
    check_output(walk, found.get("output", {}), (here, "output"), flow.rows)
    return flow.grouped(buckets)


def _replace(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    is_reference = type(value) is str and value.startswith("$")
    if not is_reference and type(value) is not dict:
        raise bad(f"{here[1]} takes an object, or a field with $ in front", here, here[1])
    walk.later(check_expression, value, here, Scope())
    return flow.keeping(False)


def _replace_root(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    root = arguments(value, here, frozenset({"newRoot"}))["newRoot"]
    return _replace(walk, root, (here, "newRoot"), flow)


def _unwind(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    if flow.unwound:
        raise bad("a pipeline takes one $unwind", here, "$unwind")
    ids = check_unwind(walk, value, here)
    return replace(flow.keeping(ids), rows=None, unwound=True, pending=True)


def _densify(walk: Walk, value: Any, here: Here, flow: Flow) -> Flow:
    return replace(flow.keeping(check_densify(walk, value, here)), rows=None)


def _keeping(check: Callable[[Walk, Any, Here], bool]) -> StageCheck:
    """A stage that changes documents one by one, and may take their ids."""
    return lambda walk, value, here, flow: flow.keeping(check(walk, value, here))


CHECKS: Final[dict[str, StageCheck]] = {
    "$match": _match,
    "$project": _keeping(check_project),
    "$sort": _sort,
    "$limit": _limit,
    "$skip": _skip,
    "$count": _count,
    "$sample": _sample,
    "$group": _group,
    "$addFields": _keeping(check_add_fields),
    "$set": _keeping(check_add_fields),
    "$unset": _keeping(check_unset),
    "$bucket": _bucket,
    "$bucketAuto": _bucket_auto,
    "$sortByCount": _sort_by_count,
    "$unwind": _unwind,
    "$replaceRoot": _replace_root,
    "$replaceWith": _replace,
    "$densify": _densify,
    "$fill": _keeping(check_fill),
    "$setWindowFields": _keeping(check_window_fields),
}
"""Every stage but ``$facet``, which holds pipelines."""

ADDING: Final = frozenset({"$project", "$addFields", "$set", "$fill", "$setWindowFields"})
"""Stages that keep fields beside those they make."""
