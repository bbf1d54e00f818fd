"""What both OData roots say of names that they do not know."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hub.services import Services
from tests.published import World, make


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services) -> World:
    return make(client, services)


SAID = [
    ({"$filter": "CharacteristicNam eq 'pH'"}, "CharacteristicName"),
    ({"$filter": "CharacteristicName eq pH"}, "'pH'"),
    ({"$filter": "startwith(CharacteristicName,'pH')"}, "startswith"),
    ({"$filter": "CharacteristicName equals 'pH'"}, "eq"),
    ({"$select": "ResultUnits"}, "ResultUnit"),
]
STRICT = [
    ({"$orderby": "ResultUnits desc"}, "ResultUnit"),
    ({"$apply": "groupby((ResultUnits))"}, "ResultUnit"),
]


@pytest.mark.parametrize(("options", "expected"), SAID)
def test_the_datastream_root_names_the_nearest(
    world: World, options: dict[str, str], expected: str
) -> None:
    answer = world.get("Observations", options)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error["detail"]["expected"].startswith(expected)
    assert error["target"] == next(iter(options))


@pytest.mark.parametrize(("options", "expected"), [*SAID, *STRICT])
def test_the_strict_root_names_the_nearest(
    world: World, options: dict[str, str], expected: str
) -> None:
    headers = {"x-api-key": world.secret}
    answer = world.client.get("/odata/v4/Observations", query_string=options, headers=headers)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error["details"][0]["message"].startswith(expected)
    assert error["target"] == next(iter(options))
