"""Groups of data streams over HTTP: members come, move and go; who sees which of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from subprocess import PIPE, Popen
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.store.counters import Counters
from hub.store.plant.groups import Groups
from hub.store.plant.movers import named
from hub.values import Group
from tests.plant import Door, code, door, faults, fresh, reach
from tests.streams import Streams


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def members(plant: Door, group: int) -> list[int]:
    return plant.get(f"group/{group}/").json["data"]


def test_a_group_that_was_made_is_told(plant: Door):
    data, name = [plant.data(), plant.data()], fresh()
    answer = plant.post("group/", name=name, description="north", data=[*reversed(data), data[0]])
    told = answer.json
    assert answer.status_code == 201
    assert told == {
        "id": told["id"],
        "name": name,
        "description": "north",
        "data": data,
        "created": told["created"],
        "updated": told["created"],
    }
    assert plant.get(f"group/{told['id']}/").json == told
    assert [plant.get(f"data/{each}/").json["group"] for each in data] == [told["id"]] * 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"description": 1}, "description"),
        ({"data": 5}, "data"),
        ({"data": ["5"]}, "data.0"),
        ({"data": [999_999_999]}, "data"),
        ({"data": [1] * 10_001}, "data"),
        ({"members": []}, "members"),
    ],
)
def test_what_is_wrong_is_named(plant: Door, changes: dict[str, Any], field: str):
    assert list(faults(plant.post("group/", **({"name": fresh()} | changes)))) == [field]


def test_a_name_is_its_own(plant: Door):
    name = fresh()
    plant.group(name=name)
    assert code(plant.post("group/", name=name)) == (409, "conflict")


def test_a_stream_is_in_one_group(plant: Door):
    data = plant.data()
    first, second = plant.group(data=[data]), plant.group(data=[data])
    assert (members(plant, first), members(plant, second)) == ([], [data])


def test_patch_without_data_leaves_the_members(plant: Door):
    data = plant.data()
    group = plant.group(data=[data])
    told = plant.patch(f"group/{group}/", description="x").json
    assert (told["description"], told["data"]) == ("x", [data])


def test_members_are_replaced(plant: Door):
    one, two, three = (plant.data() for _ in range(3))
    group = plant.group(data=[one, two])
    assert plant.patch(f"group/{group}/", data=[two, three]).json["data"] == [two, three]
    assert plant.get(f"data/{one}/").json["group"] is None


def test_put_replaces(plant: Door):
    group = plant.group(description="x", data=[plant.data()])
    name = fresh()
    told = plant.put(f"group/{group}/", name=name).json
    assert (told["name"], told["description"], told["data"]) == (name, "", [])


def test_what_was_told_may_be_put_back(plant: Door):
    told = plant.get(f"group/{plant.group(data=[plant.data()])}/").json
    assert plant.put(f"group/{told['id']}/", **told).json == told


def test_a_list_comes_in_pages(plant: Door):
    data = plant.data()
    made = [plant.group(), plant.group(data=[data]), plant.group()]
    first = plant.get(f"group/?limit=2&after={made[0] - 1}")
    assert [(each["id"], each["data"]) for each in first.json] == [(made[0], []), (made[1], [data])]
    assert first.headers["Link"] == f'</api/group/?limit=2&after={made[1]}>; rel="next"'


def test_data_of_a_deleted_group_stay(plant: Door):
    data = plant.data()
    group = plant.group(data=[data])
    assert plant.delete(f"group/{group}/").status_code == 204
    assert code(plant.get(f"group/{group}/")) == (404, "not_found")
    assert plant.get(f"data/{data}/").json["group"] is None


def test_a_deleted_stream_is_in_no_group(plant: Door):
    data = plant.data()
    group = plant.group(data=[data])
    plant.delete(f"data/{data}/")
    assert members(plant, group) == []
    assert "data" in faults(plant.patch(f"group/{group}/", data=[data]))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there_is_not_found(plant: Door, method: str):
    body = {"name": fresh()} if method in ("PUT", "PATCH") else None
    assert code(plant.ask(method, "group/999999999/", body)) == (404, "not_found")


def test_a_restricted_key_sees_only_its_members(
    client: FlaskClient, services: Services, plant: Door
):
    own, other = plant.data(), plant.data()
    group = plant.group(data=[own, other])
    narrow = door(client, services, within=reach(streams=[own]))
    assert members(narrow, group) == [own]
    listed = narrow.get(f"group/?after={group - 1}").json
    assert [each["data"] for each in listed if each["id"] == group] == [[own]]


def test_a_restricted_key_neither_adds_nor_removes_what_it_does_not_see(
    client: FlaskClient, services: Services, plant: Door
):
    own, other, free = plant.data(), plant.data(), plant.data()
    group = plant.group(data=[own, other])
    narrow = door(client, services, within=reach(streams=[own]))
    missing = faults(narrow.patch(f"group/{group}/", data=[999_999_999]))
    assert missing == {"data": "No such data stream: 999999999."}
    assert faults(narrow.patch(f"group/{group}/", data=[free])) == {
        "data": f"No such data stream: {free}."
    }
    assert narrow.put(f"group/{group}/", name=fresh(), data=[]).json["data"] == []
    assert members(plant, group) == [other]


def test_a_restricted_key_does_not_delete_a_group_of_others(
    client: FlaskClient, services: Services, plant: Door
):
    own, other = plant.data(), plant.data()
    group = plant.group(data=[own, other])
    narrow = door(client, services, within=reach(streams=[own]))
    assert code(narrow.delete(f"group/{group}/")) == (409, "in_use")
    assert members(plant, group) == [own, other]


def test_reading_groups_is_not_writing_them(client: FlaskClient, services: Services, plant: Door):
    group = plant.group()
    reader = door(client, services, scopes.GROUP_READ)
    assert reader.get(f"group/{group}/").status_code == 200
    assert code(reader.patch(f"group/{group}/", name=fresh())) == (403, "forbidden")


def test_of_members_put_at_once_those_of_one_request_are_there(
    client: FlaskClient, plant: Door, services: Services
):
    data = [plant.data() for _ in range(4)]
    doors = [door(client.application.test_client(), services) for _ in data]
    with ThreadPoolExecutor(len(data)) as pool:
        for _ in range(5):
            group, name = plant.group(), fresh()

            def put(who: Door, stream: int, group: int = group, name: str = name) -> int:
                body = {"name": f"{name} {stream}", "data": [stream]}
                return who.put(f"group/{group}/", **body).status_code

            assert set(pool.map(put, doors, data)) == {200}
            told = plant.get(f"group/{group}/").json
            assert told["name"] == f"{name} {told['data'][0]}"
            assert len(told["data"]) == 1


def test_who_moves_streams_is_waited_for(plant: Door, database: Database):
    group, data = plant.group(), plant.data()
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    database.groups.update_one({"_id": group}, {"$set": {"moving": until}})
    assert plant.patch(f"group/{group}/", data=[data]).json["data"] == [data]
    assert datetime.now(UTC) >= until
    assert "moving" not in database.groups.find_one({"_id": group})


def test_who_moves_streams_for_ever_is_not(plant: Door, database: Database):
    group = plant.group()
    until = datetime.now(UTC) + timedelta(days=1)
    database.groups.update_one({"_id": group}, {"$set": {"moving": until}})
    assert code(plant.patch(f"group/{group}/", description="x")) == (503, "unavailable")
    assert plant.get(f"group/{group}/").json["description"] == ""


@pytest.fixture
def neighbour() -> Iterator[Popen[bytes]]:
    """Another process of the machine."""
    with Popen([sys.executable, "-c", "input()"], stdin=PIPE) as process:
        yield process
        process.kill()


def moved_by(database: Database, group: int, mover: str) -> None:
    """Somebody began to move streams, and has a day for it."""
    until = datetime.now(UTC) + timedelta(days=1)
    database.groups.update_one({"_id": group}, {"$set": {"moving": until, "mover": mover}})


def test_who_was_killed_while_he_moved_streams_is_not_waited_for(
    plant: Door, database: Database, neighbour: Popen[bytes]
):
    group, data = plant.group(), plant.data()
    moved_by(database, group, f"{named(neighbour.pid)} other mover")
    assert members(plant, group) == []
    assert code(plant.patch(f"group/{group}/", data=[data])) == (503, "unavailable")
    neighbour.kill()
    neighbour.wait()
    assert members(plant, group) == []
    assert plant.patch(f"group/{group}/", data=[data]).json["data"] == [data]
    assert database.groups.find_one({"_id": group}).keys().isdisjoint({"moving", "mover"})


def test_who_lost_the_database_while_he_moved_streams_is_not_waited_for(
    services: Services, database: Database
):
    mongo = Streams(services, database).mongo
    store = Groups(mongo, Counters(mongo))
    at = datetime.now(UTC).replace(microsecond=0)
    group = Group(id=store.next_id(), name=fresh(), description="", created=at, updated=at)
    store.add(group)
    with store._movers.one() as mover:
        moved_by(database, group.id, mover)
        assert not store.replace_with(group, group, joining=(), leaving=())
    assert store.replace_with(group, group, joining=(), leaving=())


def test_who_moves_streams_on_another_machine_is_waited_for(plant: Door, database: Database):
    group = plant.group()
    moved_by(database, group, "boot space 1 1 other mover")
    assert code(plant.patch(f"group/{group}/", description="x")) == (503, "unavailable")


def test_many_members_come_and_go(plant: Door, database: Database):
    row = database.streams.find_one({"_id": plant.data()})
    ids = list(range(5_000_000, 5_001_100))
    database.streams.insert_many(row | {"_id": each, "uuid": str(uuid4())} for each in ids)
    group = plant.group(data=ids)
    assert members(plant, group) == ids
    assert plant.patch(f"group/{group}/", data=ids[600:]).json["data"] == ids[600:]
    assert plant.patch(f"group/{group}/", data=[]).json["data"] == []
    database.streams.delete_many({"_id": {"$in": ids}})


def test_a_name_that_is_taken_moves_nobody(plant: Door):
    name, data = fresh(), plant.data()
    group = plant.group(data=[data])
    plant.group(name=name)
    assert code(plant.post("group/", name=name, data=[data])) == (409, "conflict")
    other = plant.group()
    assert code(plant.put(f"group/{other}/", name=name, data=[data])) == (409, "conflict")
    assert members(plant, group) == [data]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "a", "name": "b"}', "name"),
        (b'{"name": "a", "data": [{"x": 1, "x": 1}]}', "data[0].x"),
        (b'[{"name": "a", "name": "b"}]', "$[0].name"),
        (b'{"\\ud800": 1, "\\ud800": 1}', "?"),
    ],
)
def test_a_name_that_stands_twice_is_named(plant: Door, body: bytes, field: str):
    answer = plant.ask("POST", "group/", data=body, content_type="application/json")
    assert faults(answer) == {field: "Stands twice."}
