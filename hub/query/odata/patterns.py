"""A client's text as a pattern: escaped, so that it stands for itself and nothing else."""

from __future__ import annotations

import re
from typing import Any, Final

from hub.query.limits import CEILINGS

CHARS_MAX: Final = CEILINGS["regex_chars_max"]
"""Characters in one pattern, its escapes counted."""
_SPECIAL: Final = re.compile(r"[\\.^$*+?()\[\]{}|]")


def escaped(text: str) -> str:
    """A pattern that matches this text."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def fits(text: str) -> bool:
    """Whether the text can stand in a pattern; else it is compared in an expression."""
    return text != "" and "\0" not in text and len(escaped(text)) < CHARS_MAX


def contained(text: str, options: str = "") -> dict[str, Any]:
    """The operators for a text that ``fits``, anywhere in a string."""
    found = {"$regex": escaped(text)}
    return {**found, "$options": options} if options else found
