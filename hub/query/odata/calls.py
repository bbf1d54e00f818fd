"""Canonical functions: the kinds of their arguments checked, constants worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from hub.query.odata import folding
from hub.query.odata.ast import TypeName
from hub.query.odata.dialect import Dialect
from hub.query.odata.fitting import fitted, read, spelled
from hub.query.odata.functions import FUNCTIONS, TYPES, Function, Kind
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.stored import is_finite
from hub.query.odata.typed import (
    Compare,
    Const,
    Field,
    Found,
    HasAll,
    IsOf,
    Name,
    Op,
    Search,
    Typed,
)

_ENDS: Final = {
    "mindatetime": datetime(1, 1, 1, tzinfo=UTC),
    "maxdatetime": datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
}
_CASTS: Final[dict[Kind, frozenset[Kind]]] = {
    "string": frozenset({"integer", "number", "boolean", "date", "datetime", "guid", "any"}),
    "integer": frozenset({"number", "string", "any"}),
    "number": frozenset({"integer", "string", "any"}),
    "boolean": frozenset({"string", "any"}),
    "date": frozenset({"string", "any"}),
    "datetime": frozenset({"string", "any"}),
}
"""The kinds that ``cast`` turns into each; into others it gives null, as it must."""
_UNCERTAIN: Final = frozenset({("string", "guid"), ("string", "time"), ("time", "string")})
"""Casts that OData knows and that the database cannot do right."""


@dataclass(frozen=True, slots=True)
class Calls:
    """``now`` None is the server's clock."""

    dialect: Dialect
    now: datetime | None

    def call(self, name: str, args: tuple[Typed, ...], offsets: Sequence[int], at: int) -> Typed:
        """One function.

        Raises:
            BadOData: an argument is of a kind that it does not take.
        """
        if name in _ENDS:
            return Const(_ENDS[name], "datetime", at)
        if name == "now":
            return Op("now", (), "datetime") if self.now is None else Const(self.now, "datetime")
        rule = FUNCTIONS[name]
        args = tuple(
            self._argument(name, rule, index, arg, offsets[index]) for index, arg in enumerate(args)
        )
        if any(arg.kind == "null" for arg in args):
            return Const(None, "null", at)
        _check_counts(name, args, offsets)
        kind = rule.gives or args[0].kind
        if all(isinstance(arg, Const) for arg in args):
            folded = folding.called(name, cast(tuple[Const, ...], args), kind)
            if folded is not None:
                return folded
        if kind == "boolean":
            return Found(cast(Search, name), args[0], args[1])
        return Op(cast(Name, name), args, kind)

    def _argument(self, name: str, rule: Function, index: int, arg: Typed, at: int) -> Typed:
        takes = rule.takes[index]
        if arg.kind in takes or arg.kind in ("any", "null"):
            return arg
        if isinstance(arg, Const) and (len(takes) == 1 or self.dialect.converts):
            only = next(iter(sorted(takes)))
            if only in ("duration", "string") or self.dialect.converts:
                return fitted(arg, only, self.dialect)
        raise bad(f"{name} does not take {arg.kind}", at, " or ".join(sorted(takes)))

    def typed(self, name: str, operand: Typed, target: TypeName, at: int) -> Typed:
        """``cast`` and ``isof`` with an expression.

        Raises:
            UnsupportedOData: the type, or a cast that cannot be done right.
        """
        kind = TYPES.get(target.name)
        if kind is None:
            raise unsupported(f"the type {target.name}", target.at)
        if name == "isof":
            if operand.kind == "any" and kind in ("date", "time", "guid", "duration"):
                raise unsupported(f"isof {target.name} of a value of any kind", at)
            return IsOf(operand, kind)
        return self._cast(operand, kind, at)

    def _cast(self, operand: Typed, kind: Kind, at: int) -> Typed:
        if operand.kind in (kind, "null"):
            return operand
        if isinstance(operand, Const):
            return _cast_constant(operand, kind)
        if (operand.kind, kind) in _UNCERTAIN or (operand.kind == "any" and kind not in _CASTS):
            raise unsupported(f"a cast from {operand.kind} to {kind}", at)
        if operand.kind not in _CASTS.get(kind, ()):
            return Const(None, "null", at)
        return Op("cast", (operand,), kind)

    def subset(self, found: Field, values: Sequence[Typed], at: int) -> Typed:
        """``hassubset`` with constants, given as comparisons of a member with each.

        Raises:
            UnsupportedOData: a value stands twice, or is no plain constant.
        """
        wanted = [
            item.right
            for item in values
            if isinstance(item, Compare) and isinstance(item.right, Const)
        ]
        plain = len(wanted) == len(values) and all(_is_plain(const) for const in wanted)
        if not plain or len({c.value for c in wanted}) < len(wanted):
            raise unsupported("hassubset with values that repeat or are not plain", at)
        return HasAll(found, tuple(wanted))


def _is_plain(const: Const) -> bool:
    return const.kind not in ("null", "time") and is_finite(const)


def _check_counts(name: str, args: tuple[Typed, ...], offsets: Sequence[int]) -> None:
    if name == "substring" and len(args) == 3:
        count = args[2]
        if isinstance(count, Const) and cast(int, count.value) < 0:
            raise bad("the length is negative", offsets[2], "0 or more")


def _cast_constant(const: Const, kind: Kind) -> Const:
    """A constant cast; null where that fails."""
    failed = Const(None, "null", const.at)
    if kind == "string":
        return Const(spelled(const), "string", const.at)
    if const.kind == "string":
        found = read(str(const.value), kind, const.at)
        if found is None or (kind == "integer" and found.kind != "integer"):
            return failed
        return Const(float(cast(int, found.value)), kind, const.at) if kind == "number" else found
    if const.kind not in ("integer", "number") or kind not in ("integer", "number"):
        return failed
    value = cast(float, const.value)
    if kind == "number":
        return Const(float(value), kind, const.at)
    return Const(int(value), kind, const.at) if abs(value) < 2**63 else failed
