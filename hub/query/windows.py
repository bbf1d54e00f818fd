"""``$setWindowFields``: computations over the neighbours of a document."""

from __future__ import annotations

from typing import Any, Final

from hub.query.accumulators import COLLECTING, NAMED, SCALAR, check_arguments
from hub.query.expressions import check_expression
from hub.query.forms import UNITS, Here, arguments
from hub.query.geo import is_number
from hub.query.names import check_path, collision
from hub.query.operands import whole
from hub.query.projections import check_sort
from hub.query.refusal import Path, bad, over
from hub.query.tables import WINDOW
from hub.query.walk import Scope, Walk

_NONE: Final = frozenset[str]()
_RANKS: Final = frozenset({"$rank", "$denseRank", "$documentNumber"})
_ORDERED: Final = _RANKS | {
    "$shift", "$derivative", "$integral", "$expMovingAvg", "$linearFill",
}  # fmt: skip
_WINDOWLESS: Final = _RANKS | {"$shift", "$expMovingAvg", "$linearFill", "$locf"}
_PAIRS: Final = frozenset({"$covariancePop", "$covarianceSamp"})
_ARGUMENTS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    **NAMED,
    "$derivative": (frozenset({"input"}), frozenset({"unit"})),
    "$integral": (frozenset({"input"}), frozenset({"unit"})),
    "$shift": (frozenset({"output", "by"}), frozenset({"default"})),
}
_OPEN: Final = ("unbounded", "current")


def check_window_fields(walk: Walk, value: Any, here: Here) -> bool:
    """The whole stage; returns whether documents keep their stored ``_id``."""
    optional = frozenset({"partitionBy", "sortBy"})
    found = arguments(value, here, frozenset({"output"}), optional)
    if "partitionBy" in found:
        walk.later(
            check_expression, found["partitionBy"], (here, "partitionBy"), Scope(builds=False)
        )
    if "sortBy" in found:
        check_sort(walk, found["sortBy"], (here, "sortBy"))
    output, place = found["output"], (here, "output")
    if type(output) is not dict or not output:
        raise bad("output takes an object of fields, one or more", place, here[1])
    twice = collision(output)
    if twice:
        raise bad(f"{twice[:64]} stands inside another field", place, here[1])
    for name, item in output.items():
        check_path(name, (place, name), walk.limits)
        _check_field(walk, item, (place, name), found.get("sortBy"))
    return all(name.partition(".")[0] != "_id" for name in output)


def _check_field(walk: Walk, item: Any, place: Path, sort: dict[str, Any] | None) -> None:
    name = _operator(walk, item, place)
    here = (place, name)
    if sort is None and (name in _ORDERED or "window" in item):
        raise bad(f"{name} needs a sortBy", here, name)
    if name == "$derivative" and "window" not in item:
        raise bad("$derivative needs a window", here, name)
    if "window" in item:
        if name in _WINDOWLESS:
            raise bad(f"{name} takes no window", (place, "window"), name)
        _check_window(walk, item["window"], (place, "window"), sort or {})
    if name in COLLECTING:
        _check_collecting(walk, item.get("window"), here)
    _check_operand(walk, item[name], here)


def _operator(walk: Walk, item: Any, place: Path) -> str:
    names = [key for key in item if key != "window"] if type(item) is dict else []
    for name in names:
        walk.judge(WINDOW.get(name), name, (place, name))
    if len(names) != 1:
        raise bad("a field of output takes one operator, and a window", place)
    return str(names[0])


def _check_operand(walk: Walk, operand: Any, here: Here) -> None:
    name = here[1]
    if name in _RANKS or name == "$count":
        if operand != {} or type(operand) is not dict:
            raise bad(f"{name} takes {{}}", here, name)
    elif name == "$expMovingAvg":
        _check_moving(walk, operand, here)
    elif name in _ARGUMENTS:
        _check_constants(walk, operand, here)
        check_arguments(walk, operand, here, *_ARGUMENTS[name])
    else:
        _check_input(walk, operand, here)


