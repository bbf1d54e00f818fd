"""What pages of strict OData hold, whichever properties are asked for and by whichever way."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.services import Services
from tests.published import World, make

FULL = "application/json;odata.metadata=full"


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services) -> World:
    return make(client, services)


def page(world: World, name: str, accept: str = "", **options: str) -> list[dict[str, Any]]:
    headers = {"x-api-key": world.secret} | ({"Accept": accept} if accept else {})
    query = {f"${option}": text for option, text in options.items()}
    answer = world.client.get(f"/odata/v4/{name}", query_string=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [
        {key: value for key, value in row.items() if "@" not in key} for row in answer.json["value"]
    ]


SETS = {
    "Metadata": ["DOI", "DatasetName,Keywords", "CreateTimestamp,Id"],
    "Locations": ["DOI", "Name,Latitude", "RegionId,DOI,Id"],
    "Observations": ["DOI", "ResultValue,Id", "LocationId,ActivityStartYear", "CreateTimestamp"],
    "Records": ["DOI,DatasetName", "Id", "MonitoringLocationName,LocationId"],
}
ASKED = [(name, select) for name, selects in SETS.items() for select in selects]


@pytest.mark.parametrize("accept", ["", FULL], ids=["minimal", "full"])
@pytest.mark.parametrize(("name", "select"), ASKED)
def test_a_selection_is_the_whole_entity_cut(
    world: World, name: str, select: str, accept: str
) -> None:
    whole = page(world, name)
    names = select.split(",")
    cut = page(world, name, accept, select=select)
    assert cut == [{one: row[one] for one in names} for row in whole]
    assert all(list(row) == names for row in cut)


@pytest.mark.parametrize("name", SETS)
def test_every_property_stands_in_its_order_missing_or_not(world: World, name: str) -> None:
    shown = [list(row) for row in page(world, name)]
    assert all(names == shown[0] for names in shown)
    full = page(world, name, FULL)
    assert full == page(world, name)


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "DOI ne 'x'"},
        {"filter": "contains(DOI,'aaaa') or ResultValue gt 1"},
        {"compute": "concat(DOI,'x') as More", "select": "Id,DOI,More"},
        {"orderby": "DOI desc,Id"},
        {"search": "saturation"},
    ],
)
def test_a_doi_is_the_same_whether_the_database_needs_it_or_not(
    world: World, options: dict[str, str]
) -> None:
    known = {row["Id"]: row["DOI"] for row in page(world, "Observations")}
    found = page(world, "Observations", **options)
    assert found
    assert all(row["DOI"] == known[row["Id"]] for row in found)
    assert all(row.get("More", f"{row['DOI']}x") == f"{row['DOI']}x" for row in found)
