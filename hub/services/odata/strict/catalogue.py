"""The four sets of published observations, with those properties only that are really there.

What the DataStream dialect offers to filters alone is a property here, or does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hub.errors import UnsupportedOData
from hub.query.odata import Context, EntityType, Property
from hub.query.odata.ast import Expression
from hub.query.odata.bind import condition
from hub.query.odata.foreign import MARK
from hub.query.odata.made import Table, made
from hub.services.odata.crossing import Crossing
from hub.services.odata.deadline import Deadline
from hub.services.odata.sets import (
    LOCATIONS,
    METADATA,
    OBSERVATION,
    OBSERVATIONS,
    RECORDS,
    EntitySet,
)
from hub.services.odata.strict.sources import Narrowed, Source
from hub.store.pipelines import Pipelines
from hub.values import Dataset

_DERIVED: Final = ("ActivityStartYear", "ActivityGroupType")
_NAMES: Final[dict[str, tuple[EntitySet, str, tuple[str, ...]]]] = {
    "Metadata": (METADATA, "Metadatum", METADATA.selectable),
    "Locations": (LOCATIONS, "Location", (*LOCATIONS.selectable, "RegionId")),
    "Observations": (OBSERVATIONS, "Observation", (*OBSERVATIONS.selectable, *_DERIVED)),
    "Records": (RECORDS, "Record", (*RECORDS.selectable, "LocationId", *_DERIVED)),
}
"""The set of the other door, the name of the type, and the properties, by name of the set."""
DOI: Final = made("DOI")


def _property(found: EntitySet, name: str) -> Property:
    item = found.entity.find((name,))
    assert item is not None, name
    return replace(item, collection=True) if name == "RegionId" else item


def _own(item: Property) -> Property:
    """A property of another set as a made field."""
    return replace(item, path=DOI) if item.path.startswith(MARK) else item


_ACROSS: Final = {
    name: EntityType(tuple(_property(found, one) for one in names), checked=True)
    for name, (found, _, names) in _NAMES.items()
}
"""The types whose ``DOI`` stands in the set that it comes from."""
TYPES: Final = {
    name: EntityType(tuple(_own(item) for item in entity.properties), checked=True)
    for name, entity in _ACROSS.items()
}


def type_name(name: str) -> str:
    """The name of the type of a set's entities."""
    return _NAMES[name][1]


def source(name: str, published: Sequence[Dataset], pipelines: Pipelines) -> Source:
    """One of the four sets, as far as these datasets go.

    Raises:
        KeyError: there is none of that name.
    """
    found, type_, _ = _NAMES[name]
    ids = [dataset.uuid for dataset in published]
    dois = {dataset.uuid: dataset.catalogue.get("DOI") for dataset in published}

    def narrow(tree: Expression | None, context: Context, deadline: Deadline) -> Narrowed:
        crossing = Crossing(pipelines, deadline)
        across = replace(context, entity=_ACROSS[name])
        try:
            node = None if tree is None else condition(tree, across)
            reached = crossing.reached(found, node, ids, across)
        except UnsupportedOData:
            reached = crossing.reached(found, None, ids, across)
            return Narrowed(reached.boundary, None if tree is None else condition(tree, context))
        return Narrowed(reached.boundary, reached.condition)

    return Source(
        name=name,
        type=type_,
        entity=TYPES[name],
        order=(found.key,),
        narrow=narrow,
        tables={DOI: Table(found.owner, dois)} if found is not METADATA else {},
        lifted=OBSERVATION if found.key.startswith(f"{OBSERVATION}.") else "",
    )
