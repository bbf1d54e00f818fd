"""What the query options beside ``$filter`` say, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hub.query.odata.ast import Expression, Path

Method: TypeAlias = Literal["sum", "min", "max", "average", "countdistinct"]
METHODS: tuple[Method, ...] = ("sum", "min", "max", "average", "countdistinct")


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item of ``$orderby``."""

    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """A ``$select``; ``everything`` is ``*``, which ``paths`` cannot widen."""

    paths: tuple[Path, ...]
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """``expression as name``"""

    expression: Expression
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregated:
    """``expression with method as name``; without expression and method ``$count as name``."""

    name: str
    expression: Expression | None = None
    method: Method | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FilterBy:
    """``filter(expression)``"""

    expression: Expression


@dataclass(frozen=True, slots=True)
class GroupBy:
    """``groupby((paths),aggregate(items))``; no paths: ``aggregate(items)`` alone."""

    paths: tuple[Path, ...]
    items: tuple[Aggregated, ...]


@dataclass(frozen=True, slots=True)
class ComputeWith:
    """``compute(items)``"""

    items: tuple[Computed, ...]


Transformation: TypeAlias = FilterBy | GroupBy | ComputeWith
"""One step of ``$apply``; ``identity`` leaves none."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or, with blanks in it, a phrase of ``$search``."""

    text: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Two searches or more, all of which must match."""

    terms: tuple[Search, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Two searches or more, one of which must match."""

    terms: tuple[Search, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """A search that must not match."""

    term: Search


Search: TypeAlias = Word | AllOf | AnyOf | Without
