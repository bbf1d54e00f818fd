"""``$search``: words, "phrases", ``AND``, ``OR``, ``NOT`` and brackets, to a filter.

Words side by side must all be there. ``NOT`` binds tighter than ``AND``, ``AND`` than ``OR``;
the three are written in capitals. A word matches anywhere in a text, in any case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, assert_never

from hub.query.odata.clauses import AllOf, AnyOf, Search, Without, Word
from hub.query.odata.patterns import contained
from hub.query.odata.refusal import DEPTH_MAX, TERMS_MAX, bad, over
from hub.query.odata.tokens import check

_PATTERN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<sign>[()])|(?P<phrase>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()"]+)"""
)
_END: Final = ("end", "")
_WORD_CHARS_MAX: Final = 200
_DEPTH_MAX: Final = DEPTH_MAX // 4
_WORDS_MAX: Final = TERMS_MAX // 4


def parse_search(text: str) -> Search:
    """The tree of a ``$search``.

    Raises:
        BadOData: malformed or empty.
        QueryTooComplex: over a bound.
    """
    check(text)
    reader = _Searches(text)
    found = reader.any_of(1)
    reader.finish()
    return found


def compile_search(search: Search, paths: Sequence[str]) -> dict[str, Any]:
    """The filter for what has each word in one of some text fields.

    Args:
        paths: dotted paths of fields, one or more; what is no string there does not match.
    """
    match search:
        case Word(text=text):
            return {"$or": [{path: contained(text, "i")} for path in paths]}
        case AllOf(terms=terms):
            return {"$and": [compile_search(term, paths) for term in terms]}
        case AnyOf(terms=terms):
            return {"$or": [compile_search(term, paths) for term in terms]}
        case Without(term=term):
            return {"$nor": [compile_search(term, paths)]}
        case _:
            assert_never(search)


class _Searches:
    __slots__ = ("_at", "_found", "_terms")

    def __init__(self, text: str) -> None:
        self._found: list[tuple[str, str, int]] = []
        self._at = self._terms = 0
        at = 0
        while at < len(text):
            hit = _PATTERN.match(text, at)
            if hit is None:
                raise bad("a phrase is not closed", at, 'a closing "')
            if hit.lastgroup != "space":
                self._found.append((hit.lastgroup or "", hit[0], at))
            at = hit.end()
        self._found.append((*_END, len(text)))

    @property
    def _now(self) -> tuple[str, str]:
        return self._found[self._at][:2]

    def any_of(self, depth: int) -> Search:
        terms = [self._all_of(depth)]
        while self._takes("OR"):
            terms.append(self._all_of(depth))
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all_of(self, depth: int) -> Search:
        terms = [self._one(depth)]
        while self._takes("AND") or self._now not in (_END, ("sign", ")"), ("word", "OR")):
            terms.append(self._one(depth))
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _one(self, depth: int) -> Search:
        if depth > _DEPTH_MAX:
            raise over("odata_search_depth_max", _DEPTH_MAX)
        if self._takes("NOT"):
            return Without(self._one(depth + 1))
        if self._now == ("sign", "("):
            self._at += 1
            found = self.any_of(depth + 1)
            if self._now != ("sign", ")"):
                raise self._unexpected("')'")
            self._at += 1
            return found
        return self._word()

    def _word(self) -> Word:
        kind, text, at = self._found[self._at]
        if kind not in ("word", "phrase") or text in ("AND", "OR"):
            raise self._unexpected("a word or a phrase")
        self._terms += 1
        if self._terms > _WORDS_MAX:
            raise over("odata_search_words_max", _WORDS_MAX)
        self._at += 1
        found = text if kind == "word" else _phrase(text, at)
        if len(found) > _WORD_CHARS_MAX:
            raise over("odata_search_word_chars_max", _WORD_CHARS_MAX)
        if "\0" in found:
            raise bad("a word must not hold the character NUL", at)
        return Word(found)

    def _takes(self, word: str) -> bool:
        if self._now != ("word", word):
            return False
        self._at += 1
        return True

    def finish(self) -> None:
        if self._now != _END:
            raise self._unexpected("a word or the end")

    def _unexpected(self, expected: str) -> Exception:
        kind, text, at = self._found[self._at]
        shown = "the end" if kind == "end" else f"'{text[:32]}'"
        return bad(f"unexpected {shown}", at, expected)


def _phrase(text: str, at: int) -> str:
    try:
        phrase: str = json.loads(text)
        phrase.encode()
    except ValueError as exc:
        raise bad("this is no phrase", at, 'a phrase in "quotes"') from exc
    if not phrase.strip():
        raise bad("the phrase is empty", at, "a word")
    return phrase
