"""Devices over HTTP: what they are, what is refused, who sees which, what goes with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.values import Place
from tests.plant import Door, code, door, faults, fresh, reach

OPCUA = {
    "path": "/",
    "policy": "none",
    "mode": "SignAndEncrypt",
    "user": None,
    "certificate": None,
    "server_certificate": None,
    "subscribe": False,
    "sampling_interval": None,
    "password_set": False,
    "private_key_set": False,
}


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def test_a_device_that_was_made_is_told_whole(plant: Door):
    name = fresh()
    answer = plant.post("device/", name=name, kind="melsec", host="plc-1.local", port=5007)
    told = answer.json
    assert answer.status_code == 201
    assert told["created"] == told["updated"]
    assert told["created"].endswith("Z")
    del told["created"], told["updated"], told["state"]
    assert told == {
        "id": told["id"],
        "name": name,
        "kind": "melsec",
        "host": "plc-1.local",
        "port": 5007,
        "unit": None,
        "enabled": True,
        "poll_interval": 1.0,
        "timeout": 4.0,
        "options": {
            "frame": "3E", "series": "q", "network": 0, "pc": 255, "module_io": 1023,
            "station": 0, "xy_radix": "hex", "zr_radix": "dec",
        },
        "description": "",
        "tags": {},
    }  # fmt: skip
    assert plant.get(f"device/{told['id']}/").json == answer.json | told


@pytest.mark.parametrize(
    ("kind", "port", "unit"),
    [("modbus", 502, 1), ("opcua", 4840, None), ("fenet", 2004, None), ("melsec", 6000, None)],
)
def test_a_kind_has_its_own_port_and_unit(plant: Door, kind: str, port: int, unit: int | None):
    given = {"port": port} if kind == "melsec" else {}
    told = plant.get(f"device/{plant.device(kind=kind, **given)}/").json
    assert (told["port"], told["unit"]) == (port, unit)


def test_a_model_has_no_host(plant: Door):
    told = plant.get(f"device/{plant.device(kind='ai', host=None)}/").json
    assert (told["host"], told["port"], told["unit"]) == (None, None, None)
    assert told["options"] == {"model_type": None, "threshold": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"kind": "vnc"}, "kind"),
        ({"kind": None}, "kind"),
        ({"host": None}, "host"),
        ({"host": "http://10.0.0.7"}, "host"),
        ({"host": "10.0.0.7:502"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 65_536}, "port"),
        ({"kind": "melsec"}, "port"),
        ({"unit": 256}, "unit"),
        ({"kind": "opcua", "unit": 1}, "unit"),
        ({"kind": "ai"}, "host"),
        ({"kind": "ai", "host": None, "port": 1}, "port"),
        ({"enabled": "yes"}, "enabled"),
        ({"poll_interval": 0}, "poll_interval"),
        ({"poll_interval": 86_401}, "poll_interval"),
        ({"timeout": 61}, "timeout"),
        ({"options": []}, "options"),
        ({"options": {"frame": "3E"}}, "options.frame"),
        ({"options": {"frame": None}}, "options.frame"),
        ({"options": {"word_order": "middle"}}, "options.word_order"),
        ({"description": "x" * 4_001}, "description"),
        ({"tags": {"a": "x" * 70_000}}, "tags"),
        ({"id": 7}, "id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(plant: Door, changes: dict[str, Any], field: str):
    body = {"name": fresh(), "kind": "modbus", "host": "10.0.0.7"} | changes
    assert list(faults(plant.post("device/", **body))) == [field]


@pytest.mark.parametrize("missing", ["name", "kind"])
def test_what_is_missing_is_named(plant: Door, missing: str):
    body = {"name": fresh(), "kind": "modbus", "host": "10.0.0.7"}
    del body[missing]
    assert list(faults(plant.post("device/", **body))) == [missing]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"", (400, "bad_field")), (b"[]", (400, "bad_field")), (b"{", (400, "not_json")),
     (b'{"name": 1, "name": 2}', (400, "bad_field"))],
)  # fmt: skip
def test_a_body_is_one_object(plant: Door, body: bytes, expected: tuple[int, str]):
    json = {"Content-Type": "application/json"}
    assert code(plant.ask("POST", "device/", data=body, headers=json)) == expected


def test_a_name_is_its_own(plant: Door):
    name, other = fresh(), fresh()
    plant.device(name=name)
    second = plant.device(name=other)
    body = {"name": name, "kind": "ai"}
    assert code(plant.post("device/", **body)) == (409, "conflict")
    assert code(plant.patch(f"device/{second}/", name=name)) == (409, "conflict")
    assert plant.get(f"device/{second}/").json["name"] == other


def test_patch_changes_what_is_named(plant: Door):
    device = plant.device(description="old", options={"framing": "rtu", "byte_swap": True})
    before = plant.get(f"device/{device}/").json
    changes = {"host": "plc", "options": {"word_order": "little", "byte_swap": None}}
    after = plant.patch(f"device/{device}/", **changes).json
    assert after["options"] == {"framing": "rtu", "word_order": "little", "byte_swap": False}
    assert after["updated"] > before["updated"]
    assert after == before | {"host": "plc", "options": after["options"]} | {
        "updated": after["updated"]
    }


def test_put_replaces(plant: Door):
    device = plant.device(description="old", unit=9, options={"framing": "rtu"}, tags={"a": 1})
    told = plant.get(f"device/{device}/").json
    after = plant.put(f"device/{device}/", name=told["name"], kind="opcua", host="plc").json
    assert (after["kind"], after["port"], after["unit"]) == ("opcua", 4840, None)
    assert (after["description"], after["tags"], after["options"]) == ("", {}, OPCUA)


def test_what_was_told_may_be_put_back(plant: Door):
    told = plant.get(f"device/{plant.device()}/").json
    answer = plant.put(f"device/{told['id']}/", **told)
    assert (answer.status_code, answer.json) == (200, told)


def test_an_id_is_not_changed(plant: Door):
    told = plant.get(f"device/{plant.device()}/").json
    answer = plant.patch(f"device/{told['id']}/", id=told["id"] + 1)
    assert faults(answer) == {"id": "Cannot be changed."}


def test_another_kind_begins_with_its_own_options(plant: Door):
    device = plant.device(port=1502, unit=3, options={"framing": "rtu"})
    after = plant.patch(f"device/{device}/", kind="fenet").json
    assert (after["port"], after["unit"]) == (2004, None)
    assert after["options"] == {"cpu": "xgk", "base": 0, "slot": 0}


def test_a_list_comes_in_pages(plant: Door):
    made = [plant.device() for _ in range(3)]
    first = plant.get(f"device/?limit=2&after={made[0] - 1}")
    assert [each["id"] for each in first.json] == made[:2]
    following = first.headers["Link"]
    assert following == f'</api/device/?limit=2&after={made[1]}>; rel="next"'
    last = plant.get(following[6:].partition(">")[0])
    assert [each["id"] for each in last.json] == made[2:]
    assert "Link" not in last.headers


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "limit=x", "after=-1", "limit=1&limit=2", "page=2"]
)
def test_a_parameter_is_known_and_sound(plant: Door, query: str):
    assert code(plant.get(f"device/?{query}")) == (400, "bad_parameter")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("device", ["999999999", "0", str(2**63 - 1), str(2**63), "x", "-1"])
def test_what_is_not_there_is_not_found(plant: Door, method: str, device: str):
    body = {"name": fresh(), "kind": "ai"} if method in ("PUT", "PATCH") else None
    assert code(plant.ask(method, f"device/{device}/", body)) == (404, "not_found")


def test_a_device_without_data_is_deleted(plant: Door):
    device = plant.device()
    assert plant.delete(f"device/{device}/").status_code == 204
    assert code(plant.get(f"device/{device}/")) == (404, "not_found")
    assert plant.device() > device


def test_a_device_with_data_is_not_deleted_unasked(plant: Door):
    device = plant.device()
    data = [plant.data(device=device), plant.data(device=device)]
    answer = plant.delete(f"device/{device}/")
    assert code(answer) == (409, "in_use")
    detail = {"device": device, "data": data, "event_logs": False}
    detail |= {"cascade": ["delete", "detach"]}
    assert answer.json["error"]["detail"] == detail
    assert code(plant.delete(f"device/{device}/?cascade=all")) == (400, "bad_parameter")
    assert plant.get(f"data/{data[0]}/").json["device"] == device


def test_who_may_not_read_data_is_told_of_none(
    client: FlaskClient, services: Services, plant: Door
):
    device = plant.device()
    plant.data(device=device)
    answer = door(client, services, scopes.DEVICE_WRITE).delete(f"device/{device}/")
    assert code(answer) == (409, "in_use")
    assert answer.json["error"]["detail"]["data"] == []


def test_its_data_may_go_with_it(plant: Door, services: Services):
    device = plant.device()
    data, other = plant.data(device=device), plant.data()
    assert plant.delete(f"device/{device}/?cascade=delete").status_code == 204
    assert code(plant.get(f"data/{data}/")) == (404, "stream_not_found")
    assert data in [each.id for each in services.purging.deleted()]
    assert plant.get(f"data/{other}/").status_code == 200


def test_its_data_may_stay_without_it(plant: Door):
    device = plant.device()
    data = plant.data(device=device, path="hr:1")
    assert plant.delete(f"device/{device}/?cascade=detach").status_code == 204
    told = plant.get(f"data/{data}/").json
    assert (told["device"], told["path"]) == (None, "hr:1")


def test_its_event_logs_stay_without_it_or_go(plant: Door):
    for cascade, left in (("delete", 404), ("detach", 200)):
        device = plant.device()
        log = plant.post("event-log/", device=device, kind="alarm", message="hot").json
        answer = plant.delete(f"device/{device}/")
        assert code(answer) == (409, "in_use")
        assert answer.json["error"]["detail"]["event_logs"] is True
        assert plant.delete(f"device/{device}/?cascade={cascade}").status_code == 204
        kept = plant.get(f"event-log/{log['id']}/")
        assert kept.status_code == left
        assert kept.json.get("device") is None


def test_who_deletes_event_logs_with_a_device_needs_the_scope_for_it(
    client: FlaskClient, services: Services, plant: Door
):
    device = plant.device()
    plant.post("event-log/", device=device, kind="alarm", message="hot")
    narrow = door(client, services, scopes.DEVICE_WRITE, scopes.DATA_WRITE)
    answer = narrow.delete(f"device/{device}/?cascade=delete")
    assert answer.json["error"]["detail"] == {"scope": "event-log:write"}


def test_a_derived_stream_elsewhere_keeps_a_device(plant: Door):
    device = plant.device()
    source = plant.get(f"data/{plant.data(device=device)}/").json
    derived = plant.post(
        "v1/stream/", title=fresh(), derive_op="derivative", derive_from=[source["uuid"]]
    ).json
    answer = plant.delete(f"device/{device}/?cascade=delete")
    assert code(answer) == (409, "outstanding_dependencies")
    assert answer.json["error"]["detail"]["streams"] == [derived["id"]]
    assert plant.get(f"data/{source['id']}/").status_code == 200


def test_who_deletes_data_with_a_device_needs_the_scope_for_it(
    client: FlaskClient, services: Services, plant: Door
):
    device = plant.device()
    data = plant.data(device=device)
    narrow = door(client, services, scopes.DEVICE_WRITE)
    answer = narrow.delete(f"device/{device}/?cascade=delete")
    assert code(answer) == (403, "forbidden")
    assert answer.json["error"]["detail"] == {"scope": "data:write"}
    assert plant.get(f"data/{data}/").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_restricted_key_does_not_hear_of_other_devices(
    client: FlaskClient, services: Services, plant: Door, method: str
):
    own, other = plant.device(), plant.device()
    narrow = door(client, services, within=reach(devices=[own]))
    body = {"name": fresh(), "kind": "ai"} if method in ("PUT", "PATCH") else None
    missing = narrow.ask(method, "device/999999999/", body).json["error"]
    answer = narrow.ask(method, f"device/{other}/", body)
    assert code(answer) == (404, "not_found")
    assert answer.json["error"] == missing | {"detail": {"device": other}}
    assert [each["id"] for each in narrow.get("device/").json] == [own]
    assert narrow.get(f"device/{own}/").status_code == 200


def test_a_restricted_key_makes_no_devices_and_changes_its_own(
    client: FlaskClient, services: Services, plant: Door
):
    own = plant.device()
    narrow = door(client, services, within=reach(devices=[own]))
    body = {"name": fresh(), "kind": "ai"}
    assert code(narrow.post("device/", **body)) == (403, "forbidden")
    assert narrow.patch(f"device/{own}/", description="x").json["description"] == "x"


def test_a_key_to_some_data_does_not_decide_on_what_it_does_not_see(
    client: FlaskClient, services: Services, plant: Door
):
    device = plant.device()
    seen, _unseen = plant.data(device=device), plant.data(device=device)
    narrow = door(client, services, within=reach(streams=[seen]))
    for cascade in ("", "?cascade=delete", "?cascade=detach"):
        answer = narrow.delete(f"device/{device}/{cascade}")
        assert code(answer) == (409, "in_use")
        assert answer.json["error"]["detail"]["data"] == [seen]


def test_what_is_done_is_noted(plant: Door, services: Services):
    device = plant.device()
    plant.patch(f"device/{device}/", enabled=False)
    plant.delete(f"device/{device}/")
    notes = [note["action"] for note in services.audit.latest(10) if note.get("device") == device]
    assert notes == ["device.delete", "device.change", "device.create"]


def test_nothing_to_change_changes_nothing(plant: Door, services: Services):
    told = plant.get(f"device/{plant.device()}/").json
    assert plant.patch(f"device/{told['id']}/", name=told["name"]).json == told


def test_a_stream_that_comes_while_its_device_goes_is_no_orphan(
    plant: Door, services: Services, database: Database
):
    """The device goes between the look at it and the stream's arrival."""
    device, group = plant.device(), plant.group()
    stream = services.streams.of(plant.data(device=device, group=group))
    database.devices.delete_one({"_id": device})
    belonging = services.plant.data._belonging
    refused = belonging.bind(Place(group=group), stream)
    assert refused
    assert refused.detail == {"fields": {"device": "No such device."}}
    assert services.streams.of(stream.id).place == Place(group=group)


