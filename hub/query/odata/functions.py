"""The canonical functions of OData 4.01: what they take, what they give, which are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "null", "boolean", "integer", "number", "string",
    "date", "time", "datetime", "duration", "guid", "object", "any",
]  # fmt: skip
"""``any`` is known only when the value is there; ``null`` is the kind of ``null`` itself."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function. ``takes`` holds the kinds of each argument; those after ``least`` may lack.

    ``gives`` None: the kind of its first argument.
    """

    takes: tuple[frozenset[Kind], ...]
    gives: Kind | None
    least: int


def _kinds(*kinds: Kind) -> frozenset[Kind]:
    return frozenset(kinds)


_TEXT: Final = _kinds("string")
_WHOLE: Final = _kinds("integer")
_NUMBER: Final = _kinds("integer", "number")
_DAY: Final = _kinds("date", "datetime")
_CLOCK: Final = _kinds("time", "datetime")
_MOMENT: Final = _kinds("datetime")


def _function(gives: Kind | None, *takes: frozenset[Kind], least: int | None = None) -> Function:
    return Function(takes, gives, len(takes) if least is None else least)


FUNCTIONS: Final[dict[str, Function]] = {
    **dict.fromkeys(("contains", "startswith", "endswith"), _function("boolean", _TEXT, _TEXT)),
    "concat": _function("string", _TEXT, _TEXT),
    "indexof": _function("integer", _TEXT, _TEXT),
    "length": _function("integer", _TEXT),
    "substring": _function("string", _TEXT, _WHOLE, _WHOLE, least=2),
    **dict.fromkeys(("tolower", "toupper", "trim"), _function("string", _TEXT)),
    **dict.fromkeys(("year", "month", "day"), _function("integer", _DAY)),
    **dict.fromkeys(("hour", "minute", "second"), _function("integer", _CLOCK)),
    "fractionalseconds": _function("number", _CLOCK),
    "date": _function("date", _MOMENT),
    "time": _function("time", _MOMENT),
    "totaloffsetminutes": _function("integer", _MOMENT),
    "totalseconds": _function("number", _kinds("duration")),
    **dict.fromkeys(("now", "mindatetime", "maxdatetime"), _function("datetime")),
    **dict.fromkeys(("round", "floor", "ceiling"), _function(None, _NUMBER)),
}
"""Those that are compiled; ``cast``, ``isof`` and ``hassubset`` have forms of their own."""

TYPED: Final = frozenset({"cast", "isof"})
"""They take an expression and a type."""

UNSUPPORTED: Final = frozenset(
    {
        "matchespattern", "hassubsequence", "case",
        "geo.distance", "geo.intersects", "geo.length",
    }
)  # fmt: skip
"""Canonical functions that are refused by name."""

TYPES: Final[dict[str, Kind]] = {
    "Edm.Boolean": "boolean",
    "Edm.String": "string",
    **dict.fromkeys(
        ("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), "integer"
    ),
    **dict.fromkeys(("Edm.Single", "Edm.Double", "Edm.Decimal"), "number"),
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "datetime",
    "Edm.TimeOfDay": "time",
    "Edm.Duration": "duration",
    "Edm.Guid": "guid",
}  # fmt: skip
"""The types that ``cast`` and ``isof`` know, by the kind of their values."""
