"""Conditions on datapoints, evaluated here: a range of time, and a test of what is in it.

Comparisons of ``Time`` that must hold become a range, so that only the range is read. What is
left is asked of each datapoint; whatever would need more than its time and its value is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from hub.query.odata.ast import Comparison
from hub.query.odata.refusal import unsupported
from hub.query.odata.typed import (
    Both,
    Compare,
    Const,
    Either,
    Field,
    Found,
    Negated,
    OneOf,
    Typed,
)

Row: TypeAlias = dict[str, Any]
Test: TypeAlias = Callable[[Row], bool | None]
"""True, false or null (None) of a row."""
TIME: Final = "Time"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_ORDERINGS: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_SEARCHES: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole seconds since 1970, both inclusive; None is open. ``test`` is asked of what is in
    it, if it is not None."""

    first: int | None = None
    last: int | None = None
    test: Test | None = None

    @property
    def empty(self) -> bool:
        return self.first is not None and self.last is not None and self.first > self.last


def spanned(node: Typed | None) -> Span:
    """The range and the test of a condition on ``Time`` (text in whole seconds) and ``Value``.

    Raises:
        UnsupportedOData: it needs anything else than comparisons with constants.
    """
    if node is None:
        return Span()
    firsts: list[int] = []
    lasts: list[int] = []
    others: list[Typed] = []
    for term in node.terms if isinstance(node, Both) else (node,):
        ends = _ends(term)
        if ends is None:
            others.append(term)
            continue
        firsts += [] if ends[0] is None else [ends[0]]
        lasts += [] if ends[1] is None else [ends[1]]
    test = tested(Both(tuple(others))) if others else None
    return Span(max(firsts, default=None), min(lasts, default=None), test)


def _ends(term: Typed) -> tuple[int | None, int | None] | None:
    """The seconds between which a comparison holds; None if it is no such one."""
    if not isinstance(term, Compare) or not isinstance(term.right, Const):
        return None
    moment = term.right.value
    if not _is_time(term.left) or not isinstance(moment, datetime) or term.op == "ne":
        return None
    second, rest = divmod(moment.astimezone(UTC) - _EPOCH, _SECOND)
    match term.op:
        case "gt":
            return second + 1, None
        case "ge":
            return second + bool(rest), None
        case "lt":
            return None, second - (not rest)
        case "le":
            return None, second
        case _:
            return (1, 0) if rest else (second, second)


def _is_time(node: Typed) -> bool:
    return isinstance(node, Field) and node.path == TIME


def tested(node: Typed) -> Test:
    """The test of a condition."""
    match node:
        case Const(value=value) if value is None or isinstance(value, bool):
            return lambda row: value
        case Negated(term=term):
            return _negated(tested(term))
        case Both(terms=terms):
            return _joined([tested(term) for term in terms], False)
        case Either(terms=terms):
            return _joined([tested(term) for term in terms], True)
        case Compare(op=op, left=Field() as field, right=Const() as const):
            return _compared(op, field, _plain(const))
        case OneOf(left=Field() as field, values=values):
            wanted = [_plain(value) for value in values]
            return lambda row: _of(row, field) in wanted
        case Found(how=how, text=Field() as field, part=Const(value=str() as part)):
            return _found(how, field, part)
        case _:
            at = node.at if isinstance(node, (Field, Const)) else 0
            raise unsupported("such a $filter of Values", at)


def _negated(test: Test) -> Test:
    def negated(row: Row) -> bool | None:
        found = test(row)
        return None if found is None else not found

    return negated


def _joined(tests: list[Test], decides: bool) -> Test:
    """``and`` and ``or``; ``decides`` is the answer of one term that settles it."""

    def joined(row: Row) -> bool | None:
        unknown = False
        for test in tests:
            found = test(row)
            if found is decides:
                return decides
            unknown = unknown or found is None
        return None if unknown else not decides

    return joined


def _compared(op: Comparison, field: Field, wanted: Any) -> Test:
    if op == "eq":
        return lambda row: bool(_of(row, field) == wanted)
    if op == "ne":
        return lambda row: bool(_of(row, field) != wanted)
    holds = _ORDERINGS[op]

    def compared(row: Row) -> bool | None:
        value = _of(row, field)
        return None if value is None or wanted is None else holds(value, wanted)

    return compared


def _found(how: str, field: Field, part: str) -> Test:
    searches = _SEARCHES[how]

    def found(row: Row) -> bool | None:
        value = _of(row, field)
        return searches(value, part) if isinstance(value, str) else None

    return found


def _plain(const: Const) -> Any:
    value = const.value
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _of(row: Row, field: Field) -> Any:
    value = row[field.path]
    return datetime.fromisoformat(value) if field.path == TIME else value
