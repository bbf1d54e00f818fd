"""What a group may gather of its documents."""

from __future__ import annotations

from typing import Any, Final

from hub.query.expressions import check_expression
from hub.query.forms import Here, arguments, check_word
from hub.query.names import check_name
from hub.query.operands import whole
from hub.query.projections import check_sort
from hub.query.refusal import bad, over
from hub.query.tables import GROUP
from hub.query.walk import Scope, Walk

COLLECTING: Final = frozenset({"$push", "$addToSet", "$mergeObjects"})
"""They keep something of every document, so the documents must be few."""

SCALAR: Final = frozenset({"$sum", "$avg", "$stdDevPop", "$stdDevSamp"})
"""Their result is a number whatever they take in."""

NAMED: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    **dict.fromkeys(
        ("$firstN", "$lastN", "$minN", "$maxN"), (frozenset({"input", "n"}), frozenset[str]())
    ),
    **dict.fromkeys(
        ("$topN", "$bottomN"), (frozenset({"sortBy", "output", "n"}), frozenset[str]())
    ),
    **dict.fromkeys(("$top", "$bottom"), (frozenset({"sortBy", "output"}), frozenset[str]())),
    "$median": (frozenset({"input", "method"}), frozenset()),
    "$percentile": (frozenset({"input", "p", "method"}), frozenset()),
}
"""Accumulators with named arguments: those they need and those they may have."""


def check_output(walk: Walk, value: Any, here: Here, rows: int | None) -> None:
    """The fields of a group, each gathered by one accumulator.

    Args:
        rows: how many documents can reach the group at most; None when that is not known.
    """
    if type(value) is not dict:
        raise bad("it takes an object of accumulators", here, here[1])
    for field, accumulator in value.items():
        place = (here, field)
        check_name(field, place)
        if type(accumulator) is not dict or len(accumulator) != 1:
            raise bad("a field of a group takes one accumulator", place)
        ((name, operand),) = accumulator.items()
        walk.judge(GROUP.get(name), name, (place, name))
        check_accumulator(walk, operand, (place, name), rows)


def check_accumulator(walk: Walk, operand: Any, here: Here, rows: int | None) -> None:
    """One accumulator that has been judged already."""
    name = here[1]
    if name in COLLECTING and (rows is None or rows > walk.limits.push_rows_max):
        raise _unbounded(walk, here)
    if name == "$count":
        if operand != {} or type(operand) is not dict:
            raise bad("$count takes {}", here, name)
    elif name in NAMED:
        check_arguments(walk, operand, here, *NAMED[name])
    elif type(operand) is list:
        raise bad(f"{name} takes one expression here, not an array", here, name)
    else:
        scope = Scope(builds=name not in SCALAR)
        walk.later(check_expression, operand, here, scope)


def _unbounded(walk: Walk, here: Here) -> Exception:
    limit, name = walk.limits.push_rows_max, here[1]
    message = f"{name} needs a $limit of at most {limit} before the group; $firstN needs none"
    return bad(message, here, name)


def check_arguments(
    walk: Walk, operand: Any, here: Here, required: frozenset[str], optional: frozenset[str]
) -> None:
    """The named arguments of an accumulator."""
    for key, value in arguments(operand, here, required, optional).items():
        place = (here, key)
        if key == "n":
            check_n(walk, value, place, here[1])
        elif key == "sortBy":
            check_sort(walk, value, place)
        elif key == "p":
            _check_percentiles(value, place)
        else:
            check_word(key, value, place, here[1])
            walk.later(check_expression, value, place, Scope())


def check_n(walk: Walk, value: Any, place: Here, name: str) -> None:
    """A constant number of documents to keep."""
    count = whole(value)
    if count is None or count < 1:
        raise bad("n must be a constant whole number, 1 or more", place, name)
    if count > walk.limits.group_n_max:
        raise over("group_n_max", walk.limits.group_n_max, place, name)


def _check_percentiles(value: Any, place: Here) -> None:
    valid = type(value) is list and value
    if not valid or not all(isinstance(part, int | float) and 0 <= part <= 1 for part in value):
        raise bad("p takes an array of numbers from 0 to 1", place, "$percentile")
