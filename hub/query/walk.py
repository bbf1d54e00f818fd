"""The machinery of the walk: what is left to check, who asks, and how much a stage copies.

Checks never call themselves on what the client nested; they leave the children with
``later`` and ``run`` takes them up, so the depth of a query is not the depth of our stack.

Growth. A reference to a field is free for the server until the same data stands in several
places: ``["$a", "$a"]`` twenty stages long is a million copies, and no time limit stops the
server while it measures or writes them. ``Uses`` counts, per stage and per variable, how
often the same data is built into a result; the product over a pipeline is its growth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hub.query.limits import Limits
from hub.query.refusal import Path, bad, over, reserved
from hub.query.tables import FOREIGN, Access


class Judged(Protocol):
    """What the rules of every table have in common."""

    @property
    def access(self) -> Access: ...
    @property
    def why(self) -> str: ...


@dataclass(slots=True)
class Uses:
    """How often each field of one source is built into a result."""

    counts: dict[str, int] = field(default_factory=dict)
    items: int = 0

    def add(self, name: str) -> None:
        """Count one more use; the name ``""`` is the whole source."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def factor(self) -> int:
        """How many times the source can stand in the result, at least 1."""
        whole = self.counts.get("", 0)
        parts = [count for name, count in self.counts.items() if name]
        return max(1, whole + max(parts, default=0))


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression sees: its variables, and whether its value is built in.

    ``element`` is the variable of the ``$map`` or ``$filter`` we are inside of.
    """

    variables: Mapping[str, Uses] = field(default_factory=dict)
    builds: bool = True
    element: str | None = None

    def building(self, builds: bool) -> Scope:
        """The same scope for operands that are, or are not, built into the result."""
        return self if self.builds is builds else replace(self, builds=builds)

    def binding(self, names: Mapping[str, Uses]) -> Scope:
        """The same scope with more variables."""
        return replace(self, variables={**self.variables, **names})


class Walk:
    """One validation: limits, rights, and the checks still to do."""

    __slots__ = ("_bound", "_growers", "_todo", "analyst", "document", "limits")

    def __init__(self, limits: Limits, *, analyst: bool) -> None:
        self.limits = limits
        self.analyst = analyst
        self.document = Uses()
        self._bound: list[Uses] = []
        self._growers = 0
        self._todo: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def later(self, check: Callable[..., None], *args: Any) -> None:
        """Leave a check for ``run``; it is called as ``check(walk, *args)``."""
        self._todo.append((check, args))

    def run(self) -> None:
        """Do what was left to do, and what that leaves."""
        todo = self._todo
        while todo:
            check, args = todo.pop()
            check(self, *args)

    def judge(self, rule: Judged | None, name: str, path: Path) -> None:
        """Refuse an operator that is unknown here, never allowed, or an analyst's.

        Raises:
            BadQuery: unknown in this position, or refused to everybody.
            Forbidden: it needs the scope of an analyst, which this walk has not.
        """
        if rule is None:
            raise _unknown(name, path)
        if rule.access == "never":
            raise bad(f"{name} is not accepted: {rule.why}", path, name)
        if rule.access == "analyst" and not self.analyst:
            raise reserved(name, path)

    def bind(self) -> Uses:
        """A new variable of this stage."""
        uses = Uses()
        self._bound.append(uses)
        return uses

    def grower(self, name: str, path: Path) -> None:
        """Count one operator that makes long strings or arrays."""
        self._growers += 1
        if self._growers > self.limits.growers_max:
            raise over("growers_max", self.limits.growers_max, path, name)

    def settle(self, *, keeps: bool) -> int:
        """The growth of the stage just walked, at least 1; the next stage starts afresh.

        Args:
            keeps: the stage adds to the fields that are there.
        """
        growth = self.document.factor() + (keeps and bool(self.document.counts))
        for uses in self._bound:
            growth *= uses.factor()
        self.document = Uses()
        self._bound.clear()
        return growth


def _unknown(name: str, path: Path) -> Exception:
    foreign = FOREIGN.get(name)
    if foreign:
        return bad(f"{name} is not accepted: {foreign.why}", path, name)
    return bad(f"{name[:64]} is not known here", path, name)
