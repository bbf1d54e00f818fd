"""The refusals of OData text, and the bounds on it."""

from __future__ import annotations

from typing import Final

from hub.errors import BadOData, QueryTooComplex, UnsupportedOData
from hub.query.refusal import shown

CHARS_MAX: Final = 8_192
"""Characters in one query option."""
DEPTH_MAX: Final = 64
"""Expressions inside one another."""
ITEMS_MAX: Final = 1_000
"""Literals in one list."""
TERMS_MAX: Final = 200
"""Operators, calls and conditions in one expression."""
LEAVES_MAX: Final = 5_000
"""Literals and paths in one expression, those of its parameter aliases counted too."""
STEPS_MAX: Final = 10_000
"""Steps in making the expressions of one option."""


def bad(message: str, offset: int, expected: str | None = None) -> BadOData:
    """The refusal of text that is wrong at ``offset``, in characters from 0."""
    wanted = {} if expected is None else {"expected": expected}
    tail = f"; expected {expected}" if expected else ""
    return BadOData(f"{message} at {offset}{tail}", offset=offset, **wanted)


def unsupported(name: str, offset: int) -> UnsupportedOData:
    """The refusal of OData that is well-formed and not done here."""
    told = shown(name)
    return UnsupportedOData(f"{told} is not supported", name=told, offset=offset)


def over(limit: str, most: int) -> QueryTooComplex:
    """The refusal of text that passes a bound."""
    return QueryTooComplex(f"over the limit {limit} of {most}", limit=limit, max=most)
