"""How the rows of a set are read that are no whole documents, and what is made of them.

The database chooses fields and computes none where it can, for that is what it does best: what
stands in an object of the hub's own is lifted out of it here, and what is only shown of a table
is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.query.odata import Property
from hub.query.odata.made import Table
from hub.query.odata.stages import Stage
from hub.services.odata.strict.sources import Source
from hub.values import Document


@dataclass(frozen=True, slots=True)
class Columns:
    """Some properties of a set, in order.

    Attributes:
        project: the stage that reads them, and the key property whether it is among them or not.
        nulls: the row in which everything is missing.
        lifted: the object, in each row, whose fields are properties of the same name; empty
            for none.
        tables: what is looked up, by name.
    """

    project: Stage
    nulls: Document
    lifted: str
    tables: Mapping[str, Table]

    def rows(self, read: list[Document]) -> list[Document]:
        """What was read, with each property by its name; what it was read from is used up.

        The key property comes last where it is not among the properties.
        """
        nulls, lifted = self.nulls, self.lifted
        if lifted:
            given = [{**nulls, **row.pop(lifted), **row} for row in read]
        else:
            given = [{**nulls, **row} for row in read]
        for name, table in self.tables.items():
            values, path = table.values, table.path
            for row in given:
                row[name] = values.get(row.pop(path))
        return given


def columns(source: Source, shown: Iterable[Property], *, made: bool) -> Columns:
    """The columns of a set's own entities.

    Args:
        made: the made fields of the set are there already, by the stages before.
    """
    names = {item.name: item for item in shown}
    key = source.entity.find((source.key,))
    assert key is not None
    fields: dict[str, Any] = {}
    tables: dict[str, Table] = {}
    for item in {key.name: key, **names}.values():
        name = item.name.replace("/", ".")
        table = None if made else source.tables.get(item.path)
        if table is not None:
            tables[item.name] = table
            fields[table.path] = 1
        elif item.path in (name, f"{source.lifted}.{name}"):
            fields[item.path] = 1
        else:
            fields[name] = f"${item.path}"
    return Columns({"$project": {"_id": 0, **fields}}, dict.fromkeys(names), source.lifted, tables)


def plain(project: Stage, shown: Iterable[Property]) -> Columns:
    """The columns of rows that a stage gives as they are to be."""
    return Columns(project, {item.name: None for item in shown}, "", {})
