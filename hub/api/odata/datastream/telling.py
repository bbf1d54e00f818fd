"""The sets of the DataStream API: what may be asked of them, and what a row is."""

from __future__ import annotations

from typing import Final

from hub.api.odata.datastream.asked import FORMS, TOP_DEFAULT, TOP_MAX
from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, WHOLE, list_of, or_null, some_of
from hub.api.openapi.told import CSV, JSON, Answer, Given, Named, Place, Told
from hub.query.odata import Kind
from hub.services.odata.sets import SETS, EntitySet
from hub.values import Document

_KINDS: Final[dict[Kind, Document]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": FLAG,
}
"""Kinds that are not told as text."""
_OPTIONS: Final = (
    Given("$filter", TEXT, "Which rows."),
    Given("$select", TEXT, "Which properties, with commas between them."),
    Given(
        "$top",
        {"type": "integer", "minimum": 1, "maximum": TOP_MAX, "default": TOP_DEFAULT},
        "How many rows a page has.",
    ),
    Given("$skiptoken", TEXT, "What the link to the next page says."),
    Given("$count", FLAG | {"default": False}, "Only the number of rows."),
    Given("$format", some_of(*FORMS), "The format; otherwise `Accept` says it."),
)


def places(root: str) -> tuple[Place, ...]:
    """The sets of the DataStream API."""
    return tuple(
        Place(
            of.name,
            f"{root}/{of.name}",
            f"Read published {of.name}",
            Told(
                query=_OPTIONS,
                answers={200: _rows(of)},
                refuses=(408, 413, 501),
            ),
        )
        for of in SETS.values()
    )


def _rows(of: EntitySet) -> Answer:
    properties = {item.name: item for item in of.entity.properties}
    told = {}
    for name in of.selectable:
        item = properties[name]
        kind = _KINDS.get(item.kind, TEXT)
        told[name] = or_null(list_of(kind) if item.collection else kind)
    row = Named(f"{of.name}Row", closed(told, *told))
    page = closed({"value": list_of(row), "@odata.nextLink": TEXT}, "@odata.nextLink")
    number = closed({"value": WHOLE})
    return Answer(
        "A page of rows, or their number.",
        {"anyOf": [page, number]},
        (JSON, CSV),
        ("Link", "Hub-Count"),
    )
