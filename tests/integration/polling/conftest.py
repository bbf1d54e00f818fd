"""Fixtures of polling: simulators' loop, and a plant that nobody else's poller touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pymongo.database import Database

from hub.services import Services
from hub.services.devices.limits import PollingLimits
from hub.settings import Settings
from hub.wiring import open_hub
from tests.integration.polling.plant import Beside, Loop, Plant


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a folder of its own, as what waits for the database goes there."""
    folder: Path = tmp_path_factory.mktemp("polled")
    return replace(settings, data_dir=folder, polling=PollingLimits(flush_s=0.1))


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """A worker's own: its sink begins and ends once."""
    hub = open_hub(settings)
    yield hub.services
    hub.close()


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def plant(services: Services, database: Database) -> Iterator[Plant]:
    """Its devices are disabled afterwards."""
    plant = Plant(services, database)
    yield plant
    plant.clear()


@pytest.fixture
def beside(loop: Loop) -> Iterator[Beside]:
    beside = Beside(loop)
    yield beside
    beside.close()
