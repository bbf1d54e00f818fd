"""Filters that an index serves: plain operators on the field, checked model or not."""

from __future__ import annotations

from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.collection import Collection
from pymongo.database import Database

from hub.query.odata import DATASTREAM, Context, EntityType, Property, guarded_filter, parse_filter

PROPERTIES = (
    Property("Id", "_id", "string"),
    Property("DOI", "doi", "string"),
    Property("Year", "when.year", "integer"),
    Property("Tags", "tags", "string", collection=True),
)


@pytest.fixture(scope="module")
def rows(database: Database) -> Collection:
    found = database["odata_plans"]
    found.insert_many(
        {"_id": ObjectId(f"{n:024x}"), "doi": f"10.{n}/x", "when": {"year": n}, "tags": [f"t{n}"]}
        for n in range(100)
    )
    for path in ("doi", "when.year", "tags"):
        found.create_index(path)
    return found


def plan(rows: Collection, text: str, checked: bool) -> tuple[int, int, int]:
    """How many keys and documents the server looked at, and how many rows it gave."""
    context = Context(EntityType(PROPERTIES, checked=checked), DATASTREAM)
    found = guarded_filter(parse_filter(text, DATASTREAM), context)
    stats: dict[str, Any] = rows.find(found.document).explain()["executionStats"]
    return stats["totalKeysExamined"], stats["totalDocsExamined"], stats["nReturned"]


@pytest.mark.parametrize("checked", [True, False], ids=["checked", "unchecked"])
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("DOI eq '10.5/x'", 1),
        ("DOI in ('10.5/x','10.6/x')", 2),
        ("startswith(DOI,'10.5/')", 1),
        ("Year gt '97'", 2),
        ("Year ge 10 and Year lt 12", 2),
        ("not (Year lt 98)", 2),
        ("DOI eq '10.5/x' or Year eq 7", 2),
        ("Tags/any(t:t eq 't5')", 1),
        ("'t5' in Tags", 1),
        ("Id eq '000000000000000000000005'", 1),
        ("Id lt '000000000000000000000005'", 5),
    ],
)
def test_an_index_serves_it(rows: Collection, text: str, count: int, checked: bool) -> None:
    keys, documents, given = plan(rows, text, checked)
    assert given == count
    assert documents == count
    assert keys <= 2 * count + 1


def test_what_can_never_be_looks_at_nothing(rows: Collection) -> None:
    assert plan(rows, "DOI gt null or 1 eq 2", checked=False) == (0, 0, 0)
