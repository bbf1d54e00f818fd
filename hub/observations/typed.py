"""Rows as they come in, made into rows as they are stored: typed, and in one spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hub.observations.check import Finding, check
from hub.observations.columns import BY_NAME, COLUMNS, Column
from hub.observations.tables import ENUMERATIONS, Enumeration

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,3}))?)?")
_ZONE = re.compile(r"([+-])([0-9]{1,2}):?([0-9]{2})")

Fix = Callable[[str], str]


def from_texts(cells: Mapping[str, str]) -> tuple[dict[str, Any], list[Finding]]:
    """The typed row of a line of text cells, with everything that ``check`` finds in it.

    Blank cells are absent. What cannot be read as a number stays text, and is found.
    """
    row: dict[str, Any] = {}
    for name, text in cells.items():
        if not text or text.isspace():
            continue
        column = BY_NAME.get(name)
        row[name] = _number(text) if column is not None and column.kind == "number" else text
    row = normalized(row)
    return row, check(row)


def normalized(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with enumerated values in their own case, and full times and zones.

    ``8:30`` becomes ``08:30``, ``-600`` becomes ``-06:00``. Nulls are left out, and the
    space around what is no free text. What cannot be mended stays, for ``check`` to find.
    """
    result = {}
    for name, value in row.items():
        if value is None:
            continue
        fix = _FIXES.get(name)
        result[name] = fix(value) if fix is not None and type(value) is str else value
    return result


def _number(text: str) -> int | float | str:
    text = text.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _fix_of(column: Column) -> Fix | None:
    if column.kind == "enum":
        return _cased(ENUMERATIONS[column.values or ""])
    by_kind: dict[str, Fix] = {"date": str.strip, "time": _time, "zone": _zone}
    return by_kind.get(column.kind)


def _cased(enumeration: Enumeration) -> Fix:
    names, folded = enumeration.names, enumeration.folded

    def fix(text: str) -> str:
        if text in names:
            return text
        bare = text.strip()
        return folded.get(bare.casefold(), bare)

    return fix


def _time(text: str) -> str:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return text.strip()
    hours, minutes, seconds, fraction = found.groups()
    result = f"{hours:0>2}:{minutes:0>2}"
    if seconds is not None:
        result += f":{seconds:0>2}"
    return result if fraction is None else f"{result}.{fraction:0<3}"


def _zone(text: str) -> str:
    bare = text.strip().upper()
    found = _ZONE.fullmatch(bare)
    return f"{found[1]}{found[2]:0>2}:{found[3]}" if found else bare


_FIXES = {column.name: fix for column in COLUMNS if (fix := _fix_of(column)) is not None}