def _check_input(walk: Walk, operand: Any, here: Here) -> None:
    """One expression, or for a covariance two."""
    name = here[1]
    scope = Scope(builds=name not in SCALAR and name not in _PAIRS)
    count = 2 if name in _PAIRS else 1
    operands = operand if type(operand) is list and count == 2 else [operand]
    if len(operands) != count or (count == 1 and type(operand) is list):
        raise bad(f"{name} takes {'two expressions' if count == 2 else 'one expression'}",
                  here, name)  # fmt: skip
    for at, part in enumerate(operands):
        walk.later(check_expression, part, (here, at) if count == 2 else here, scope)


def _check_constants(walk: Walk, operand: Any, here: Here) -> None:
    """Arguments the server wants as constants: ``by`` and ``unit``."""
    if type(operand) is not dict:
        return
    by = whole(operand.get("by", 0))
    if by is None or abs(by) > walk.limits.window_max:
        raise bad(f"by must be a whole number up to {walk.limits.window_max}",
                  (here, "by"), here[1])  # fmt: skip
    if operand.get("unit", "week") not in (
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "millisecond",
    ):
        raise bad("unit must be a week or a shorter unit", (here, "unit"), here[1])


def _check_moving(walk: Walk, operand: Any, here: Here) -> None:
    found = arguments(operand, here, frozenset({"input"}), frozenset({"N", "alpha"}))
    if len(found) != 2:
        raise bad("$expMovingAvg takes either N or alpha", here, here[1])
    count, alpha = whole(found.get("N", 1)), found.get("alpha", 0.5)
    if count is None or not 1 <= count <= walk.limits.window_max:
        raise bad(f"N must be from 1 to {walk.limits.window_max}", (here, "N"), here[1])
    if not is_number(alpha) or not 0 < alpha < 1:
        raise bad("alpha must be between 0 and 1", (here, "alpha"), here[1])
    walk.later(check_expression, found["input"], (here, "input"), Scope(builds=False))


def _check_window(walk: Walk, value: Any, here: Here, sort: dict[str, Any]) -> None:
    found = arguments(value, here, _NONE, frozenset({"documents", "range", "unit"}))
    if ("documents" in found) == ("range" in found):
        raise bad("a window has either documents or range", here)
    kind = "documents" if "documents" in found else "range"
    place = (here, kind)
    low, high = _check_ends(walk, found[kind], place, kind)
    if low is not None and high is not None and low > high:
        raise bad("a window ends before it begins", place)
    if kind == "range" and list(sort.values()) != [1]:
        raise bad("a range needs a sortBy of one ascending field", place)
    unit = found.get("unit", "day")
    if not isinstance(unit, str) or unit not in UNITS or ("unit" in found and kind != "range"):
        raise bad("unit is a unit of time, beside a range", (here, "unit"))


def _check_ends(walk: Walk, ends: Any, place: Path, kind: str) -> list[float | None]:
    if type(ends) is not list or len(ends) != 2:
        raise bad("a window has two ends", place)
    found: list[float | None] = []
    for at, end in enumerate(ends):
        if type(end) is str and end in _OPEN:
            found.append(0 if end == "current" else None)
        elif not is_number(end) or (kind == "documents" and whole(end) is None):
            raise bad("an end is unbounded, current or a number", (place, at))
        elif kind == "documents" and abs(end) > walk.limits.window_max:
            raise over("window_max", walk.limits.window_max, (place, at))
        else:
            found.append(end)
    return found


def _check_collecting(walk: Walk, window: Any, here: Here) -> None:
    """A collecting operator keeps a whole window for each document."""
    most, name = walk.limits.group_n_max, here[1]
    ends = window.get("documents") if window else None
    width = most + 1
    if ends and "unbounded" not in ends:
        low, high = (0 if end == "current" else int(end) for end in ends)
        width = high - low + 1
    if width > most:
        raise bad(f"{name} needs a window of at most {most} documents", here, name)
