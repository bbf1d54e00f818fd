"""What the tests of terminals share."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from tests.integration.terminal.world import World
from tests.plant import door, fresh


@pytest.fixture
def world(client: FlaskClient, services: Services) -> World:
    return World(fresh("host").replace(" ", "-"), door(client, services, scopes.TERMINAL))


@pytest.fixture
def audit(database: Database[Any]) -> Any:
    """What the audit says of a host, oldest first."""

    def found(host: str) -> list[dict[str, Any]]:
        return list(database["audit"].find({"host": host}).sort("_id", 1))

    return found
