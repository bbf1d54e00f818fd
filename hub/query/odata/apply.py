"""``$apply``: text to a chain of transformations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hub.query.odata.ast import Path
from hub.query.odata.clauses import (
    METHODS,
    Aggregated,
    ComputeWith,
    FilterBy,
    GroupBy,
    Method,
    Transformation,
)
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.expressions import Expressions
from hub.query.odata.options import alias, check_count, computed
from hub.query.odata.reader import Reader
from hub.query.odata.refusal import bad, unsupported

_UNSUPPORTED: Final = frozenset(
    {
        "topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent",
        "concat", "expand", "search", "orderby", "top", "skip", "join", "outerjoin", "nest",
        "addnested", "ancestors", "descendants", "traverse",
    }
)  # fmt: skip
_KNOWN: Final = "filter, groupby, aggregate, compute or identity"


def parse_apply(text: str, dialect: Dialect = STRICT) -> tuple[Transformation, ...]:
    """The steps of a ``$apply``, first one first; those that say ``identity`` are left out.

    Raises:
        BadOData: malformed.
        UnsupportedOData: a transformation, a method or a form that is not done here.
        QueryTooComplex: over a bound.
    """
    chain = _Chain(Reader(text), dialect)
    return chain.read()


class _Chain:
    __slots__ = ("_expressions", "_reader")

    def __init__(self, reader: Reader, dialect: Dialect) -> None:
        self._reader = reader
        self._expressions = Expressions(reader, dialect)

    def read(self) -> tuple[Transformation, ...]:
        reader = self._reader
        found: list[Transformation] = []
        steps = 0
        while not steps or reader.takes("/"):
            steps += 1
            check_count(steps)
            step = self._step()
            if step is not None:
                found.append(step)
        reader.finish("'/' or the end")
        return tuple(found)

    def _step(self) -> Transformation | None:
        token = self._reader.now
        word = token.text.lower() if token.kind == "word" else ""
        if word == "identity":
            self._reader.take()
            return None
        read = self._steps.get(word)
        if read is None:
            if word in _UNSUPPORTED or "." in word:
                raise unsupported(f"the transformation {word}", token.at)
            raise self._reader.unexpected(_KNOWN)
        self._reader.take()
        self._reader.need("(")
        step = read(self)
        self._reader.need(")")
        return step

    def _filter(self) -> Transformation:
        return FilterBy(self._expressions.whole())

    def _compute(self) -> Transformation:
        return ComputeWith(computed(self._reader, self._expressions))

    def _aggregate(self) -> Transformation:
        return GroupBy((), self._items())

    def _groupby(self) -> Transformation:
        reader = self._reader
        reader.need("(")
        paths: list[Path] = []
        while not paths or reader.takes(","):
            if reader.is_word("rollup") and reader.opens():
                raise unsupported("rollup", reader.now.at)
            paths.append(self._expressions.path())
            check_count(len(paths))
        reader.need(")")
        return GroupBy(tuple(paths), self._inside() if reader.takes(",") else ())

    def _inside(self) -> tuple[Aggregated, ...]:
        """What ``groupby`` does with each group: ``aggregate`` and nothing else."""
        token = self._reader.now
        if not self._reader.is_word("aggregate"):
            known = token.text.lower() in (*_UNSUPPORTED, "filter", "compute", "groupby")
            if known:
                raise unsupported(f"{token.text.lower()} inside groupby", token.at)
            raise self._reader.unexpected("aggregate")
        self._reader.take()
        self._reader.need("(")
        items = self._items()
        self._reader.need(")")
        if self._reader.now.text == "/":
            raise unsupported("a chain inside groupby", self._reader.now.at)
        return items

    def _items(self) -> tuple[Aggregated, ...]:
        found: list[Aggregated] = []
        while not found or self._reader.takes(","):
            item = self._item()
            if any(item.name == other.name for other in found):
                raise bad(f"{item.name} is aggregated twice", item.at)
            found.append(item)
            check_count(len(found))
        return tuple(found)

    def _item(self) -> Aggregated:
        reader = self._reader
        if reader.now.text == "$count":
            reader.take()
            name, at = alias(reader)
            return Aggregated(name, at=at)
        expression = self._expressions.whole()
        if not reader.is_word("with"):
            raise reader.unexpected("with and a method")
        reader.check_spaces()
        reader.take()
        method = self._method()
        if reader.is_word("from"):
            raise unsupported("from in aggregate", reader.now.at)
        name, at = alias(reader)
        return Aggregated(name, expression, method, at)

    def _method(self) -> Method:
        token = self._reader.now
        for method in METHODS:
            if self._reader.is_word(method):
                self._reader.take()
                return method
        if token.kind == "word" and "." in token.text:
            raise unsupported(f"the method {token.text}", token.at)
        raise self._reader.unexpected("sum, min, max, average or countdistinct")

    _steps: Final[dict[str, Callable[[_Chain], Transformation]]] = {
        "filter": _filter,
        "compute": _compute,
        "aggregate": _aggregate,
        "groupby": _groupby,
    }
