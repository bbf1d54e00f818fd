"""Data streams over HTTP: the streams of the other door, their places, who sees and moves them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.store.streams.stream_rows import PLACE
from tests.plant import Door, code, door, faults, fresh, reach
from tests.streams import Streams


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def test_the_stream_of_the_document_is_made(plant: Door):
    device, name = plant.device(kind="melsec", port=5007), fresh("Motor RPM")
    answer = plant.post("data/", name=name, device=device, path="D16000", type="int32")
    told = answer.json
    assert answer.status_code == 201
    assert told == {
        "id": told["id"],
        "uuid": told["uuid"],
        "name": name,
        "device": device,
        "path": "D16000",
        "type": "int32",
        "access_mode": "read",
        "group": None,
        "unit": None,
        "enabled": True,
        "poll_interval": None,
        "on_change": False,
        "deadband": None,
        "heartbeat": None,
        "metadata": {},
        "tags": {"title": name},
        "value_type": "numeric",
        "public": False,
        "created": told["created"],
    }
    assert plant.get(f"data/{told['id']}/").json == told


def test_it_is_the_same_stream_at_the_other_door(plant: Door):
    name = fresh()
    told = plant.get(f"data/{plant.data(name=name, tags={'plant': 'north'})}/").json
    stream = plant.get(f"v1/stream/{told['uuid']}/").json
    assert stream["tags"] == {"title": name, "plant": "north"}
    assert plant.post("v1/stream/", title=name).json["late"] == "replace"


def test_a_stream_of_the_other_door_is_a_data_stream(plant: Door):
    made = plant.post("v1/stream/", title=fresh(), value_type="nominal", public=True).json
    told = plant.get(f"data/{made['number']}/").json
    assert (told["uuid"], told["name"], told["device"]) == (made["id"], made["title"], None)
    assert (told["value_type"], told["public"], told["enabled"]) == ("nominal", True, True)


def test_a_row_from_before_there_were_places_is_read_and_changed(
    plant: Door, services: Services, database: Database
):
    stream = Streams(services, database).new()
    database.streams.update_one({"_id": stream.id}, {"$unset": dict.fromkeys(PLACE, "")})
    told = plant.get(f"data/{stream.id}/").json
    assert (told["device"], told["access_mode"], told["metadata"]) == (None, "read", {})
    assert plant.patch(f"data/{stream.id}/", unit="C").json == told | {"unit": "C"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"device": 999_999_999}, "device"),
        ({"device": "1"}, "device"),
        ({"device": True}, "device"),
        ({"path": ""}, "path"),
        ({"path": "D\x00"}, "path"),
        ({"path": "D" * 501}, "path"),
        ({"path": "\ufffd"}, "path"),
        ({"type": "int33"}, "type"),
        ({"access_mode": "write"}, "access_mode"),
        ({"group": 999_999_999}, "group"),
        ({"unit": ""}, "unit"),
        ({"poll_interval": 0.01}, "poll_interval"),
        ({"on_change": 1}, "on_change"),
        ({"deadband": -0.1}, "deadband"),
        ({"heartbeat": 0}, "heartbeat"),
        ({"metadata": []}, "metadata"),
        ({"tags": {"value_type": 1}}, "tags"),
        ({"uuid": "x"}, "uuid"),
        ({"adress": "D1"}, "adress"),
    ],
)
def test_what_is_wrong_is_named(plant: Door, changes: dict[str, Any], field: str):
    answer = plant.ask("POST", "data/", {"name": fresh()} | changes)
    assert list(faults(answer)) == [field]


def test_patch_changes_what_is_named(plant: Door):
    told = plant.get(f"data/{plant.data(unit='rpm', metadata={'a': 1})}/").json
    device, group = plant.device(), plant.group()
    changes = {"device": device, "group": group, "access_mode": "read_write", "enabled": False}
    assert plant.patch(f"data/{told['id']}/", **changes).json == told | changes


def test_put_replaces_but_for_the_tags(plant: Door):
    data = plant.data(unit="rpm", device=plant.device(), type="bit", tags={"plant": "north"})
    name = fresh()
    told = plant.put(f"data/{data}/", name=name).json
    assert (told["unit"], told["device"], told["type"]) == (None, None, None)
    assert told["tags"] == {"title": name, "plant": "north"}


def test_what_was_told_may_be_put_back(plant: Door):
    told = plant.get(f"data/{plant.data(device=plant.device(), group=plant.group())}/").json
    assert plant.put(f"data/{told['id']}/", **told).json == told


@pytest.mark.parametrize("name", ["id", "uuid", "value_type", "public"])
def test_what_a_stream_is_is_not_changed(plant: Door, name: str):
    data = plant.data()
    assert faults(plant.patch(f"data/{data}/", **{name: "x"})) == {name: "Cannot be changed."}


def test_the_title_follows_the_name_where_it_is_the_name(plant: Door):
    data, name = plant.data(), fresh()
    assert plant.patch(f"data/{data}/", name=name).json["tags"] == {"title": name}
    assert plant.patch(f"data/{data}/", tags={"title": "mine"}).json["tags"] == {"title": "mine"}
    assert plant.patch(f"data/{data}/", name=fresh()).json["tags"] == {"title": "mine"}


def test_a_stream_with_other_sources_has_no_device(plant: Door):
    device = plant.device()
    nominal = plant.post("v1/stream/", title=fresh(), value_type="nominal").json
    source = plant.post("v1/stream/", title=fresh()).json
    derived = plant.post(
        "v1/stream/", title=fresh(), derive_op="derivative", derive_from=[source["id"]]
    ).json
    for stream in (nominal, derived):
        assert "device" in faults(plant.patch(f"data/{stream['number']}/", device=device))


def test_a_list_may_be_of_a_device_or_of_a_group(plant: Door):
    device, group = plant.device(), plant.group()
    one, two = plant.data(device=device), plant.data(device=device, group=group)
    plant.data()
    assert [each["id"] for each in plant.get(f"data/?device={device}").json] == [one, two]
    assert [each["id"] for each in plant.get(f"data/?group={group}").json] == [two]
    assert plant.get("data/?device=999999999").json == []


def test_a_list_comes_in_pages(plant: Door):
    device = plant.device()
    one, two = plant.data(device=device), plant.data(device=device)
    first = plant.get(f"data/?device={device}&limit=1")
    assert [each["id"] for each in first.json] == [one]
    following = f"/api/data/?device={device}&limit=1&after={one}"
    assert first.headers["Link"] == f'<{following}>; rel="next"'
    assert [each["id"] for each in plant.get(following.removeprefix("/api/")).json] == [two]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there_is_not_found(plant: Door, method: str):
    body = {"name": fresh()} if method in ("PUT", "PATCH") else None
    assert code(plant.ask(method, "data/999999999/", body)) == (404, "stream_not_found")


def test_a_deleted_stream_is_gone_at_both_doors(plant: Door):
    told = plant.get(f"data/{plant.data()}/").json
    assert plant.delete(f"data/{told['id']}/").status_code == 204
    assert code(plant.get(f"data/{told['id']}/")) == (404, "stream_not_found")
    assert plant.get(f"v1/stream/{told['uuid']}/").status_code == 404


def test_what_is_derived_goes_only_if_it_is_said(plant: Door):
    made = [plant.post("v1/stream/", title=fresh()).json]
    for _ in range(2):
        derivation = {"derive_op": "derivative", "derive_from": [made[-1]["id"]]}
        made.append(plant.post("v1/stream/", title=fresh(), **derivation).json)
    source, *derived = [each["number"] for each in made]
    answer = plant.delete(f"data/{source}/")
    assert code(answer) == (409, "outstanding_dependencies")
    assert answer.json["error"]["detail"]["streams"] == [made[1]["id"]]
    assert plant.delete(f"data/{source}/?cascade=delete").status_code == 204
    assert [plant.get(f"data/{each}/").status_code for each in (source, *derived)] == [404] * 3


def test_what_is_derived_does_not_go_unseen(client: FlaskClient, services: Services, plant: Door):
    source = plant.post("v1/stream/", title=fresh()).json
    plant.post("v1/stream/", title=fresh(), derive_op="derivative", derive_from=[source["id"]])
    narrow = door(client, services, within=reach(streams=[source["number"]]))
    answer = narrow.delete(f"data/{source['number']}/?cascade=delete")
    assert code(answer) == (409, "outstanding_dependencies")
    assert answer.json["error"]["detail"]["streams"] == []
    assert plant.get(f"data/{source['number']}/").status_code == 200


@pytest.mark.parametrize(
    ("devices", "streams", "seen"),
    [
        (None, None, "own of_own other of_other free"),
        (["own"], None, "of_own free"),
        ([], None, "of_own of_other free"),
        (["own"], [], "of_own"),
        (["own"], ["free"], "of_own free"),
        (["own"], ["of_other"], "of_own of_other"),
        ([], ["of_own"], "of_own"),
        (None, ["of_own"], "of_own"),
        ([], [], ""),
    ],
)
def test_a_key_sees_what_it_is_for(
    client: FlaskClient,
    services: Services,
    plant: Door,
    devices: list[str] | None,
    streams: list[str] | None,
    seen: str,
):
    named = {"own": plant.device(), "other": plant.device()}
    data = {
        "of_own": plant.data(device=named["own"]),
        "of_other": plant.data(device=named["other"]),
        "free": plant.data(),
    }
    within = reach(
        devices=None if devices is None else [named[each] for each in devices],
        streams=None if streams is None else [data[each] for each in streams],
    )
    narrow = door(client, services, within=within)
    expected = {data[each] for each in seen.split() if each in data}
    single = {id_ for id_ in data.values() if narrow.get(f"data/{id_}/").status_code == 200}
    listed = {each["id"] for each in narrow.get("data/?limit=10000").json}
    assert single == expected
    assert listed & set(data.values()) == expected
    of_uuid = {
        id_
        for id_ in data.values()
        if narrow.get(f"v1/stream/{plant.get(f'data/{id_}/').json['uuid']}/").status_code == 200
    }
    assert of_uuid == expected


def test_a_device_out_of_reach_is_not_told_and_not_left(
    client: FlaskClient, services: Services, plant: Door
):
    device, own = plant.device(), plant.device()
    data = plant.data(device=device)
    narrow = door(client, services, within=reach(devices=[own], streams=[data]))
    told = narrow.get(f"data/{data}/").json
    assert told["device"] is None
    assert narrow.get(f"data/?device={device}").json == []
    assert narrow.put(f"data/{data}/", **(told | {"unit": "C"})).json["unit"] == "C"
    assert code(narrow.patch(f"data/{data}/", device=own)) == (403, "forbidden")
    assert plant.get(f"data/{data}/").json["device"] == device


def test_the_kind_of_a_device_out_of_reach_is_not_told(
    client: FlaskClient, services: Services, plant: Door
):
    data = plant.data(device=plant.device(), path="5")
    narrow = door(client, services, within=reach(devices=[], streams=[data]))
    unfit = {"path": "Does not fit where the data stream is."}
    assert faults(narrow.patch(f"data/{data}/", path="no register")) == unfit
    assert narrow.patch(f"data/{data}/", path="6").json["path"] == "6"
    assert faults(plant.patch(f"data/{data}/", path="no register")) != unfit


def test_a_key_to_a_device_makes_and_moves_data_within_it(
    client: FlaskClient, services: Services, plant: Door
):
    own, other = plant.device(), plant.device()
    narrow = door(client, services, within=reach(devices=[own], streams=[]))
    data = narrow.data(device=own)
    assert narrow.get(f"data/{data}/").status_code == 200
    assert code(narrow.post("data/", name=fresh())) == (403, "forbidden")
    assert faults(narrow.post("data/", name=fresh(), device=other)) == {"device": "No such device."}
    assert faults(narrow.patch(f"data/{data}/", device=other)) == {"device": "No such device."}
    assert code(narrow.patch(f"data/{data}/", device=None)) == (403, "forbidden")


def test_a_key_to_some_data_makes_no_other(client: FlaskClient, services: Services, plant: Door):
    narrow = door(client, services, within=reach(streams=[plant.data()]))
    assert code(narrow.post("data/", name=fresh())) == (403, "forbidden")


def test_what_was_removed_meanwhile_has_no_streams_whoever_else_changes_them(
    plant: Door, services: Services, database: Database
):
    device, group, data = plant.device(), plant.group(), plant.data()
    belonging = services.plant.data._belonging
    old = belonging.streams.by_id(data)
    new = replace(old, place=replace(old.place, device=device, group=group))
    assert belonging.streams.change(old, new)
    database.devices.delete_one({"_id": device})
    database.groups.delete_one({"_id": group})
    database.streams.update_one({"_id": data}, {"$set": {"unit": "by somebody else"}})
    assert belonging.bind(old.place, new)
    told = plant.get(f"data/{data}/").json
    assert (told["device"], told["group"], told["unit"]) == (None, None, "by somebody else")


def test_reading_data_is_not_writing_it(client: FlaskClient, services: Services, plant: Door):
    data = plant.data()
    reader = door(client, services, scopes.DATA_READ)
    assert reader.get(f"data/{data}/").status_code == 200
    assert code(reader.patch(f"data/{data}/", unit="C")) == (403, "forbidden")


def test_what_is_done_is_noted(plant: Door, services: Services):
    told = plant.get(f"data/{plant.data()}/").json
    plant.patch(f"data/{told['id']}/", unit="C")
    plant.delete(f"data/{told['id']}/")
    latest = services.audit.latest(20)
    notes = [note["action"] for note in latest if note.get("stream") == told["uuid"]]
    assert notes == ["stream.delete", "stream.change", "stream.create"]
