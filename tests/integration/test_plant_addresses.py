"""Addresses of data streams: held against their device's kind when they and it are changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services
from hub.services.plant.devices import NAMED_MAX
from tests.plant import Door, code, door, faults, fresh, reach

KINDS: list[dict[str, Any]] = [
    {"kind": "modbus"},
    {"kind": "opcua"},
    {"kind": "melsec", "port": 5007},
    {"kind": "fenet"},
]
ROUNDS = 40
GOOD = {"modbus": "hr:0", "opcua": "ns=2;s=Speed", "melsec": "D100", "fenet": "%MW100"}


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.mark.parametrize("device", KINDS, ids=lambda device: device["kind"])
@pytest.mark.parametrize("path", GOOD.values())
def test_a_path_is_in_the_grammar_of_its_device(plant: Door, device: dict[str, Any], path: str):
    number = plant.device(**device)
    answer = plant.post("data/", name=fresh(), device=number, path=path)
    if path == GOOD[device["kind"]]:
        assert answer.status_code == 201
    else:
        assert list(faults(answer)) == ["path"]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"path": "coil:0", "type": "fp32"}, "type"),
        ({"path": "hr:65536"}, "path"),
        ({"path": "hr:65535", "type": "uint32"}, "path"),
        ({"path": "ir:0", "access_mode": "read_write"}, "access_mode"),
        ({"path": "di:0", "access_mode": "read_write"}, "access_mode"),
    ],
)
def test_what_does_not_fit_is_named(plant: Door, place: dict[str, Any], field: str):
    number = plant.device()
    assert list(faults(plant.post("data/", name=fresh(), device=number, **place))) == [field]
    made = plant.data(device=number, path="hr:0")
    assert list(faults(plant.patch(f"data/{made}/", **place))) == [field]


@pytest.mark.parametrize(
    ("device", "path", "fits"),
    [
        ({"kind": "melsec", "port": 1}, "X1F", True),
        ({"kind": "melsec", "port": 1, "options": {"xy_radix": "oct"}}, "X1F", False),
        ({"kind": "fenet"}, "%IW0", False),
        ({"kind": "fenet", "options": {"cpu": "xgi"}}, "%IW0", True),
    ],
)
def test_options_have_a_say(plant: Door, device: dict[str, Any], path: str, fits: bool):
    answer = plant.post("data/", name=fresh(), device=plant.device(**device), path=path)
    assert answer.status_code == (201 if fits else 400)


@pytest.mark.parametrize("kind", ["modbus", "ai"])
def test_a_data_stream_needs_no_path(plant: Door, kind: str):
    number = plant.device(kind=kind, **({"host": None} if kind == "ai" else {}))
    assert plant.get(f"data/{plant.data(device=number)}/").json["device"] == number


def test_a_model_takes_any_path(plant: Door):
    number = plant.device(kind="ai", host=None)
    assert plant.get(f"data/{plant.data(device=number, path='score')}/").json["path"] == "score"


def test_without_a_device_any_path_stands(plant: Door):
    made = plant.data(path="anything")
    assert list(faults(plant.patch(f"data/{made}/", device=plant.device()))) == ["path"]


def test_a_move_is_checked(plant: Door):
    made = plant.data(device=plant.device(), path="hr:0")
    other = plant.device(kind="fenet")
    assert list(faults(plant.patch(f"data/{made}/", device=other))) == ["path"]
    assert plant.patch(f"data/{made}/", device=other, path="%MW0").status_code == 200


@pytest.fixture
def old(plant: Door, database: Database) -> str:
    """The address of a data stream from before addresses were checked."""
    made = plant.data(device=plant.device(), path="hr:0")
    database.streams.update_one({"_id": made}, {"$set": {"path": "tank.level"}})
    return f"data/{made}/"


def test_one_from_before_is_told_and_keeps_its_path(plant: Door, old: str):
    told = plant.get(old).json
    assert told["path"] == "tank.level"
    assert plant.patch(old, unit="m").status_code == 200
    assert plant.put(old, **told).status_code == 200


def test_one_from_before_may_be_given_a_good_path_and_no_other(plant: Door, old: str):
    assert list(faults(plant.patch(old, path="tank.height"))) == ["path"]
    assert plant.patch(old, path="hr:1").json["path"] == "hr:1"


def test_one_from_before_does_not_keep_its_device_from_changing(plant: Door, old: str):
    device = plant.get(old).json["device"]
    assert plant.patch(f"device/{device}/", options={"word_order": "little"}).status_code == 200


@pytest.mark.parametrize(
    "change", [{"kind": "fenet"}, {"options": {"cpu": "xgi"}}, {"options": {"cpu": "xgb_iec"}}]
)
def test_a_device_does_not_change_below_its_data(plant: Door, change: dict[str, Any]):
    start = {"kind": "modbus"} if "kind" in change else {"kind": "fenet"}
    device = plant.device(**start)
    fits = plant.data(device=device)
    unfit = plant.data(device=device, path="hr:0" if "kind" in change else "%DW0")
    answer = plant.patch(f"device/{device}/", **change)
    assert code(answer) == (409, "conflict")
    assert answer.json["error"]["detail"] == {"device": device, "data": [unfit]}
    assert plant.delete(f"data/{unfit}/").status_code == 204
    assert plant.patch(f"device/{device}/", **change).status_code == 200
    assert plant.get(f"data/{fits}/").json["device"] == device


def test_a_change_that_all_data_fit_is_made(plant: Door):
    device = plant.device(kind="melsec", port=1)
    plant.data(device=device, path="X10")
    assert plant.patch(f"device/{device}/", options={"xy_radix": "oct"}).status_code == 200


def test_not_more_than_some_are_named(plant: Door):
    device = plant.device()
    made = [plant.data(device=device, path="hr:0") for _ in range(NAMED_MAX + 1)]
    answer = plant.patch(f"device/{device}/", kind="fenet")
    assert answer.json["error"]["detail"]["data"] == made[:NAMED_MAX]


def test_data_that_the_key_is_not_for_are_not_named(
    plant: Door, client: FlaskClient, services: Services
):
    device = plant.device()
    plant.data(device=device, path="hr:0")
    narrow = door(client, services, within=reach(streams=[]))
    answer = narrow.patch(f"device/{device}/", kind="fenet")
    assert answer.json["error"]["detail"] == {"device": device, "data": []}


def test_an_address_and_its_device_do_not_pass_each_other(client: FlaskClient, plant: Door):
    """Of two changes at the same time that do not go together one is refused."""
    for _ in range(ROUNDS):
        device = plant.device()
        data = plant.data(device=device)

        def ask(url: str, **change: Any) -> int:
            return (
                Door(client.application.test_client(), plant.secret)
                .patch(url, **change)
                .status_code
            )

        with ThreadPoolExecutor(2) as pool:
            asked = [
                pool.submit(ask, f"device/{device}/", kind="fenet"),
                pool.submit(ask, f"data/{data}/", path="hr:0"),
            ]
        assert sorted(each.result() for each in asked) in ([200, 400], [200, 409])
        told = plant.get(f"device/{device}/").json["kind"], plant.get(f"data/{data}/").json["path"]
        assert told in (("fenet", None), ("modbus", "hr:0"))
