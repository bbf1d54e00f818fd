"""Literals: the text of a token to its value."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from hub.query.ejson import INT64_MAX, INT64_MIN
from hub.query.odata.ast import Literal
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.tokens import Token

_DURATION: Final = re.compile(
    r"([+-]?)P(?=.)(?:([0-9]{1,9})D)?"
    r"(?:T(?=.)(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,12})?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_FINE: Final = re.compile(r"\.[0-9]{6}[0-9]*[1-9]")
_FRACTION: Final = re.compile(r"\.[0-9]+")
_FINER: Final = re.compile(r"(\.[0-9]{6})([0-9]+)")
_WORDS: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False}


def number(text: str, at: int) -> Literal:
    """An integer where it fits in 64 bits, else a double."""
    if text.lstrip("+-").isdigit() and len(text) < 21:
        whole = int(text)
        if INT64_MIN <= whole <= INT64_MAX:
            return Literal(whole, "integer", at)
    value = float(text)
    if math.isinf(value):
        raise bad("the number is out of range", at, "a number below 1.8e308")
    return Literal(value, "number", at)


def string(token: Token) -> Literal:
    """``'it''s'``"""
    return Literal(token.text[1:-1].replace("''", "'"), "string", token.at)


def json_string(token: Token) -> Literal:
    """``"text"`` inside a JSON array."""
    try:
        value = json.loads(token.text)
        value.encode()
    except ValueError as exc:
        raise bad("this is no JSON string", token.at) from exc
    return Literal(value, "string", token.at)


def word(token: Token) -> Literal | None:
    """``null``, ``true``, ``false``, ``INF`` or ``NaN``; None for any other word."""
    if token.text == "INF":
        return Literal(math.inf, "number", token.at)
    if token.text == "NaN":
        return Literal(math.nan, "number", token.at)
    text = token.text.lower()
    if text not in _WORDS:
        return None
    return Literal(_WORDS[text], "null" if text == "null" else "boolean", token.at)


def _exact(text: str, at: int) -> str:
    """The text with a fraction that Python reads: six digits at most, none lost."""
    if _FINE.search(text):
        raise unsupported("a time finer than a microsecond", at)
    return _FRACTION.sub(lambda found: found[0][:7], text)


def day(text: str, at: int) -> Literal:
    """``2020-03-23``"""
    try:
        return Literal(date.fromisoformat(text), "date", at)
    except ValueError as exc:
        raise bad("there is no such date", at, "YYYY-MM-DD") from exc


def clock(text: str, at: int) -> Literal:
    """``15:30``, ``15:30:00`` or with a fraction."""
    try:
        return Literal(time.fromisoformat(_exact(text, at)), "time", at)
    except ValueError as exc:
        raise bad("there is no such time of day", at, "HH:MM:SS") from exc


def _apart(found: re.Match[str]) -> str:
    """Six digits of a fraction; a whole millisecond only where it was one."""
    digits, rest = found.groups()
    return f"{digits[:-1]}1" if digits.endswith("000") and rest.strip("0") else digits


def moment(text: str, at: int) -> Literal:
    """``2020-03-23T10:00:00Z``; without a zone it is UTC.

    Finer than a microsecond it is cut to one, on the same side of every stored moment, which are
    whole milliseconds.
    """
    try:
        value = datetime.fromisoformat(_FINER.sub(_apart, text.upper()))
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        value.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise bad("there is no such moment", at, "YYYY-MM-DDTHH:MM:SSZ") from exc
    return Literal(value, "datetime", at)


def duration(text: str, at: int) -> Literal:
    """``P1DT2H30M5.5S``"""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise bad("this is no duration", at, "duration'P1DT2H30M5S'")
    sign, days, hours, minutes, seconds = found.groups()
    whole, _, fraction = _exact(seconds or "0", at).partition(".")
    try:
        value = timedelta(
            days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0),
            seconds=int(whole), microseconds=int(fraction.ljust(6, "0")),
        )  # fmt: skip
    except OverflowError as exc:
        raise bad("the duration is out of range", at) from exc
    return Literal(-value if sign == "-" else value, "duration", at)


def guid(text: str, at: int) -> Literal:
    """``01234567-89ab-cdef-0123-456789abcdef``"""
    try:
        return Literal(UUID(text), "guid", at)
    except ValueError as exc:
        raise bad("this is no guid", at) from exc


def prefixed(prefix: str, token: Token, at: int) -> Literal:
    """``duration'P1D'``; the other prefixes name what is not supported."""
    if prefix.lower() == "duration":
        return duration(string(token).value, at)  # type: ignore[arg-type]
    if prefix.lower() in ("binary", "geography", "geometry"):
        raise unsupported(f"{prefix.lower()}''", at)
    if "." in prefix:
        raise unsupported(f"the enumeration {prefix}", at)
    raise bad(f"unknown prefix '{prefix[:32]}' of a literal", at)
