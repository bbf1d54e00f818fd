"""The values of tag filters: what a text in a query string is compared as."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from hub.query.ejson import INT64_MAX, INT64_MIN

_WORDS: Final[dict[str, bool | None]] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "none": None,
    "None": None,
    "null": None,
}
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)
_NUMBER: Final = re.compile(
    r"\s*[+-]?([0-9]{1,400}\.?|[0-9]{0,400}\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?\s*", re.ASCII
)
_SWITCHES: Final = {"true": True, "false": False, "1": True, "0": False}


def converted(text: str) -> Any:
    """A boolean, null, an integer, a float, or else the text itself.

    Numbers are plain decimal ones, blanks around them allowed: ``nan``, ``inf``, ``1_000`` and
    what no finite float can hold stay text. An integer beyond 64 bits is compared as a float.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and INT64_MIN <= (integer := int(text)) <= INT64_MAX:
        return integer
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def integer(text: str) -> int | None:
    """The 64-bit integer that a text writes, or None."""
    value = converted(text)
    return value if type(value) is int else None


def switch(text: str) -> bool | None:
    """``true``, ``false``, ``1`` or ``0`` in any letter case; None for anything else."""
    return _SWITCHES.get(text.lower())


def pattern(text: str) -> str:
    """A regular expression that matches this text and nothing else."""
    return re.escape(text).replace("\0", r"\x00")
