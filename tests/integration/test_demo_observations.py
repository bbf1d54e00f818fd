"""``hub demo observations``: datasets, rows and regions made up, once, and where they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from pymongo.database import Database

from hub.cli.root import hub
from hub.cli.sample.entries import entry
from hub.cli.sample.making import BATCH
from hub.cli.sample.rows import rows
from hub.services import Services
from hub.settings import Settings
from tests.live import ROOT, wait_until

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def env(settings: Settings) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return own | {
        "HUB_MONGO_URI": str(settings.mongo_uri),
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": str(settings.secret),
    }


@pytest.fixture
def run(env: dict[str, str], services: Services) -> Iterator[Run]:
    """Runs the command in this process; its JSON. There are no datasets before and after."""

    def invoked(*options: str, status: int = 0) -> Any:
        arguments = ["demo", "observations", "--json", *options]
        done = CliRunner().invoke(hub, arguments, env=env)
        assert done.exit_code == status, done.output
        return orjson.loads(done.stdout) if done.stdout else done.stderr

    yield invoked
    for dataset in services.datasets.all():
        services.datasets.delete(dataset.uuid)
        for _ in services.datasets.purge(dataset.uuid):
            pass


def names(database: Database, dataset: str) -> list[tuple[Any, ...]]:
    """The rows of a dataset in the order of ``Id``, each by what tells it from the others."""
    found = database.documents.find({"_datasetid": dataset}).sort("_observation.Id")
    return [told_apart(row) for row in found]


def told_apart(row: dict[str, Any]) -> tuple[Any, ...]:
    columns = (
        *("MonitoringLocationID", "ActivityStartDate", "ActivityStartTime", "ActivityType"),
        *("CharacteristicName", "ResultValue"),
    )
    return tuple(row.get(name) for name in columns)


def sample(number: int, count: int, seed: int = 1) -> list[tuple[Any, ...]]:
    told = entry(seed, number)
    found = islice(rows(seed, number, told.theme, told.name), count)
    return [told_apart(row) for row in found]


def test_it_makes_published_datasets_with_an_entry(run: Run, services: Services):
    told = run("--rows", "700", "--datasets", "3")
    assert [each["rows"] for each in told["datasets"]] == [234, 233, 233]
    found = services.datasets.all()
    assert [d.catalogue["DOI"] for d in found] == [entry(1, n).doi for n in range(3)]
    assert all(d.kind == "observations" and d.published for d in found)
    assert [d.name for d in found] == [entry(1, n).name for n in range(3)]


def test_the_rows_are_those_of_the_seed(run: Run, database: Database):
    told = run("--rows", "300", "--datasets", "1", "--seed", "5")
    assert names(database, told["datasets"][0]["dataset"]) == sample(0, 300, seed=5)


def test_again_it_adds_nothing(run: Run, database: Database):
    before = run("--rows", "500", "--datasets", "2")
    again = run("--rows", "500", "--datasets", "2")
    assert (again["added"], again["regions"]) == (0, 0)
    assert [d["dataset"] for d in again["datasets"]] == [d["dataset"] for d in before["datasets"]]
    assert database.documents.count_documents({}) == 500


def test_asked_for_more_it_adds_what_is_missing(run: Run, database: Database):
    run("--rows", "300", "--datasets", "1")
    told = run("--rows", "800", "--datasets", "1")
    assert told["added"] == 500
    assert names(database, told["datasets"][0]["dataset"]) == sample(0, 800)


def test_people_are_told_that_nothing_was_added(run: Run, env: dict[str, str]):
    run("--rows", "100", "--datasets", "1")
    arguments = ["demo", "observations", "--rows", "100", "--datasets", "1"]
    done = CliRunner().invoke(hub, arguments, env=env)
    assert done.stdout.splitlines()[-1].startswith("Nothing was added")


def test_without_publishing_it_is_in_no_catalogue(run: Run, services: Services):
    run("--rows", "100", "--datasets", "1", "--no-publish")
    assert [d.published for d in services.datasets.all()] == [None]


def test_a_strange_dataset_with_the_doi_is_left_alone(
    run: Run, services: Services, database: Database
):
    made = services.datasets.create("mine", kind="observations").dataset
    services.catalogue.change(made.uuid, {"DOI": entry(1, 0).doi})
    database.documents.insert_one({"_datasetid": made.uuid})
    assert "something else" in run("--rows", "100", "--datasets", "1", status=1)
    assert database.documents.count_documents({}) == 1


def test_regions_that_are_there_stay_as_they_are(run: Run, database: Database):
    run("--rows", "10", "--datasets", "1")
    database.regions.update_one({"_id": "hub.pacific"}, {"$set": {"name": "Ours"}})
    database.regions.delete_one({"_id": "hub.atlantic"})
    assert run("--rows", "10", "--datasets", "1")["regions"] == 1
    assert database.regions.find_one({"_id": "hub.pacific"})["name"] == "Ours"


def test_every_location_lies_in_its_province_and_its_country(run: Run, database: Database):
    run("--rows", "8000", "--datasets", "5")
    assert database.locations.count_documents({}) > 300
    outside = {"$nor": [{"RegionId": {"$regex": r"^admin\.4\.ca\."}}, {"RegionId": "none"}]}
    assert list(database.locations.find(outside)) == []
    assert database.locations.count_documents({"RegionId": {"$ne": "admin.2.ca"}}) == 0


def test_every_region_of_a_dataset_has_locations(run: Run, database: Database):
    run("--rows", "8000", "--datasets", "5")
    wanted = {region["_id"] for region in database.regions.find()}
    assert set(database.locations.distinct("RegionId")) == wanted


def test_the_server_draws_the_regions_as_the_hub_does(run: Run, database: Database):
    run("--rows", "8000", "--datasets", "5")
    for region in database.regions.find():
        here = {"point": {"$geoIntersects": {"$geometry": region["geometry"]}}}
        by_server = {row["_id"] for row in database.locations.find(here)}
        by_hub = {row["_id"] for row in database.locations.find({"RegionId": region["_id"]})}
        assert len(by_server ^ by_hub) <= len(by_server) * 0.05, region["_id"]


def test_kill_in_the_middle_and_again_makes_each_row_once(
    run: Run, env: dict[str, str], database: Database, services: Services
):
    count = 6 * BATCH
    command = [sys.executable, "-m", "hub.cli", "demo", "observations", "--datasets", "1"]
    with subprocess.Popen([*command, "--rows", str(count)], env=env, cwd=ROOT) as process:
        try:
            wait_until(
                lambda: (
                    database.documents.count_documents({}) > BATCH * 5 / 4
                    or process.poll() is not None
                ),
                "some rows are stored",
            )
        finally:
            process.send_signal(signal.SIGKILL)
    assert 0 < database.documents.count_documents({}) < count
    told = run("--datasets", "1", "--rows", str(count))
    assert names(database, told["datasets"][0]["dataset"]) == sample(0, count)


def test_a_dataset_that_was_left_without_its_entry_is_taken_up(run: Run, services: Services):
    left = services.datasets.create(entry(1, 0).doi, kind="observations").dataset.uuid
    told = run("--rows", "10", "--datasets", "1")
    assert [d["dataset"] for d in told["datasets"]] == [left]
