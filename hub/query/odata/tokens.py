"""Text to tokens: one pattern, one pass.

A token is a tuple ``(kind, text, at, spaced)``; ``spaced`` says whether white space stands
before it. The last token has the kind ``end``.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hub.query.odata.refusal import CHARS_MAX, bad, over


class Token(NamedTuple):
    """``at`` is the offset in characters."""

    kind: str
    text: str
    at: int
    spaced: bool

    @property
    def shown(self) -> str:
        """The token as an error names it."""
        return "the end" if self.kind == "end" else f"'{self.text[:32]}'"


_CLOCK: Final = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HEX: Final = "[0-9A-Fa-f]"
_PATTERN: Final = re.compile(
    rf"""
      (?P<space>[ \t]+)
    | (?P<guid>{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}(?![\w-]))
    | (?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<string>'(?:[^']|'')*')
    | (?P<datetime>{_DAY}[Tt]{_CLOCK}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?(?![\w.]))
    | (?P<date>{_DAY}(?!\w))
    | (?P<time>{_CLOCK}(?![\w.]))
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))
    | (?P<sign>[(),/:+\-\[\]=;])
    | (?P<alias>@[^\W\d]\w*)
    | (?P<dollar>\$[^\W\d]\w*)
    | (?P<json>"(?:[^"\\]|\\.)*")
    | (?P<star>\*)
    """,
    re.VERBOSE,
)

_MEANT: Final = {
    "<": "lt or le", ">": "gt or ge", "!": "ne or not", "&": "and", "|": "or", "%": "mod",
}  # fmt: skip
"""Operators by the signs that they have elsewhere."""


def tokens(text: str) -> list[Token]:
    """The tokens of one query option, white space left out.

    Raises:
        BadOData: a character that begins no token, a quote that is not closed.
        QueryTooComplex: longer than ``CHARS_MAX``.
    """
    check(text)
    found: list[Token] = []
    at, end, spaced, match = 0, len(text), False, _PATTERN.match
    while at < end:
        hit = match(text, at)
        if hit is None:
            raise _unread(text, at)
        kind = hit.lastgroup or ""
        after = hit.end()
        if kind == "space":
            spaced = True
        else:
            found.append(Token(kind, text[at:after], at, spaced))
            spaced = False
        at = after
    found.append(Token("end", "", end, spaced))
    return found


def check(text: str) -> None:
    """Refuse text that is too long, or that UTF-8 cannot write."""
    if len(text) > CHARS_MAX:
        raise over("odata_chars_max", CHARS_MAX)
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise bad("the text is not valid Unicode", exc.start) from exc


def _unread(text: str, at: int) -> Exception:
    if text[at] in "'\"":
        return bad("a string is not closed", at, "a closing quote")
    if text[at].isdigit():
        return bad("this is no number, date or time", at, "a literal")
    return bad(f"unexpected '{text[at]}'", at, _MEANT.get(text[at]))
