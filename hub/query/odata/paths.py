"""Paths in expressions: properties, range variables, ``$count``, ``any`` and ``all``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from hub.query.odata.ast import Count, Expression, Lambda, Path, Quantifier
from hub.query.odata.reader import Reader
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.tokens import Token

_NAME_CHARS_MAX: Final = 128
_KNOWN: Final = frozenset({"$filter", "$root", "$this", "$ref", "$value", "$each", "$all"})
_SEGMENT: Final = "a property, any(…), all(…) or $count"


class Paths:
    """Reads paths; knows the range variables in force where it stands."""

    __slots__ = ("_expression", "_reader", "_variables")

    def __init__(self, reader: Reader, expression: Callable[[], Expression]) -> None:
        self._reader = reader
        self._expression = expression
        self._variables: list[str] = []

    def path(self) -> Expression:
        """A path with what ends it; a word or ``$it`` stands here."""
        reader = self._reader
        first = reader.take()
        names: list[str] = []
        variable = ""
        if first.kind == "dollar":
            if first.text != "$it":
                raise _stranger(first)
        elif first.text in self._variables:
            variable = first.text
        else:
            names.append(_name(first))
        while not reader.now.spaced and reader.takes("/"):
            last = self._segment(Path(tuple(names), variable, first.at))
            if not isinstance(last, str):
                return last
            names.append(last)
        return Path(tuple(names), variable, first.at)

    def _segment(self, path: Path) -> str | Expression:
        """The next name, or what ends the path."""
        reader, token = self._reader, self._reader.now
        if token.kind == "dollar":
            return self._dollar(path)
        if token.kind != "word" or token.spaced:
            raise bad(f"unexpected {token.shown}", token.at, _SEGMENT)
        if reader.opens():
            if reader.is_word("any", "all"):
                return self._lambda(path, reader.take())
            raise unsupported(f"the function {token.text} behind a path", token.at)
        return _name(reader.take())

    def _dollar(self, path: Path) -> Expression:
        token = self._reader.now
        if token.text != "$count":
            raise _stranger(token)
        if self._reader.opens():
            raise unsupported("$count with options", token.at)
        self._reader.take()
        return Count(path, path.at)

    def _lambda(self, path: Path, token: Token) -> Expression:
        reader = self._reader
        how = cast(Quantifier, token.text.lower())
        reader.need("(")
        if how == "any" and reader.takes(")"):
            return Lambda(path, how, at=token.at)
        variable = _name(reader.name("a range variable"))
        reader.need(":")
        self._variables.append(variable)
        body = self._expression()
        self._variables.pop()
        reader.need(")")
        return Lambda(path, how, variable, body, token.at)


def _stranger(token: Token) -> Exception:
    if token.text in _KNOWN:
        return unsupported(token.text, token.at)
    return bad(f"unknown {token.text[:64]}", token.at, "$it, or $count behind a path")


def _name(token: Token) -> str:
    if "." in token.text:
        raise unsupported(f"the type {token.text} in a path", token.at)
    if len(token.text) > _NAME_CHARS_MAX:
        raise bad("the name is too long", token.at, f"at most {_NAME_CHARS_MAX} characters")
    return token.text
