"""What may have been meant: the nearest names, operators and functions, for refusals."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from hub.errors import BadOData
from hub.query.odata.dialect import Dialect
from hub.query.odata.functions import FUNCTIONS, TYPED
from hub.query.odata.model import EntityType
from hub.query.odata.refusal import bad
from hub.query.odata.tokens import Token

NEAREST: Final = 3
SHOWN_CHARS: Final = 128
KNOWN_MAX: Final = 500
"""Names that one is compared with, at most."""
_ALIKE: Final = 0.6
_OPERATORS: Final = (
    "eq", "ne", "gt", "ge", "lt", "le", "and", "or", "in", "add", "sub", "mul", "div", "divby",
    "mod",
)  # fmt: skip
_LATER: Final = ("gte", "lte")
_OTHER_OPERATORS: Final = {
    "=": "eq", "is": "eq", "equal": "eq", "equals": "eq",
    "isnot": "ne", "neq": "ne", "not": "ne, or not (…) around the whole",
    "gte": "ge", "lte": "le", "+": "add", "-": "sub",
    "like": "contains(…)", "contains": "contains(…)", "startswith": "startswith(…)",
    "endswith": "endswith(…)", "between": "ge and le",
}  # fmt: skip
"""What others write, by what it is in OData."""
_OTHER_FUNCTIONS: Final = {
    "substringof": "contains", "like": "contains", "len": "length", "lower": "tolower",
    "upper": "toupper", "lcase": "tolower", "ucase": "toupper", "ceil": "ceiling",
    "abs": "round, floor or ceiling", "datetime": "a moment, YYYY-MM-DDTHH:MM:SSZ",
}  # fmt: skip


def nearest(name: str, known: Iterable[str]) -> str | None:
    """``A, B or C``, those most like a name in any case; None where none is."""
    by_lower: dict[str, list[str]] = {}
    for one in list(known)[:KNOWN_MAX]:
        by_lower.setdefault(one.lower(), []).append(one)
    found = get_close_matches(name[:SHOWN_CHARS].lower(), by_lower, n=NEAREST, cutoff=_ALIKE)
    return listed([one for lower in found for one in by_lower[lower]][:NEAREST])


def listed(names: list[str]) -> str | None:
    """``A, B or C``; None for nothing."""
    *first, last = names or [""]
    return f"{', '.join(first)} or {last}" if first else last or None


def no_property(entity: EntityType, names: tuple[str, ...], at: int) -> BadOData:
    """The refusal of a name that is no property's."""
    name = "/".join(names)[:SHOWN_CHARS]
    return bad(f"there is no property {name}", at, nearest(name, _names(entity)))


def bare_text(entity: EntityType, word: str, at: int) -> BadOData:
    """The refusal of a word where a text may have been meant."""
    word = word[:SHOWN_CHARS]
    near = nearest(word, _names(entity))
    message = f"there is no property {word}, and text stands in single quotes,"
    return bad(message, at, f"'{word}'" if near is None else f"'{word}', or {near}")


def operator(token: Token, dialect: Dialect) -> str | None:
    """The operators that a word or a sign may stand for; None where there are none."""
    word = token.text.lower()
    later = _LATER if dialect.gte_lte else ()
    return _OTHER_OPERATORS.get(word) or nearest(word, (*_OPERATORS, *later))


def function(name: str) -> str:
    """The functions that a name may stand for."""
    known = (*FUNCTIONS, *TYPED, "hassubset")
    return _OTHER_FUNCTIONS.get(name) or nearest(name, known) or "a function of OData"


def _names(entity: EntityType) -> list[str]:
    return [item.name for item in entity.properties]
