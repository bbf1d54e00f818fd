"""Constants made to fit what they meet, and the errors where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Final

from hub.errors import BadOData, UnsupportedOData
from hub.query.odata import literals
from hub.query.odata.ast import Literal
from hub.query.odata.dialect import Dialect
from hub.query.odata.functions import Kind
from hub.query.odata.printed import literal
from hub.query.odata.refusal import bad
from hub.query.odata.tokens import tokens
from hub.query.odata.typed import NUMERIC, Const

_SHAPES: Final[dict[Kind, str]] = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text in quotes",
    "date": "a date, YYYY-MM-DD",
    "time": "a time of day, HH:MM:SS",
    "datetime": "a moment, YYYY-MM-DDTHH:MM:SSZ",
    "duration": "duration'P1DT2H'",
    "guid": "a guid",
    "object": "null",
}


def comparable(one: Kind, other: Kind) -> bool:
    """Whether values of two kinds may be compared at all."""
    if "null" in (one, other) or (one in NUMERIC and other in NUMERIC):
        return True
    if "any" in (one, other):
        return "duration" not in (one, other)
    return one == other


def fitted(const: Const, kind: Kind, dialect: Dialect) -> Const:
    """The constant as one of a kind that it is compared with.

    A date fits a moment: it is the midnight in UTC. A text in quotes fits a duration. In a
    dialect that converts, a text fits whatever it spells, and anything fits a text.

    Raises:
        BadOData: it does not fit.
    """
    if comparable(const.kind, kind):
        return const
    if const.kind == "date" and kind == "datetime":
        return _midnight(const)
    if const.kind == "string" and (kind == "duration" or dialect.converts):
        found = read(str(const.value), kind, const.at)
        if found is not None:
            return found
    elif kind == "string" and dialect.converts:
        return Const(spelled(const), "string", const.at)
    raise bad(
        f"{_named(const.kind)} cannot be compared with {_named(kind)}", const.at, _SHAPES.get(kind)
    )


def _named(kind: Kind) -> str:
    article = "an" if kind[0] in "aio" else "a"
    return f"{article} {kind}" if kind != "any" else "a value of any kind"


def _midnight(const: Const) -> Const:
    assert not isinstance(const.value, datetime)
    midnight = datetime.combine(const.value, time(), UTC)  # type: ignore[arg-type]
    return Const(midnight, "datetime", const.at)


def spelled(const: Const) -> str:
    """A constant as text, a string without its quotes."""
    if isinstance(const.value, str):
        return const.value
    text = literal(Literal(const.value, const.kind))  # type: ignore[arg-type]
    return text[len("duration'") : -1] if const.kind == "duration" else text


def read(text: str, kind: Kind, at: int) -> Const | None:
    """The constant of a kind that a text spells; None if it spells none."""
    try:
        found = _read(text.strip(), kind, at)
    except (BadOData, UnsupportedOData):
        return None
    return None if found is None else Const(found.value, found.kind, at)


def _read(text: str, kind: Kind, at: int) -> Literal | None:
    if kind == "duration":
        return literals.duration(text, at)
    found = tokens(text.lstrip("+-"))
    if len(found) != 2:
        return None
    word = found[0]
    if kind == "boolean":
        value = literals.word(word)
        return value if value is not None and value.kind == "boolean" else None
    if kind == "datetime" and word.kind == "date":
        return literals.moment(text + "T00:00", at)
    wanted, reading = _READINGS.get(kind, ("", None))
    signs = len(text) - len(word.text)
    if reading is None or word.kind != wanted or signs > (wanted == "number"):
        return None
    return reading(text, at)


_READINGS: Final[dict[Kind, tuple[str, Callable[[str, int], Literal] | None]]] = {
    "integer": ("number", literals.number),
    "number": ("number", literals.number),
    "date": ("date", literals.day),
    "time": ("time", literals.clock),
    "datetime": ("datetime", literals.moment),
    "guid": ("guid", literals.guid),
}
"""The token that spells a value of each kind, and how it is read."""
