"""One page of an answer: rows on their way out, and the token of the page behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hub.query.odata import Property
from hub.query.odata.asking import Asked
from hub.query.odata.skiptoken import Place, SkipTokens
from hub.services.rows import Rows
from hub.values import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What rows look like, before they are written.

    Attributes:
        properties: what each one has, in order; those of an open type are not all.
        below: what is known of the insides of those that are objects.
        above: the collections that properties are inside of.
        whole: rows are documents as they are stored; else fields are named as properties.
        open: fields that are no property are given too.
        grouped: they are no entities of their set.
        checked: every value is of the kind of its property.
        hidden: a field that each row has, and that is not given; empty for none.
    """

    properties: tuple[Property, ...]
    below: tuple[Property, ...] = ()
    above: tuple[Property, ...] = ()
    whole: bool = False
    open: bool = False
    grouped: bool = False
    checked: bool = False
    hidden: str = ""


class Page:
    """Rows in batches; iterate once, then ``close``. ``token`` is there when all are out.

    Whoever takes a batch may change its rows.
    """

    def __init__(
        self,
        rows: Rows,
        shape: Shape,
        size: int,
        following: Following | None = None,
    ) -> None:
        """Args:
        size: rows of this page, at most.
        following: None if ``size`` is all that was asked for.
        """
        self.shape = shape
        self.count: int | None = None
        self.token: str | None = None
        self._rows = rows
        self._size = size
        self._following = following

    def __iter__(self) -> Iterator[list[Document]]:
        try:
            yield from self._taken()
        finally:
            self.close()

    def _taken(self) -> Iterator[list[Document]]:
        given, after, following = 0, None, self._following
        for batch in self._rows:
            taken = batch.rows[: self._size - given]
            given += len(taken)
            if taken and following is not None:
                after = following.keys(taken[-1])
            if len(taken) < len(batch.rows):
                if following is not None and given:
                    self.token = following.token(after, given)
                yield taken
                return
            yield taken

    def close(self) -> None:
        """Let go of the cursor; harmless when called again."""
        self._rows.close()


def begun(asked: Asked, question: str, tokens: SkipTokens, wish: int | None) -> Place:
    """Where a page begins: at a token, or at the beginning.

    Args:
        wish: rows of a page, as the client of this page wishes; else as that of the first did.

    Raises:
        BadToken: the token is no one's, or of another question.
    """
    if asked.skiptoken is None:
        return Place(None, asked.skip, asked.top, wish)
    place = tokens.read(question, asked.skiptoken)
    return replace(place, size=wish or place.size)


def size_of(place: Place, most: int) -> int:
    """How many rows the page at a place has, at most."""
    size = min(place.size or most, most)
    return size if place.left is None else min(size, place.left)


@dataclass(frozen=True, slots=True)
class Following:
    """Makes tokens.

    Attributes:
        place: where the page itself begins.
        keys: those of a row; None where rows are not in the order of their keys.
    """

    place: Place
    keys: Callable[[Document], tuple[object, ...] | None]
    write: Callable[[Place], str]

    def token(self, after: tuple[object, ...] | None, given: int) -> str:
        """The token behind so many rows, the last one of which has these keys."""
        left = None if self.place.left is None else self.place.left - given
        return self.write(Place(after, self.place.passed + given, left, self.place.size))
