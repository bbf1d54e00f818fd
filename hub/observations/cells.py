"""What one value must be, by the kind of its column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, assert_never

from hub.observations.columns import COLUMNS, Column
from hub.observations.findings import Finding
from hub.observations.tables import CHARACTERISTIC, ENUMERATIONS, Enumeration

Judge = Callable[[Any], Finding | None]

INT_BOUND = 1 << 63
"""MongoDB holds integers of 64 bits."""
FLOAT_MAX = 1.7976931348623157e308
SHAPED_LENGTH_MAX = 12
"""No date, time or zone has more characters; longer text is not worth a place in a cache."""

_INJECTION = frozenset(" \t\r\n\0=+-@")
"""A spreadsheet may take text that begins so for a formula, or hides how it begins."""
_CLASSES = frozenset("LNPMS")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{3})?)?")
_ZONE = re.compile(r"Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def judges() -> dict[str, Judge]:
    """For every column the function that tells what is wrong with a value, None for nothing."""
    return {column.name: _judge(column) for column in COLUMNS}


def _judge(column: Column) -> Judge:
    match column.kind:
        case "text":
            return _text(column)
        case "number":
            return _number(column)
        case "enum":
            return _enumerated(column, ENUMERATIONS[column.values or ""])
        case "date":
            return _shaped(column, _is_date, "date", "a date YYYY-MM-DD")
        case "time":
            return _shaped(column, _is_time, "time", "a time HH:MM, HH:MM:SS or HH:MM:SS.mmm")
        case "zone":
            return _shaped(column, _is_zone, "zone", "a zone Z, +HH:MM or -HH:MM")
        case _:
            assert_never(column.kind)


def _text(column: Column) -> Judge:
    name, length_max, multiline = column.name, column.length_max, column.multiline

    def judge(value: Any) -> Finding | None:
        if type(value) is not str:
            return Finding(name, value, "type", f"{name} is text")
        if not value:
            return Finding(name, value, "empty", f"{name} is empty; leave it out instead")
        if len(value) > length_max:
            message = f"{name} has {len(value)} characters, {length_max} at most"
            return Finding(name, value, "too_long", message)
        if value[0] in _INJECTION:
            message = f"{name} begins with {value[0]!r}, as text here may not"
            return Finding(name, value, "csv_injection", message)
        if value.isascii() and value.isprintable():
            return None
        odd = _odd_character(value, multiline)
        if odd is None:
            return None
        return Finding(name, value, "characters", f"{name} holds the character {odd!a}")

    return judge


def _odd_character(text: str, multiline: bool) -> str | None:
    allowed = " \r\n" if multiline else " "
    return next(
        (c for c in text if c not in allowed and unicodedata.category(c)[0] not in _CLASSES), None
    )


def _number(column: Column) -> Judge:
    low = -FLOAT_MAX if column.minimum is None else column.minimum
    high = FLOAT_MAX if column.maximum is None else column.maximum

    def judge(value: Any) -> Finding | None:
        kind = type(value)
        if kind is float and low <= value <= high:
            return None
        if kind is int and low <= value <= high and -INT_BOUND <= value < INT_BOUND:
            return None
        return _no_number(column, value)

    return judge


def _no_number(column: Column, value: Any) -> Finding:
    name = column.name
    if type(value) not in (int, float):
        return Finding(name, value, "type", f"{name} is a number")
    if value != value or value in (float("inf"), float("-inf")):
        return Finding(name, value, "not_finite", f"{name} is a finite number")
    if column.minimum is not None and value < column.minimum:
        return Finding(name, value, "range", f"{name} is {column.minimum:g} at least")
    if column.maximum is not None and value > column.maximum:
        return Finding(name, value, "range", f"{name} is {column.maximum:g} at most")
    return Finding(name, value, "range", f"{name} is beyond 64 bits")


def _enumerated(column: Column, enumeration: Enumeration) -> Judge:
    name, names, as_text = column.name, enumeration.names, _text(column)
    rule = "characteristic_unknown" if enumeration.name == CHARACTERISTIC else "value_unknown"

    def judge(value: Any) -> Finding | None:
        if type(value) is str and value in names:
            return None
        if type(value) is not str:
            return Finding(name, value, "type", f"{name} is text")
        if enumeration.closed:
            message = f"{name} is one of {', '.join(sorted(names))}"
            return Finding(name, value, "enumeration", message)
        message = f"{name} has a name that is not in the list"
        return as_text(value) or Finding(name, value, rule, message, "warning")

    return judge


def _shaped(column: Column, fits: Callable[[str], bool], rule: str, shape: str) -> Judge:
    name = column.name

    def judge(value: Any) -> Finding | None:
        if type(value) is str and len(value) <= SHAPED_LENGTH_MAX and fits(value):
            return None
        return Finding(name, value, rule, f"{name} is {shape}")

    return judge


@lru_cache(maxsize=4096)
def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _is_zone(text: str) -> bool:
    return _ZONE.fullmatch(text) is not None
