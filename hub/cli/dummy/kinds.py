"""What a made-up stream holds: its domain as it is asked for, and values out of it.

A list of them is written ``int(0,10),float(-2,2),enum(on,off),graph(4,6)``; without the
parentheses each has a domain of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any, ClassVar, Protocol

from hub.cli.dummy.noise import Moments, signal, uniform
from hub.series.names import ValueType

WHOLE_MAX = 2**53 - 1
NODES_MAX = 100
EDGES_MAX = 100
DIGITS = 4
"""Of a float, counted from the leading one of its domain's width."""


class Kind(Protocol):
    """``domain`` is as it was asked for; ``lowest`` and ``highest`` are null for no numbers."""

    @property
    def value_type(self) -> ValueType: ...
    @property
    def sentence(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def lowest(self) -> float | None: ...
    @property
    def highest(self) -> float | None: ...

    def values(self, at: Moments, salt: int) -> list[Any]:
        """A value for each moment, always the same ones for the same moments and salt."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers from ``lowest`` to ``highest``, evenly spread."""

    lowest: int
    highest: int
    value_type: ClassVar[ValueType] = "numeric"

    @property
    def domain(self) -> str:
        return f"{self.lowest},{self.highest}"

    @property
    def sentence(self) -> str:
        return f"Whole numbers from {self.lowest} to {self.highest}, each as likely as the next."

    def values(self, at: Moments, salt: int) -> list[Any]:
        width = self.highest - self.lowest + 1
        return [self.lowest + int(share * width) for share in uniform(at, salt).tolist()]


@dataclass(frozen=True, slots=True)
class Real:
    """Numbers that swing through the domain once a day."""

    lowest: float
    highest: float
    value_type: ClassVar[ValueType] = "numeric"

    @property
    def domain(self) -> str:
        return f"{self.lowest},{self.highest}"

    @property
    def sentence(self) -> str:
        return (
            f"A daily curve between {self.lowest} and {self.highest}, with waves and noise on it."
        )

    def values(self, at: Moments, salt: int) -> list[Any]:
        width = self.highest - self.lowest
        places = DIGITS - math.floor(math.log10(width))
        found = (float(self.lowest + width * share) for share in signal(at, salt).tolist())
        return [min(max(round(value, places), self.lowest), self.highest) for value in found]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some names, each as likely as the next."""

    names: tuple[str, ...]
    value_type: ClassVar[ValueType] = "nominal"
    lowest: ClassVar[None] = None
    highest: ClassVar[None] = None

    @property
    def domain(self) -> str:
        return ",".join(self.names)

    @property
    def sentence(self) -> str:
        return f"One of {len(self.names)} names at a time, each as likely as the next."

    def values(self, at: Moments, salt: int) -> list[Any]:
        return [self.names[int(share * len(self.names))] for share in uniform(at, salt).tolist()]


@dataclass(frozen=True, slots=True)
class Graph:
    """Directed graphs of so many vertices, joined by so many edges at random."""

    nodes: int
    edges: int
    value_type: ClassVar[ValueType] = "graph"
    lowest: ClassVar[None] = None
    highest: ClassVar[None] = None

    @property
    def domain(self) -> str:
        return f"{self.nodes},{self.edges}"

    @property
    def sentence(self) -> str:
        return f"Directed graphs of {self.nodes} vertices, joined by {self.edges} edges at random."

    def values(self, at: Moments, salt: int) -> list[Any]:
        pairs = list(permutations(range(self.nodes), 2))
        vertices = [{"i": node} for node in range(self.nodes)]
        return [
            {
                "v": vertices,
                "e": [
                    {"f": one, "t": other} for one, other in Random(share).sample(pairs, self.edges)
                ],
            }
            for share in uniform(at, salt).tolist()
        ]


DEFAULTS = {"int": "0,100", "float": "0,100", "enum": "a,b,c", "graph": "4,6"}
ITEM = re.compile(rf"\s*({'|'.join(DEFAULTS)})\s*+(?:\(([^()]*)\))?\s*+(,|$)")


def kinds(text: str) -> tuple[Kind, ...]:
    """The kinds that a text lists.

    Raises:
        ValueError: no such list, or a domain that is none; says which.
    """
    found: list[Kind] = []
    at, more = 0, ","
    while more:
        item = ITEM.match(text, at)
        if item is None:
            raise ValueError(
                f"{text[at:]!r} is no list of int(a,b), float(a,b), enum(x,y,...), graph(n,m)"
            )
        name, domain, more = item[1], item[2], item[3]
        arguments = [part.strip() for part in (domain or DEFAULTS[name]).split(",")]
        found.append(MAKERS[name](arguments))
        at = item.end()
    return tuple(found)


def _whole(arguments: list[str]) -> Kind:
    lowest, highest = _two(arguments, "int(a,b)", int)
    if not -WHOLE_MAX <= lowest <= highest <= WHOLE_MAX:
        raise ValueError(f"int(a,b): a is at most b, and both are within {WHOLE_MAX}")
    return Whole(lowest, highest)


def _real(arguments: list[str]) -> Kind:
    lowest, highest = _two(arguments, "float(a,b)", _number)
    if not (lowest < highest and math.isfinite(highest - lowest)):
        raise ValueError("float(a,b): a is less than b, and both are finite")
    return Real(lowest, highest)


def _choice(arguments: list[str]) -> Kind:
    if not all(arguments):
        raise ValueError("enum(x,y,...): a name is empty")
    return Choice(tuple(arguments))


def _graph(arguments: list[str]) -> Kind:
    nodes, edges = _two(arguments, "graph(nodes,edges)", int)
    if not (1 <= nodes <= NODES_MAX and 0 <= edges <= min(EDGES_MAX, nodes * (nodes - 1))):
        raise ValueError(
            f"graph(nodes,edges): 1 to {NODES_MAX} nodes, at most {EDGES_MAX} edges, "
            "and one from each node to each other one"
        )
    return Graph(nodes, edges)


def _two(arguments: list[str], form: str, read: Callable[[str], Any]) -> tuple[Any, Any]:
    try:
        one, other = (read(argument) for argument in arguments)
    except ValueError as exc:
        raise ValueError(f"{form} takes two numbers") from exc
    return one, other


def _number(text: str) -> float:
    """A whole number stays one, so that it is shown as it was written."""
    try:
        return int(text)
    except ValueError:
        return float(text)


MAKERS = {"int": _whole, "float": _real, "enum": _choice, "graph": _graph}
