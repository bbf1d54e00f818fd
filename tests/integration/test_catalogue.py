"""The catalogue: told, published, taken back; over HTTP, by services and by the command line."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.cli.root import hub
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.services import Services, scopes
from hub.values import Reach
from tests.conftest import Access
from tests.live import wait_until


def citable(**more: Any) -> dict[str, Any]:
    """An entry that may be published, with a DOI of its own."""
    return {
        "DOI": f"10.25976/{secrets.token_hex(6)}",
        "Version": "1.0.0",
        "Licence": "https://opendatacommons.org/licenses/by/1-0/",
        "Citation": "Somebody (2021). Bow River.",
    } | more


@pytest.fixture
def urls(dataset: Access) -> tuple[str, str]:
    return f"{dataset.url}catalogue/", f"{dataset.url}publication/"


def published(services: Services, dataset: Access) -> bool:
    return dataset.uuid in [each.uuid for each in services.datasets.published()]


def test_an_entry_begins_with_its_name_alone(
    client: FlaskClient, dataset: Access, urls: tuple[str, str]
) -> None:
    answer = client.get(urls[0], auth=dataset.auth)
    assert answer.status_code == 200
    told = {name: value for name, value in answer.json.items() if value is not None}
    assert told.pop("CreateTimestamp").endswith("Z")
    assert told == {"DatasetName": "a dataset"}
    assert len(answer.json) == 21


def test_a_patch_sets_and_removes_and_leaves_the_rest(
    client: FlaskClient, dataset: Access, urls: tuple[str, str]
) -> None:
    first = {"Abstract": "A", "Keywords": ["river"], "DatasetName": "Bow"}
    assert client.patch(urls[0], json=first, auth=dataset.auth).status_code == 200
    patch = json.dumps({"Abstract": None, "Disclaimer": "D"})
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch(urls[0], data=patch, headers=headers, auth=dataset.auth)
    expected = {"Abstract": None, "Disclaimer": "D", "Keywords": ["river"], "DatasetName": "Bow"}
    assert answer.json.items() >= expected.items()
    assert client.get(urls[0], auth=dataset.auth).json == answer.json


def test_an_empty_patch_changes_nothing(
    client: FlaskClient, dataset: Access, urls: tuple[str, str]
) -> None:
    before = client.get(urls[0], auth=dataset.auth).json
    assert client.patch(urls[0], json={}, auth=dataset.auth).json == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"Version": "one"}', 400),
        (b'{"Abstract": "fine", "Nonsense": 1}', 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{", 400),
        (b'{"Abstract": "a", "Abstract": "b"}', 400),
        (b'{"Abstract": "\\ud800"}', 400),
        (b'{"\\ud800": "x"}', 400),
        (b'{"Version": NaN}', 400),
        (b"", 400),
    ],
)
def test_a_bad_patch_changes_nothing(
    client: FlaskClient, dataset: Access, urls: tuple[str, str], body: bytes, status: int
) -> None:
    before = client.get(urls[0], auth=dataset.auth).json
    headers = {"Content-Type": "application/json"}
    answer = client.patch(urls[0], data=body, headers=headers, auth=dataset.auth)
    assert answer.status_code == status
    assert answer.json["error"]["code"]
    assert client.get(urls[0], auth=dataset.auth).json == before


def test_a_patch_of_another_type_is_refused(
    client: FlaskClient, dataset: Access, urls: tuple[str, str]
) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = client.patch(urls[0], data=b"{}", headers=headers, auth=dataset.auth)
    assert answer.status_code == 415


@pytest.mark.parametrize("lacking", ["DOI", "Version", "Licence", "Citation"])
def test_what_cannot_be_cited_is_not_published(
    client: FlaskClient, services: Services, dataset: Access, urls: tuple[str, str], lacking: str
) -> None:
    entry = citable()
    del entry[lacking]
    client.patch(urls[0], json=entry, auth=dataset.auth)
    answer = client.put(urls[1], auth=dataset.auth)
    assert answer.status_code == 400
    assert answer.json["error"]["detail"] == {"missing": [lacking]}
    assert services.datasets.get(dataset.uuid).published is None


def test_published_and_taken_back(
    client: FlaskClient, services: Services, dataset: Access, urls: tuple[str, str]
) -> None:
    client.patch(urls[0], json=citable(), auth=dataset.auth)
    first = client.put(urls[1], auth=dataset.auth)
    assert first.status_code == 200
    assert client.put(urls[1], auth=dataset.auth).json == first.json
    entry = client.get(urls[0], auth=dataset.auth).json
    assert entry["PublishedTimestamp"] == first.json["published"] is not None
    wait_until(lambda: published(services, dataset), "published", 1.0)
    assert client.delete(urls[1], auth=dataset.auth).json["published"] is None
    wait_until(lambda: not published(services, dataset), "taken back", 1.0)


def test_a_published_dataset_keeps_what_a_citation_needs(
    services: Services, dataset: Access
) -> None:
    services.catalogue.change(dataset.uuid, citable())
    services.catalogue.publish(dataset.uuid)
    with pytest.raises(Conflict):
        services.catalogue.change(dataset.uuid, {"Version": None, "Abstract": "new"})
    assert services.catalogue.entry(dataset.uuid)["Abstract"] is None
    assert services.catalogue.change(dataset.uuid, {"Version": "1.0.1"})["Version"] == "1.0.1"
    services.catalogue.unpublish(dataset.uuid)
    assert services.catalogue.change(dataset.uuid, {"Version": None})["Version"] is None


def test_a_doi_names_one_dataset(services: Services, dataset: Access) -> None:
    entry = citable()
    other = services.datasets.create("another").dataset.uuid
    services.catalogue.change(dataset.uuid, entry)
    with pytest.raises(Conflict):
        services.catalogue.change(other, {"DOI": entry["DOI"].upper()})
    services.datasets.delete(dataset.uuid)
    assert services.catalogue.change(other, {"DOI": entry["DOI"]})["DOI"] == entry["DOI"]


def test_of_many_who_want_a_doi_one_gets_it(services: Services) -> None:
    entry = citable()
    made = [services.datasets.create(f"d{n}").dataset.uuid for n in range(8)]

    def claim(dataset: str) -> bool:
        try:
            services.catalogue.change(dataset, entry)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, made)) == 1


def test_a_deleted_dataset_is_not_in_the_catalogue(services: Services, dataset: Access) -> None:
    services.catalogue.change(dataset.uuid, citable())
    services.catalogue.publish(dataset.uuid)
    services.datasets.delete(dataset.uuid)
    wait_until(lambda: not published(services, dataset), "gone", 1.0)
    with pytest.raises(NotFound):
        services.catalogue.publish(dataset.uuid)
    with pytest.raises(NotFound):
        services.catalogue.change(dataset.uuid, {"Abstract": "x"})


def test_a_reader_may_look_and_not_change(
    client: FlaskClient, services: Services, dataset: Access, urls: tuple[str, str]
) -> None:
    reach = Reach.of_dataset(dataset.uuid)
    auth = (services.keys.create("r", [scopes.READ], reach=reach).secret, "")
    assert client.get(urls[0], auth=auth).status_code == 200
    assert client.patch(urls[0], json={}, auth=auth).status_code == 403
    assert client.put(urls[1], auth=auth).status_code == 403
    assert client.delete(urls[1], auth=auth).status_code == 403


def test_changes_are_on_record_with_the_key(
    client: FlaskClient, services: Services, dataset: Access, urls: tuple[str, str]
) -> None:
    client.patch(urls[0], json=citable(), auth=dataset.auth)
    client.put(urls[1], auth=dataset.auth)
    client.put(urls[1], auth=dataset.auth)
    client.delete(urls[1], auth=dataset.auth)
    (key,) = services.keys.all(dataset.uuid)
    notes = [note for note in services.audit.latest(20) if note.get("dataset") == dataset.uuid]
    assert [note["action"] for note in notes] == [
        "dataset.unpublish", "dataset.publish", "dataset.describe", "dataset.create",
    ]  # fmt: skip
    assert {note.get("key") for note in notes[:3]} == {key.id}


@pytest.fixture
def command(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line over the test's database: its value, or its error."""
    monkeypatch.setenv("HUB_MONGO_URI", settings.mongo_uri)
    monkeypatch.setenv("HUB_MONGO_DB", settings.mongo_db)
    monkeypatch.setenv("HUB_SECRET", settings.secret)

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(hub, [*arguments, "--json"])
        return json.loads(done.stdout) if done.exit_code == 0 else (done.exit_code, done.stderr)

    return run


