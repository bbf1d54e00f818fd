"""The path behind a service root: ``Set(key)/Property/$value`` to segments.

Text here is decoded already; a quote inside a key is doubled, so that a key may hold a slash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.query.odata import literals
from hub.query.odata.ast import Alias, Literal
from hub.query.odata.reader import Reader
from hub.query.odata.refusal import bad, over, unsupported

SEGMENTS_MAX: Final = 32
"""Steps in one path."""
_UNSUPPORTED: Final = frozenset(
    {
        "$batch", "$crossjoin", "$all", "$entity", "$delta", "$ref", "$links", "$filter", "$each",
        "$query", "$search", "$root", "$it", "$this",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path.

    Attributes:
        name: as it was written, with its ``$`` where it has one.
        keys: the values in brackets by the names of their properties; ``""`` is the name of
            one that is given alone. None without brackets.
        at: the offset in the text.
    """

    name: str
    keys: dict[str, Literal | Alias] | None = None
    at: int = 0


def parse_resource(text: str) -> tuple[Segment, ...]:
    """The segments of a path; none for an empty one. A slash at the end counts for nothing.

    Raises:
        BadOData: malformed.
        UnsupportedOData: well-formed and not done here.
        QueryTooComplex: over a bound.
    """
    reader = Reader(text)
    found: list[Segment] = []
    while reader.now.kind != "end":
        found.append(_segment(reader))
        if len(found) > SEGMENTS_MAX:
            raise over("odata_segments_max", SEGMENTS_MAX)
        if not reader.takes("/"):
            reader.finish("'/', a key in brackets or the end")
    return tuple(found)


def _segment(reader: Reader) -> Segment:
    token = reader.now
    if token.kind in ("number", "guid", "string"):
        raise unsupported("a key as a segment of its own", token.at)
    if token.kind not in ("word", "dollar") or token.spaced:
        raise reader.unexpected("a name")
    if token.text in _UNSUPPORTED:
        raise unsupported(token.text, token.at)
    reader.take()
    if reader.now.text != "(" or reader.now.spaced:
        return Segment(token.text, None, token.at)
    return Segment(token.text, _keys(reader), token.at)


def _keys(reader: Reader) -> dict[str, Literal | Alias]:
    opening = reader.need("(")
    if reader.now.text == ")":
        raise unsupported("a call with ()", opening.at)
    found: dict[str, Literal | Alias] = {}
    while True:
        name, at = "", reader.now.at
        if reader.now.kind == "word" and reader.then.text == "=":
            name = reader.take().text
            reader.need("=")
        if name in found:
            raise bad("a key is given twice", at)
        found[name] = _value(reader)
        if not reader.takes(","):
            break
    if len(found) > 1 and "" in found:
        raise bad("a key without its name among others", opening.at, "name=value")
    reader.need(")")
    return found


def _value(reader: Reader) -> Literal | Alias:
    sign = "-" if reader.takes("-") else ""
    token = reader.take()
    if sign and token.kind != "number":
        raise bad("this is no key", token.at, "a literal")
    match token.kind:
        case "string":
            return literals.string(token)
        case "number":
            return literals.number(sign + token.text, token.at)
        case "guid":
            return literals.guid(token.text, token.at)
        case "datetime":
            return literals.moment(token.text, token.at)
        case "alias":
            return Alias(token.text[1:], token.at)
        case _:
            raise bad("this is no key", token.at, "a literal")
