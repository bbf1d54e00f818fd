"""JSON text to Python values: fast where nothing is doubtful, exact where something is.

The fast reader is orjson. It keeps the last of two equal names, turns integers beyond 64 bits
into floats, and stops at NaN; the exact reader (the standard library's) shows each of them, at
several times the cost. So the fast one reads, cheap tests tell whether its result can be
trusted, and only doubtful text is read again.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import orjson

from hub.errors import NotJson

LONG_NUMBER = b"0" * 19
"""So many digits in a row, all digits taken for zeros."""
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
DIGITS_MAX = 310
"""An integer of more digits is beyond any float."""
BEYOND_FLOATS: int = 10**DIGITS_MAX
"""Stands for any integer literal of more digits."""


Shape = Literal["object", "array", "lines"]


def shape_of(body: bytes, *, lines: bool) -> Shape:
    """In which shape items come: lines if the media type says so, else by the first character."""
    if lines:
        return "lines"
    return "array" if body.lstrip(b" \t\r\n")[:1] == b"[" else "object"


class RepeatedName(dict[str, Any]):
    """A JSON object in which ``name`` stood more than once."""

    def __init__(self, pairs: list[tuple[str, Any]], name: str) -> None:
        super().__init__(pairs)
        self.name = name


def fast(text: bytes) -> Any:
    """Read one JSON text.

    Raises:
        ValueError: not strict JSON, or not UTF-8; ``exact`` can say more.
    """
    return orjson.loads(text)


def may_repeat_names(text: bytes, value: Any) -> bool:
    """Whether an object in ``text`` may hold one name twice, ``value`` being ``fast(text)``.

    Each dropped name takes its colon with it, so written back the value has fewer colons; an
    escaped colon could make up for it, so text with one is doubtful too, and so is a value
    nested more deeply than can be written.
    """
    try:
        written = orjson.dumps(value)
    except TypeError:
        return True
    return text.count(b":") != written.count(b":") or b"\\u003" in text


def is_doubtful(text: bytes, value: Any) -> bool:
    """Whether ``fast`` may have lost a repeated name or digits of an integer in ``text``."""
    return may_repeat_names(text, value) or LONG_NUMBER in text.translate(_AS_ZEROS)


def exact(text: bytes) -> Any:
    """Read one JSON text so that nothing is lost.

    Objects with a repeated name come as ``RepeatedName``, integers in full (those of
    over 310 digits as ``BEYOND_FLOATS``), NaN and Infinity as floats, lone surrogates as they are.

    Raises:
        NotJson: with ``offset`` from the start of the text, in characters (in bytes where the
            text is not UTF-8).
    """
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError as exc:
        raise NotJson("the text is not UTF-8", offset=exc.start) from exc
    except json.JSONDecodeError as exc:
        raise NotJson(f"not JSON: {exc.msg}", offset=exc.pos) from exc
    except RecursionError as exc:
        raise NotJson("nested too deeply to be read") from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    seen: set[str] = set()
    name = next(n for n, _ in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
    return RepeatedName(pairs, name)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS_MAX else BEYOND_FLOATS
