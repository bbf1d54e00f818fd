"""What an entity has: properties by name, where they are stored, of which kind.

How a kind is stored: ``datetime`` as a BSON date; ``date`` as text ``YYYY-MM-DD``; ``time`` as
text ``HH:MM``, with or without seconds and a fraction; ``guid`` as text in small letters;
``integer`` and ``number`` as any BSON number. A duration cannot be stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.query.odata.functions import Kind


@dataclass(frozen=True, slots=True)
class Property:
    """One property.

    Attributes:
        name: as OData writes it; the parts of a nested one are joined by ``/``.
        path: dotted path of the field. Inside a collection of objects it begins with the
            path of the collection.
        kind: ``any`` if it is known only with the value; never ``null`` or ``duration``.
        collection: the field holds an array of such values.
    """

    name: str
    path: str
    kind: Kind
    collection: bool = False


@dataclass(frozen=True, slots=True)
class EntityType:
    """The type of an entity.

    Attributes:
        open: other names than those of ``properties`` are fields of the same name and of
            any kind.
        checked: every stored value is of the kind its property states, or null, or missing.
            If not, a value of another kind equals no literal, orders with nothing, and is
            null to arithmetic and functions, and yet it is not null; an array is of another
            kind to every property that is no collection.
    """

    properties: tuple[Property, ...]
    open: bool = False
    checked: bool = False
    _by_name: dict[str, Property] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {item.name: item for item in self.properties}
        object.__setattr__(self, "_by_name", by_name)

    def find(self, names: tuple[str, ...]) -> Property | None:
        """The property at a path of names; None where there is none.

        Below an ``object`` of which nothing is declared, below ``any``, and in an open type,
        every name is a field.
        """
        for count in range(len(names), 0, -1):
            known = self._by_name.get("/".join(names[:count]))
            if known is None:
                continue
            if count == len(names):
                return known
            return self._below(known, names[count:])
        return _free("/".join(names), names) if self.open else None

    def _below(self, known: Property, names: tuple[str, ...]) -> Property | None:
        if known.kind not in ("object", "any"):
            return None
        closed = known.kind == "object" and not self.open
        if closed and any(item.startswith(known.name + "/") for item in self._by_name):
            return None
        return _free(f"{known.name}/{'/'.join(names)}", (known.path, *names))

    def adding(self, *properties: Property) -> EntityType:
        """The same type with more properties, which take the place of those so named."""
        names = {item.name for item in properties}
        kept = tuple(item for item in self.properties if item.name not in names)
        return EntityType((*kept, *properties), self.open, self.checked)


def _free(name: str, names: tuple[str, ...]) -> Property:
    return Property(name, ".".join(names), "any")
