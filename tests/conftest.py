"""Fixtures: a real mongod for the session, and the hub over it in its several forms."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as properties
from pymongo import MongoClient
from pymongo.database import Database

from hub.app import create_app
from hub.services import Services
from hub.settings import Settings
from hub.store.mongod import acquire
from hub.wiring import open_hub
from tests.live import Live, running

properties.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("hub")
"""No example fails for being slow: the machine may be busy."""


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server: the embedded one, or the one that TEST_MONGO_URI names."""
    if given := os.environ.get("TEST_MONGO_URI"):
        yield given
        return
    with acquire(tmp_path_factory.mktemp("mongo")) as lease:
        yield lease.uri


@contextmanager
def fresh(mongo_uri: str) -> Iterator[Database]:
    """An empty database of a random name, dropped afterwards."""
    with MongoClient(mongo_uri, tz_aware=True) as client:
        name = f"test_{secrets.token_hex(6)}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def mongo_db(mongo_uri: str) -> Iterator[Database]:
    """A database of the test's own."""
    with fresh(mongo_uri) as database:
        yield database


@pytest.fixture(scope="module")
def database(mongo_uri: str) -> Iterator[Database]:
    """The database behind ``services``; a module's tests share it, each with its own dataset."""
    with fresh(mongo_uri) as database:
        yield database


@pytest.fixture(scope="module")
def settings(mongo_uri: str, database: Database) -> Settings:
    return Settings(mongo_uri=mongo_uri, mongo_db=database.name, secret="s" * 40)


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    hub = open_hub(settings)
    yield hub.services
    hub.close()


@pytest.fixture(scope="module")
def client(settings: Settings, services: Services) -> FlaskClient:
    """The web application in this process, over real services."""
    return create_app(settings, services).test_client()


@dataclass(frozen=True)
class Access:
    """A dataset and the key that opens it."""

    uuid: str
    secret: str

    @property
    def url(self) -> str:
        return f"/api/dataset/{self.uuid}/"

    @property
    def auth(self) -> tuple[str, str]:
        return (self.secret, "")


@pytest.fixture
def dataset(services: Services) -> Access:
    made = services.datasets.create("a dataset")
    return Access(made.dataset.uuid, made.access.secret)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The whole hub as users run it: web, worker and its own mongod, on a free port."""
    with running(tmp_path_factory.mktemp("hub")) as hub:
        yield hub
