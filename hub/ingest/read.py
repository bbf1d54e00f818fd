"""The three shapes in which documents arrive: one object, an array, lines.

Each reader gives a verdict a document: the document itself, or the reason why it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.errors import BadDocument, Invalid, NotJson, TooLarge
from hub.ingest import rules, text
from hub.ingest.stamp import PLACES
from hub.values import Document

Verdict = Document | Invalid

DEPTH_CEILING = 90
"""MongoDB takes about 100 levels, of which a write needs a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How deep a document may nest, and how many may come in one batch."""

    depth_max: int = 32
    documents_max: int = 100_000

    def __post_init__(self) -> None:
        if self.depth_max > DEPTH_CEILING:
            raise ValueError(f"DEPTH_MAX: at most {DEPTH_CEILING}")
        if self.documents_max > PLACES:
            raise ValueError(f"DOCUMENTS_MAX: at most {PLACES}")


def one(body: bytes, bounds: Bounds) -> Document:
    """The single document in ``body``.

    Raises:
        NotJson: the body is not one JSON text.
        BadDocument: the document breaks a rule.
    """
    value = _trusted(body, bounds.depth_max)
    if value is None:
        value = text.exact(body)
        rules.explain(value, bounds.depth_max)
    document: Document = value
    return document


def _trusted(body: bytes, depth_max: int) -> Document | None:
    """The document, where the fast reading of it is beyond doubt."""
    try:
        value = text.fast(body)
    except ValueError:
        return None
    if type(value) is not dict or not rules.fits(value, depth_max):
        return None
    return None if text.may_repeat_names(body, value) else value


def array(body: bytes, bounds: Bounds) -> list[Verdict]:
    """A verdict for each element of the JSON array in ``body``, in order.

    Raises:
        NotJson: the body is not one JSON text, or is not an array.
        TooLarge: more documents than one batch may hold.
    """
    values, trusted = _elements(body)
    if not isinstance(values, list):
        raise NotJson("a batch is a JSON array of objects, or lines of them", offset=0)
    _check_count(len(values), bounds)
    depth = bounds.depth_max
    if trusted and all(type(v) is dict and rules.fits(v, depth) for v in values):
        return values
    values = text.exact(body) if trusted else values
    return [_judged(value, bounds) for value in values]


def _elements(body: bytes) -> tuple[Any, bool]:
    try:
        values = text.fast(body)
    except ValueError:
        return text.exact(body), False
    if text.may_repeat_names(body, values):
        return text.exact(body), False
    return values, True


def lines(body: bytes, bounds: Bounds) -> list[Verdict]:
    """A verdict for each line of ``body`` (NDJSON) that is not blank, in order.

    Raises:
        TooLarge: more documents than one batch may hold.
    """
    found = [line for line in body.split(b"\n") if line and not line.isspace()]
    _check_count(len(found), bounds)
    return [_attempt(lambda line=line: one(line, bounds)) for line in found]  # type: ignore[misc]


def _judged(value: Any, bounds: Bounds) -> Verdict:
    def judge() -> Document:
        rules.explain(value, bounds.depth_max)
        document: Document = value
        return document

    return _attempt(judge)


def _attempt(read: Callable[[], Document]) -> Verdict:
    try:
        return read()
    except (NotJson, BadDocument) as exc:
        return exc


def _check_count(count: int, bounds: Bounds) -> None:
    if count > bounds.documents_max:
        raise TooLarge(
            f"a batch holds at most {bounds.documents_max} documents",
            limit="documents_max",
            max=bounds.documents_max,
            got=count,
        )
