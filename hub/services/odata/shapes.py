"""Rows as a set gives them: every property asked for, null where there is no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from hub.query import Pipeline
from hub.query.odata import guarded_stages
from hub.query.odata.foreign import MARK
from hub.services.odata.sets import OBSERVATION, SETS, EntitySet
from hub.values import Document

KEY: Final = "Id"
DOI: Final = "DOI"


@dataclass(frozen=True, slots=True)
class Shape:
    """Some properties of a set, in order.

    Attributes:
        of: the set.
        project: the stage that reads them, and the key whether it is among them or not. It
            chooses fields and computes none where it can, for that is what a server does best.
        nulls: the row in which everything is missing.
        nested: the key and others stand under ``_observation``.
        moments: the properties that are dates in the database.
        cited: the DOI is asked for, and the UUID of the dataset is read.
    """

    of: EntitySet
    names: tuple[str, ...]
    project: Mapping[str, Any]
    nulls: Document
    nested: bool
    moments: tuple[str, ...]
    cited: bool

    def stages(self, most: int | None) -> Pipeline:
        """The stages behind a condition: in order of the key, ``most`` rows if that is given."""
        return _stages(self.of.name, self.names, most)

    def key(self, read: Document) -> Any:
        """The key of a row that was read."""
        return read[OBSERVATION][KEY] if self.nested else read[KEY]

    def rows(self, read: list[Document], dois: Mapping[str, str | None]) -> list[Document]:
        """What was read, as it is given; what it was read from is used up."""
        nulls, owner = self.nulls, self.of.owner
        if self.nested:
            given = [{**nulls, **row.pop(OBSERVATION), **row} for row in read]
        else:
            given = [{**nulls, **row} for row in read]
        if self.cited:
            for row in given:
                row[DOI] = dois.get(row.pop(owner))
        for name in self.moments:
            for row in given:
                row[name] = _moment(row[name])
        if KEY not in nulls:
            for row in given:
                del row[KEY]
        return given


@lru_cache(1024)
def shape(of: str, names: tuple[str, ...]) -> Shape:
    """The shape of some properties of a set."""
    found = SETS[of]
    items = {item.name: item for item in found.entity.properties}
    fields: dict[str, Any] = {"_id": 0}
    cited = False
    for name in (KEY, *names):
        path = items[name].path
        if path.startswith(MARK):
            fields[found.owner], cited = 1, True
        elif path in (name, f"{OBSERVATION}.{name}"):
            fields[path] = 1
        else:
            fields[name] = f"${path}"
    moments = tuple(name for name in names if items[name].kind == "datetime")
    nested = found.key == f"{OBSERVATION}.{KEY}"
    nulls: Document = dict.fromkeys(names)
    return Shape(found, names, {"$project": fields}, nulls, nested, moments, cited)


@lru_cache(1024)
def _stages(of: str, names: tuple[str, ...], most: int | None) -> Pipeline:
    cut = [] if most is None else [{"$limit": most}]
    order = {"$sort": {SETS[of].key: 1}}
    return guarded_stages([order, *cut, dict(shape(of, names).project)])


def _moment(value: datetime | None) -> str | None:
    """ISO-8601 with milliseconds and ``Z``; what is read is UTC."""
    if value is None:
        return None
    return value.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
