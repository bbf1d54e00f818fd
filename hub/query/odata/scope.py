"""What names mean where an expression stands: properties, and the range variables in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hub.query.odata.ast import Lambda, Path
from hub.query.odata.hints import bare_text, no_property
from hub.query.odata.model import EntityType, Property
from hub.query.odata.refusal import bad
from hub.query.odata.typed import Field


@dataclass(frozen=True, slots=True)
class _Range:
    """A range variable: the names that lead to its collection, and the collection itself."""

    variable: str
    names: tuple[str, ...]
    members: Property


class Scope:
    """The names of one entity's properties; ``level`` is how many lambdas are around."""

    __slots__ = ("_entity", "_ranges")

    def __init__(self, entity: EntityType) -> None:
        self._entity = entity
        self._ranges: list[_Range] = []

    @property
    def level(self) -> int:
        return len(self._ranges)

    @contextmanager
    def ranging(self, node: Lambda) -> Iterator[int]:
        """The scope inside a lambda; gives its level."""
        names = (*self._above(node.path.variable), *node.path.names)
        whole = self._find(names, node.path.at, len(names))
        self._ranges.append(_Range(node.variable, names, whole))
        try:
            yield len(self._ranges)
        finally:
            self._ranges.pop()

    def field(self, path: Path) -> Field:
        """The field of a path.

        Raises:
            BadOData: there is no such property, or it is no value.
        """
        if path.variable:
            return self._of_member(path)
        if not path.names:
            raise bad("$it is a whole entity", path.at, "a property behind $it/")
        found = self._find(path.names, path.at)
        checked = self._entity.checked
        return Field(found.path, found.kind, 0, found.collection, checked, path.at)

    def check_text(self, path: Path) -> None:
        """Refuse a word that is no property, where a text can stand, as text without quotes."""
        if not path.variable and len(path.names) == 1 and self._entity.find(path.names) is None:
            raise bare_text(self._entity, path.names[0], path.at)

    def collection(self, path: Path) -> Field:
        """The field of a path that must be a collection, or of any kind."""
        found = self.field(path)
        if not found.collection and found.kind != "any":
            raise bad("this is no collection", path.at, "a collection")
        return found

    def _of_member(self, path: Path) -> Field:
        level = max(at for at, one in enumerate(self._ranges, 1) if one.variable == path.variable)
        around = self._ranges[level - 1]
        checked = self._entity.checked
        if not path.names:
            return Field("", around.members.kind, level, False, checked, path.at)
        found = self._find((*around.names, *path.names), path.at, len(around.names))
        inside = found.path.removeprefix(around.members.path + ".")
        return Field(inside, found.kind, level, found.collection, checked, path.at)

    def _above(self, variable: str) -> tuple[str, ...]:
        """The names from the entity to the members that a variable stands for."""
        return next((r.names for r in reversed(self._ranges) if r.variable == variable), ())

    def _find(self, names: tuple[str, ...], at: int, member: int = 0) -> Property:
        """The property of a path; the first ``member`` names lead to what a lambda goes through."""
        found = self._entity.find(names)
        if found is None:
            raise no_property(self._entity, names, at)
        for count in range(member + 1, len(names)):
            above = self._entity.find(names[:count])
            if above is not None and above.collection:
                raise bad(f"{names[count - 1]} is a collection", at, "any(…) or all(…) behind it")
        return found
