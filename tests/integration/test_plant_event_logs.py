"""Event logs over HTTP: what they are, what is refused, lists of them, who sees which."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.store.plant.event_logs import Chosen, EventLogStore
from hub.values import Document
from tests.plant import Door, code, door, faults, fresh, reach

START = datetime(2026, 4, 28, tzinfo=UTC)
FILLED = itertools.count(1)


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def made(plant: Door, **fields: Any) -> int:
    """A new event log; its id."""
    answer = plant.ask("POST", "event-log/", {"kind": "alarm"} | fields)
    assert answer.status_code == 201, answer.json
    return int(answer.json["id"])


def at(minute: int) -> str:
    return (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def ids(plant: Door, query: str) -> list[int]:
    answer = plant.get(f"event-log/?{query}")
    assert answer.status_code == 200, answer.json
    return [each["id"] for each in answer.json]


def test_one_that_was_made_is_told_whole(plant: Door) -> None:
    device = plant.device()
    body = {
        "device": device,
        "kind": "alarm",
        "timestamp": "2026-04-28T14:00:00.25+02:00",
        "message": "over pressure",
        "url": "https://wiki.example/alarm?n=7#top",
        "data": {"bar": 7.4, "by": {"name": "Kim"}, "all": [1, None, True]},
    }
    answer = plant.ask("POST", "event-log/", body)
    told = dict(answer.json)
    assert answer.status_code == 201
    assert told.pop("created") == told.pop("updated")
    assert told == body | {"id": told["id"], "timestamp": "2026-04-28T12:00:00.250Z"}
    assert plant.get(f"event-log/{told['id']}/").json == answer.json


def test_what_is_not_told_has_its_default(plant: Door) -> None:
    told = plant.post("event-log/", kind="alarm").json
    assert told["timestamp"] == told["created"]
    assert {name: told[name] for name in ("device", "message", "url", "data")} == {
        "device": None,
        "message": "",
        "url": None,
        "data": {},
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2026-04-28T12:00:00", "2026-04-28T12:00:00Z"),
        (1777377600, "2026-04-28T12:00:00Z"),
        (1777377600.5, "2026-04-28T12:00:00.500Z"),
        ("1777377600", "2026-04-28T12:00:00Z"),
    ],
)
def test_when_it_happened(plant: Door, given: Any, told: str) -> None:
    made = plant.post("event-log/", kind="when", timestamp=given).json
    assert made["timestamp"] == told
    ranged = plant.get(f"event-log/?kind=when&from={told}&to={told}").json
    assert [row for row in ranged if row["id"] == made["id"]] == [made]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": None}, "kind"),
        ({"kind": ""}, "kind"),
        ({"kind": " x"}, "kind"),
        ({"kind": "x" * 201}, "kind"),
        ({"kind": 7}, "kind"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"device": "1"}, "device"),
        ({"device": 0}, "device"),
        ({"device": True}, "device"),
        ({"device": 987_654}, "device"),
        ({"message": None}, "message"),
        ({"message": "x" * 4_001}, "message"),
        ({"message": "\ud800"}, "message"),
        ({"url": ""}, "url"),
        ({"url": "ftp://a.example/"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://user:secret@a.example/"}, "url"),
        ({"url": "http://a.example/\r\nX: y"}, "url"),
        ({"url": "http://a.example/" + "x" * 2_048}, "url"),
        ({"data": []}, "data"),
        ({"data": None}, "data"),
        ({"data": {"$set": 1}}, "data"),
        ({"data": {"a.b": 1}}, "data"),
        ({"data": {"a": "\ud800"}}, "data"),
        ({"data": {"a": 2**63}}, "data"),
        ({"data": {"a": "x" * 65_536}}, "data"),
        ({"id": 1}, "id"),
        ({"created": at(0)}, "created"),
        ({"text": "x"}, "text"),
    ],
)
def test_what_is_refused(plant: Door, changes: dict[str, Any], field: str) -> None:
    assert list(faults(plant.ask("POST", "event-log/", {"kind": "x"} | changes))) == [field]


def test_data_that_is_too_deep(plant: Door) -> None:
    data: dict[str, Any] = {}
    for _ in range(16):
        data = {"a": data}
    assert list(faults(plant.post("event-log/", kind="x", data=data))) == ["data"]
    assert plant.post("event-log/", kind="x", data=data["a"]).status_code == 201


def test_a_kind_is_needed(plant: Door) -> None:
    assert list(faults(plant.ask("POST", "event-log/", {"message": "x"}))) == ["kind"]


def test_patch_changes_what_it_says(plant: Door) -> None:
    log = made(plant, message="a", data={"n": 1}, timestamp=at(0))
    before = plant.get(f"event-log/{log}/").json
    after = plant.patch(f"event-log/{log}/", message="b").json
    assert after.pop("updated") >= before.pop("updated")
    assert after == before | {"message": "b"}
    assert plant.get(f"event-log/{log}/").json["message"] == "b"


def test_put_replaces_all_of_it(plant: Door) -> None:
    log = made(plant, message="a", data={"n": 1}, url="http://a.example/", timestamp=at(0))
    after = plant.put(f"event-log/{log}/", kind="note").json
    assert after["timestamp"] == after["created"]
    assert {name: after[name] for name in ("kind", "message", "url", "data")} == {
        "kind": "note",
        "message": "",
        "url": None,
        "data": {},
    }


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_was_told_may_come_back(plant: Door, method: str) -> None:
    log = made(plant, message="a", data={"n": 1}, timestamp=at(0))
    told = plant.get(f"event-log/{log}/").json
    assert plant.ask(method, f"event-log/{log}/", told).json == told
    assert list(faults(plant.ask(method, f"event-log/{log}/", told | {"id": log + 1}))) == ["id"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("log", [987_654_321, 2**63])
def test_one_that_is_not_there(plant: Door, method: str, log: int) -> None:
    body = {"kind": "x"} if method in ("PUT", "PATCH") else None
    assert code(plant.ask(method, f"event-log/{log}/", body)) == (404, "not_found")


def test_one_that_was_deleted_is_gone_and_its_id_stays_taken(plant: Door) -> None:
    log = made(plant)
    assert plant.delete(f"event-log/{log}/").status_code == 204
    assert plant.get(f"event-log/{log}/").status_code == 404
    assert plant.delete(f"event-log/{log}/").status_code == 404
    assert made(plant) > log


def test_changes_at_once_are_all_kept(client: FlaskClient, plant: Door) -> None:
    log = made(plant)

    def set_one(number: int) -> int:
        mine = Door(client.application.test_client(), plant.secret)
        field = {"message": "m"} if number % 2 else {"data": {"n": number}}
        return mine.patch(f"event-log/{log}/", **field).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(set_one, range(16))) == {200}
    told = plant.get(f"event-log/{log}/").json
    assert (told["message"], told["data"]["n"] % 2) == ("m", 0)


def test_the_newest_come_first_and_of_one_moment_the_later(plant: Door) -> None:
    kind = fresh()
    logs = [made(plant, kind=kind, timestamp=at(minute)) for minute in (5, 1, 9, 5)]
    assert ids(plant, f"kind={kind}") == [logs[2], logs[3], logs[0], logs[1]]
    assert ids(plant, f"kind={kind}&limit=2") == [logs[2], logs[3]]


def test_without_a_limit_there_are_a_hundred(plant: Door, services: Services) -> None:
    kind = fresh()
    for minute in range(101):
        made(plant, kind=kind, timestamp=at(minute))
    assert len(ids(plant, f"kind={kind}")) == 100
    assert len(ids(plant, f"kind={kind}&limit=101")) == 101
    assert len(ids(plant, f"kind={kind}&from=0")) == 101


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        (f"from={at(1)}", [1, 5, 9]),
        (f"from={at(1)}&to={at(5)}", [1, 5]),
        (f"to={at(4)}", [0, 1]),
        (f"from={at(2)}&to={at(4)}", []),
        (f"from={at(0)}&limit=2", [0, 1]),
        ("from=2026-04-28T02:01:00%2B02:00&to=1777334700", [1, 5]),
        ("from=1777334460.001", [5, 9]),
    ],
)
def test_a_range_is_inclusive_and_in_order_of_time(
    plant: Door, query: str, minutes: list[int]
) -> None:
    kind = fresh()
    logs = {minute: made(plant, kind=kind, timestamp=at(minute)) for minute in (5, 1, 9, 0)}
    assert ids(plant, f"kind={kind}&{query}") == [logs[minute] for minute in minutes]


def test_device_and_kind_narrow_together(plant: Door) -> None:
    one, other = plant.device(), plant.device()
    first = made(plant, device=one, kind="a", timestamp=at(0))
    second = made(plant, device=one, kind="b", timestamp=at(1))
    made(plant, device=other, kind="a", timestamp=at(2))
    assert ids(plant, f"device={one}") == [second, first]
    assert ids(plant, f"device={one}&kind=a") == [first]
    assert ids(plant, f"device={one}&kind=a&from={at(0)}") == [first]
    assert ids(plant, "device=987654") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=10001",
        "limit=x",
        "device=x",
        "device=0",
        "kind=&kind=",
        "from=yesterday",
        "from=2&to=1",
        "data=1",
        "kind=a&kind=b",
    ],
)
def test_parameters_that_are_refused(plant: Door, query: str) -> None:
    assert code(plant.get(f"event-log/?{query}")) == (400, "bad_parameter")


def test_a_row_of_a_range_is_as_the_log_itself(plant: Door) -> None:
    kind = fresh()
    log = made(plant, kind=kind, device=plant.device(), data={"a": 1}, timestamp=at(0))
    told = plant.get(f"event-log/{log}/").json
    assert plant.get(f"event-log/?kind={kind}&from=0").json == [told]
    assert list(plant.get(f"event-log/?kind={kind}&from=0").json[0]) == list(told)


def read(
    store: EventLogStore, kind: str, after: tuple[datetime, int] | None, *, newest_first: bool
) -> list[Document]:
    chosen = Chosen(kind=kind)
    batches = store.batches(chosen, after=after, budget_ms=5_000, size=7, newest_first=newest_first)
    return [row for batch in batches for row in batch.rows]


def filled(database: Database, kind: str, count: int) -> None:
    first = next(FILLED) * 10_000_000
    database.event_logs.insert_many(
        {
            "_id": first + n,
            "device": None,
            "kind": kind,
            "timestamp": START + timedelta(seconds=n // 3),
            "message": "x" * 200,
            "url": None,
            "data": {"n": n},
            "created": START,
            "updated": START,
            "revision": 0,
        }
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("asked", "size_min"), [("from=0", 10_000_000), ("limit=10000", 3_300_000)]
)
def test_a_long_list_is_flat_in_memory(
    plant: Door, database: Database, asked: str, size_min: int
) -> None:
    kind, count = fresh(), 30_000
    filled(database, kind, count)
    tracemalloc.start()
    answer = plant.get(f"event-log/?kind={kind}&{asked}")
    size = sum(len(chunk) for chunk in answer.iter_encoded())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > size_min
    assert peak < 4_000_000


def test_a_long_range_is_whole_and_in_order(plant: Door, database: Database) -> None:
    kind, count = fresh(), 5_000
    filled(database, kind, count)
    rows = json.loads(plant.get(f"event-log/?kind={kind}&from=0").data)
    assert [row["data"]["n"] for row in rows] == list(range(count))
    some = json.loads(plant.get(f"event-log/?kind={kind}&from=0&limit=1234").data)
    assert some == rows[:1234]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_that_is_resumed_loses_nothing(
    services: Services, plant: Door, database: Database, newest_first: bool
) -> None:
    kind, count = fresh(), 30
    filled(database, kind, count)
    store = services.events.logs.store
    whole = read(store, kind, None, newest_first=newest_first)
    assert len(whole) == count
    for row in whole[:-1]:
        place = row["timestamp"], row["_id"]
        rest = read(store, kind, place, newest_first=newest_first)
        assert rest == whole[whole.index(row) + 1 :]


@pytest.mark.parametrize("query", ["", "&from=2026-01-01", "&from=2026-01-01&to=2027-01-01"])
@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ("", "IXSCAN { timestamp: 1, _id: 1 }"),
        ("kind", "IXSCAN { kind: 1, timestamp: 1, _id: 1 }"),
        ("device", "IXSCAN { device: 1, timestamp: 1, _id: 1 }"),
        ("device kind", "IXSCAN { device: 1, kind: 1, timestamp: 1, _id: 1 }"),
        ("key", "IXSCAN { device: 1, timestamp: 1, _id: 1 }"),
        ("key kind", "IXSCAN { device: 1, kind: 1, timestamp: 1, _id: 1 }"),
    ],
)
def test_nothing_is_sorted_and_an_index_is_used(
    client: FlaskClient,
    services: Services,
    database: Database,
    query: str,
    narrowed: str,
    index: str,
) -> None:
    plant = door(client, services)
    devices = [plant.device(), plant.device()]
    for minute in range(4):
        for device in (*devices, None):
            made(plant, device=device, kind="ab"[minute % 2], timestamp=at(minute))
    if "key" in narrowed:
        plant = door(client, services, within=reach(devices=devices))
    wanted = {"kind": "kind=a&", "device": f"device={devices[0]}&", "key": ""}
    url = "event-log/?limit=3&" + "".join(wanted[name] for name in narrowed.split())
    database.command("profile", 2)
    assert len(plant.get(url + query).json) > 0
    database.command("profile", 0)
    seen = database["system.profile"].find({"command.find": "event_logs"}).sort("ts", -1)[0]
    database.drop_collection("system.profile")
    assert "hasSortStage" not in seen
    assert index in seen["planSummary"]


def test_a_key_sees_the_event_logs_of_its_devices(client: FlaskClient, services: Services) -> None:
    plant, kind = door(client, services), fresh()
    mine, other = plant.device(), plant.device()
    logs = [made(plant, kind=kind, device=device) for device in (mine, other, None)]
    narrow = door(client, services, within=reach(devices=[mine]))
    for query in ("", "&from=0", f"&device={mine}", f"&device={mine}&from=0"):
        assert ids(narrow, f"kind={kind}{query}") == logs[:1]
    for query in (f"&device={other}", f"&device={other}&from=0"):
        assert ids(narrow, f"kind={kind}{query}") == []
    for hidden in logs[1:]:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {"kind": kind} if method in ("PUT", "PATCH") else None
            assert code(narrow.ask(method, f"event-log/{hidden}/", body)) == (404, "not_found")
        answer = narrow.ask("POST", f"event-log/{hidden}/process/", {})
        assert code(answer) == (404, "not_found")
    assert ids(plant, f"kind={kind}") == logs[::-1]


def test_a_key_for_no_device_sees_none(client: FlaskClient, services: Services) -> None:
    made(door(client, services))
    narrow = door(client, services, within=reach(devices=[]))
    assert ids(narrow, "") == []
    assert ids(narrow, "from=0") == []


def test_a_key_makes_and_moves_those_of_its_devices(
    client: FlaskClient, services: Services
) -> None:
    plant = door(client, services)
    mine, also, other = plant.device(), plant.device(), plant.device()
    narrow = door(client, services, within=reach(devices=[mine, also]))
    log = made(narrow, device=mine)
    assert narrow.patch(f"event-log/{log}/", device=also).json["device"] == also
    for method, url in (("POST", "event-log/"), ("PATCH", f"event-log/{log}/")):
        for device in (other, 987_654):
            body = {"kind": "x", "device": device}
            assert faults(narrow.ask(method, url, body)) == {"device": "No such device."}
        body = {"kind": "x", "device": None}
        assert code(narrow.ask(method, url, body)) == (403, "forbidden")
    assert code(narrow.put(f"event-log/{log}/", kind="x")) == (403, "forbidden")
    assert plant.get(f"event-log/{log}/").json["device"] == also


def test_reading_is_not_writing(client: FlaskClient, services: Services) -> None:
    log = made(door(client, services))
    reader = door(client, services, scopes.EVENT_LOG_READ)
    assert reader.get(f"event-log/{log}/").status_code == 200
    for method, url in (
        ("POST", "event-log/"),
        ("PUT", f"event-log/{log}/"),
        ("PATCH", f"event-log/{log}/"),
        ("DELETE", f"event-log/{log}/"),
        ("POST", f"event-log/{log}/process/"),
    ):
        assert code(reader.ask(method, url, {"kind": "x"})) == (403, "forbidden")


def test_a_device_that_goes_leaves_no_event_log_that_names_it(
    client: FlaskClient, plant: Door, database: Database
) -> None:
    def tell(device: int) -> list[int]:
        mine = Door(client.application.test_client(), plant.secret)
        answers = []
        while not answers or answers[-1] == 201:
            answers.append(mine.post("event-log/", kind="x", device=device).status_code)
        return answers

    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            device = plant.device()
            telling = [pool.submit(tell, device) for _ in range(3)]
            answer = plant.delete(f"device/{device}/?cascade=delete")
            assert answer.status_code == 204
            assert all(answers.result()[-1] == 400 for answers in telling)
            assert database.event_logs.count_documents({"device": device}) == 0