def test_the_command_line_tells_and_publishes(command: Any, database: Database) -> None:
    uuid = command("dataset", "create", "bow", "--kind", "observations")["dataset"]
    fields = [f"{name}={value}" for name, value in citable(DatasetName="Bow").items()]
    more = ["Keywords=river, gauge", 'TopicCategoryCode=["inlandWaters"]', "Abstract=a=b"]
    entry = command("dataset", "set", uuid, *fields, *more)
    assert (entry["Keywords"], entry["Abstract"]) == (["river", "gauge"], "a=b")
    assert command("dataset", "set", uuid, "Abstract=")["Abstract"] is None
    assert command("dataset", "publish", uuid)["published"]
    shown = command("dataset", "show", uuid)
    assert (shown["name"], shown["kind"]) == ("Bow", "observations")
    assert shown["catalogue"]["TopicCategoryCode"] == ["inlandWaters"]
    assert [d["published"] for d in command("dataset", "list") if d["dataset"] == uuid] != [None]
    assert command("dataset", "unpublish", uuid)["published"] is None


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["set", "{}", "Version=one"], 1),
        (["set", "{}", "Version"], 2),
        (["set", "{}", "Keywords=[x"], 2),
        (["set", "{}"], 2),
        (["publish", "{}"], 1),
        (["publish", "nothing"], 1),
        (["unpublish", "nothing"], 1),
    ],
)
def test_the_command_line_says_what_is_wrong(
    command: Any, dataset: Access, arguments: list[str], status: int
) -> None:
    code, told = command("dataset", *[text.replace("{}", dataset.uuid) for text in arguments])
    assert code == status
    assert "Error" in told
    assert "Traceback" not in told


def test_an_entry_of_no_dataset_is_not_found(services: Services) -> None:
    for ask in (services.catalogue.entry, services.catalogue.publish, services.catalogue.unpublish):
        with pytest.raises(HubError) as refused:
            ask("nothing")
        assert not isinstance(refused.value, Invalid)
