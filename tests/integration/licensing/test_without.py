"""Nothing of the hub asks for a licence: each address answers alike without one, and whatever
stands in its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.services.licensing.licences import written
from hub.settings import Settings
from tests.integration.test_every_route import Route, routes
from tests.licences import ISSUER, ISSUER_TEXT, STRANGER, licence

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
OWN = "/api/license/"
OTHERS = [route for route in routes() if not route.rule.rule.startswith(OWN)]


@pytest.fixture(scope="module")
def settings(mongo_uri: str, database: Database[Any]) -> Settings:
    return Settings(
        mongo_uri=mongo_uri,
        mongo_db=database.name,
        secret="s" * 40,
        license_public_key=ISSUER_TEXT,
    )


def walked(client: FlaskClient, services: Services) -> dict[str, int]:
    """What every other address answers to somebody with a key for everything."""
    dataset = services.datasets.create("walked").dataset.uuid
    key = services.keys.create("k", scopes.SCOPES).secret

    def asked(route: Route) -> int:
        url = route.url(dataset)
        return client.open(url, method=route.method, auth=(key, "")).status_code

    return {f"{route.method} {route.rule.rule}": asked(route) for route in OTHERS}


def kept(state: str, instance: str) -> str:
    """The text of a licence that is in this state."""
    given = licence(instance=instance, issued=BEGAN, start=BEGAN, end=BEGAN + timedelta(days=1))
    return written(given, STRANGER if state == "untrusted" else ISSUER)


def test_every_address_answers_as_without_one(
    client: FlaskClient, services: Services, database: Database[Any]
) -> None:
    instance = services.system.licensing.standing().instance
    before = walked(client, services)
    assert 200 in before.values()
    assert 500 not in before.values()
    for state in ("expired", "untrusted"):
        row = {"_id": "license", "text": kept(state, instance)}
        database.hub.replace_one({"_id": "license"}, row, upsert=True)
        assert services.system.licensing.standing().state == state
        assert walked(client, services) == before