def test_a_device_that_gets_a_stream_meanwhile_is_not_removed(
    plant: Door, services: Services, database: Database
):
    device = plant.device()
    store = services.plant.data._belonging.devices
    used = store.used(device)
    plant.data(device=device)
    assert not store.remove(device, used)
    assert store.remove(device, store.used(device))


def test_the_streams_of_a_device_and_of_a_group_are_found_by_an_index(
    plant: Door, database: Database
):
    for name in ("device", "group"):
        found = database.streams.find({name: 5, "deleted": None}).explain()
        assert found["queryPlanner"]["winningPlan"]["inputStage"]["indexName"] == f"{name}_1"


def test_changes_at_the_same_time_are_all_kept(client: FlaskClient, plant: Door):
    device, data = f"device/{plant.device()}/", f"data/{plant.data()}/"
    changes: list[tuple[str, dict[str, Any]]] = [
        (device, {"host": "plc"}),
        (device, {"timeout": 5}),
        (device, {"options": {"framing": "rtu"}}),
        (device, {"options": {"byte_swap": True}}),
        (data, {"unit": "C"}),
        (data, {"path": "D1"}),
        (data, {"metadata": {"a": 1}}),
        (data, {"tags": {"b": 2}}),
    ]

    def change(url: str, fields: dict[str, Any]) -> int:
        own = Door(client.application.test_client(), plant.secret)
        return own.patch(url, **fields).status_code

    with ThreadPoolExecutor(len(changes)) as pool:
        assert set(pool.map(lambda each: change(*each), changes)) == {200}
    told = plant.get(device).json
    assert (told["host"], told["timeout"]) == ("plc", 5)
    assert told["options"] == {"framing": "rtu", "word_order": "big", "byte_swap": True}
    told = plant.get(data).json
    assert (told["unit"], told["path"], told["metadata"]) == ("C", "D1", {"a": 1})
    assert told["tags"]["b"] == 2
