"""Values of devices over HTTP: read and written at once, every kind through a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from asyncua import ua
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.devices.simulators.fenet import FenetSimulator
from hub.devices.simulators.melsec import MelsecSimulator
from hub.devices.simulators.modbus import ModbusSimulator
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.services import Services
from tests.integration.devices.machines import Beside, beside
from tests.plant import Door, code, door, reach

ODD = "ns=2;s=Line 1/a;b=c"


@dataclass
class Plant:
    """A machine of each kind, and the devices that stand for them."""

    loop: Beside
    door: Door
    melsec: MelsecSimulator
    fenet: FenetSimulator
    modbus: ModbusSimulator
    opcua: OpcuaSimulator
    ids: dict[str, int]

    def url(self, kind: str, register: str, query: str = "") -> str:
        return f"device/{self.ids[kind]}/io/{register}/{query}"

    def read(self, kind: str, register: str, query: str = "") -> Any:
        answer = self.door.get(self.url(kind, register, query))
        assert answer.status_code == 200, answer.json
        return answer.json

    def ask_write(self, kind: str, register: str, value: Any, query: str = "") -> TestResponse:
        return self.door.post(self.url(kind, register, query), value=value)

    def write(self, kind: str, register: str, value: Any, query: str = "") -> Any:
        answer = self.ask_write(kind, register, value, query)
        assert answer.status_code == 200, answer.json
        return answer.json


async def started(loop_of: dict[str, Any]) -> None:
    for machine in loop_of.values():
        await machine.__aenter__()
    opcua = loop_of["opcua"]
    await opcua.add_variable("Speed", 1200, ua.VariantType.UInt16)
    await opcua.add_folder("Line 1")
    await opcua.add_variable("Line 1/a;b=c", 2.5, ua.VariantType.Double)
    await opcua.add_variable("Name", "mixer", ua.VariantType.String)
    await opcua.add_variable("On", True, ua.VariantType.Boolean)
    await opcua.add_variable("Nan", float("nan"), ua.VariantType.Double)
    await opcua.add_variable("Big", 2**63 + 1, ua.VariantType.UInt64)
    await opcua.add_variable("Fixed", 1, ua.VariantType.UInt16, writable=False)
    await opcua.add_variable("List", [1, 2], ua.VariantType.UInt16)


@pytest.fixture(scope="module")
def plant(client: FlaskClient, services: Services) -> Iterator[Plant]:
    machines: dict[str, Any] = {
        "melsec": MelsecSimulator(),
        "fenet": FenetSimulator(),
        "modbus": ModbusSimulator(),
        "opcua": OpcuaSimulator(),
    }
    opened = door(client, services)
    with beside() as loop:
        loop.run(started(machines))
        ids = {
            kind: opened.device(
                kind=kind, host="127.0.0.1", port=each.port, timeout=60, enabled=False
            )
            for kind, each in machines.items()
        }
        yield Plant(loop, opened, **machines, ids=ids)
        for each in machines.values():
            loop.run(each.__aexit__(None, None, None))


KINDS = {
    "melsec": "D100",
    "fenet": "%25MW100",
    "modbus": "hr:100",
    "opcua": "ns%3D2%3Bs%3DSpeed",
}


@pytest.mark.parametrize(("kind", "register"), KINDS.items())
def test_what_was_written_is_read(plant: Plant, kind: str, register: str) -> None:
    assert plant.write(kind, register, 42) == {"written": True, "value": 42}
    assert plant.read(kind, register) == {"value": 42}


@pytest.mark.parametrize("kind", ["melsec", "fenet", "modbus"])
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("int16", -2),
        ("uint32", 4_000_000_000),
        ("int64", -(2**63)),
        ("uint64", 2**64 - 1),
        ("uint64", 2**53 + 1),
        ("fp32", 3.25),
        ("fp64", 0.1),
    ],
)
def test_every_type_is_exact(plant: Plant, kind: str, type_: str, value: Any) -> None:
    query = f"?type={type_}"
    assert plant.write(kind, KINDS[kind], value, query)["value"] == value
    assert plant.read(kind, KINDS[kind], query) == {"value": value}


def test_a_64_bit_number_stands_in_the_answer_in_full(plant: Plant) -> None:
    url = plant.url("melsec", "D200", "?type=uint64")
    sent = b'{"value": 18446744073709551615}'
    answer = plant.door.ask("POST", url, data=sent, content_type="application/json")
    assert answer.data == b'{"written":true,"value":18446744073709551615}'
    assert plant.door.get(url).data == b'{"value":18446744073709551615}'


@pytest.mark.parametrize(
    ("register", "value"),
    [
        ("%MD100", 7),
        ("%25MD100", 8),
        ("MD100", 9),
    ],
)
def test_fenet_names_with_the_sign_and_without(plant: Plant, register: str, value: int) -> None:
    plant.write("fenet", register, value)
    assert plant.read("fenet", "MD100") == {"value": value}


@pytest.mark.parametrize(
    "register",
    ["ns=2;s=Line 1/a;b=c", "ns=2;s=Line%201%2Fa;b=c", "ns%3D2%3Bs%3DLine%201%2Fa%3Bb%3Dc"],
)
def test_slashes_and_signs_of_node_ids(plant: Plant, register: str) -> None:
    assert plant.read("opcua", register) == {"value": 2.5}


def test_without_the_slash_at_the_end(plant: Plant) -> None:
    url = plant.url("opcua", "ns=2;s=Name").removesuffix("/")
    assert plant.door.get(url).json == {"value": "mixer"}


@pytest.mark.parametrize(
    ("kind", "register", "value"),
    [("melsec", "M100", 1), ("melsec", "X1F", 1), ("modbus", "coil:3", 1), ("fenet", "%25MX5", 1)],
)
def test_an_address_of_a_bit_is_one_without_a_type(
    plant: Plant, kind: str, register: str, value: int
) -> None:
    assert plant.write(kind, register, True) == {"written": True, "value": True}
    assert plant.read(kind, register) == {"value": value}


def test_sixteen_bits_as_a_word(plant: Plant) -> None:
    plant.write("melsec", "M160", 0x8001, "?type=uint16")
    assert [plant.read("melsec", f"M{n}")["value"] for n in (160, 161, 175)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("kind", "register", "order", "words"),
    [
        ("melsec", "D300", "", [0x5678, 0x1234]),
        ("melsec", "D300", "&byteorder=little", [0x5678, 0x1234]),
        ("melsec", "D300", "&byteorder=big", [0x1234, 0x5678]),
        ("modbus", "hr:300", "", [0x1234, 0x5678]),
        ("modbus", "hr:300", "&byteorder=little", [0x5678, 0x1234]),
        ("modbus", "hr:300", "&byteorder=big", [0x1234, 0x5678]),
    ],
)
def test_which_word_comes_first(
    plant: Plant, kind: str, register: str, order: str, words: list[int]
) -> None:
    plant.write(kind, register, 0x12345678, f"?type=uint32{order}")
    second = register.replace("300", "301")
    assert [plant.read(kind, each)["value"] for each in (register, second)] == words
    assert plant.read(kind, register, f"?type=uint32{order}") == {"value": 0x12345678}


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("Name", {"value": "mixer"}),
        ("On", {"value": True}),
        ("Big", {"value": 2**63 + 1}),
        ("Nan", {"value": None, "quality": "uncertain"}),
    ],
)
def test_what_opc_ua_holds(plant: Plant, node: str, told: Any) -> None:
    assert plant.read("opcua", f"ns=2;s={node}", "?type=int16") == told


def test_a_text_and_a_boolean_are_written(plant: Plant) -> None:
    plant.write("opcua", "ns=2;s=Name", "Rührer")
    plant.write("opcua", "ns=2;s=On", False)
    assert plant.read("opcua", "ns=2;s=Name") == {"value": "Rührer"}
    assert plant.read("opcua", "ns=2;s=On") == {"value": False}
    plant.write("opcua", "ns=2;s=Name", "mixer")
    plant.write("opcua", "ns=2;s=On", True)


def test_what_is_no_finite_number_has_no_value(plant: Plant) -> None:
    plant.melsec.words["D"][400:402] = [0, 0x7FC0]
    told = plant.read("melsec", "D400", "?type=fp32")
    assert told == {"value": None, "quality": "uncertain"}


@pytest.mark.parametrize(
    ("kind", "register", "query", "value", "error"),
    [
        ("melsec", "Q1", "", 1, "bad_address"),
        ("melsec", "D100.99", "", 1, "bad_address"),
        ("melsec", "D100.5", "", 1, "bad_address"),
        ("modbus", "ir:1", "", 1, "bad_address"),
        ("modbus", "99999", "", 1, "bad_address"),
        ("opcua", "2048", "", 1, "bad_address"),
        ("fenet", "%DB100", "", 1, "bad_address"),
        ("melsec", "D1%00", "", 1, "bad_address"),
        ("melsec", "D1%EF%BF%BD", "", 1, "bad_address"),
        ("melsec", "D" * 600, "", 1, "bad_address"),
        ("melsec", "D100", "", 70_000, "bad_device_value"),
        ("melsec", "D100", "", -1, "bad_device_value"),
        ("melsec", "D100", "", 1.5, "bad_device_value"),
        ("melsec", "D100", "", True, "bad_device_value"),
        ("melsec", "D100", "", "1", "bad_device_value"),
        ("melsec", "D100", "?type=bit", 1, "bad_device_value"),
        ("melsec", "M1", "", 2, "bad_device_value"),
        ("melsec", "D100", "?type=fp32", 1e39, "bad_device_value"),
        ("melsec", "D100", "?type=uint64", 2**64, "bad_device_value"),
        ("opcua", "ns=2;s=Speed", "", 70_000, "bad_device_value"),
        ("opcua", "ns=2;s=Speed", "", "x", "bad_device_value"),
        ("melsec", "D100", "", None, "bad_field"),
        ("melsec", "D100", "", [1], "bad_field"),
        ("melsec", "D100", "", {"a": 1}, "bad_field"),
        ("melsec", "D100", "?type=int24", 1, "bad_parameter"),
        ("melsec", "D100", "?byteorder=middle", 1, "bad_parameter"),
        ("melsec", "D100", "?typ=int16", 1, "bad_parameter"),
        ("melsec", "D100", "?type=int16&type=int32", 1, "bad_parameter"),
    ],
)
def test_what_is_wrong_is_said(
    plant: Plant, kind: str, register: str, query: str, value: Any, error: str
) -> None:
    assert code(plant.ask_write(kind, register, value, query)) == (400, error)


def test_an_unknown_field_is_named(plant: Plant) -> None:
    answer = plant.door.post(plant.url("melsec", "D1"), value=1, valeu=2)
    assert answer.json["error"]["detail"]["fields"] == {"valeu": "Unknown field."}


@pytest.mark.parametrize(
    ("kind", "register", "reason"),
    [("melsec", "D32767", "0xC056"), ("opcua", "ns=2;s=No", "0x80340000")],
)
def test_a_refusal_has_the_code_of_the_device(
    plant: Plant, kind: str, register: str, reason: str
) -> None:
    answer = plant.door.get(plant.url(kind, register, "?type=uint32"))
    assert code(answer) == (502, "device_refused"), answer.json
    assert answer.json["error"]["detail"]["device_code"] == reason


def test_a_node_that_is_not_written(plant: Plant) -> None:
    assert code(plant.ask_write("opcua", "ns=2;s=Fixed", 2)) == (502, "device_refused")


def test_a_node_of_several_values(plant: Plant) -> None:
    assert code(plant.door.get(plant.url("opcua", "ns=2;s=List"))) == (400, "bad_device_value")


@pytest.mark.parametrize("part", ["io/D100/", "opcua/"])
def test_a_model_has_no_registers(plant: Plant, part: str) -> None:
    model = plant.door.device(kind="ai", host=None)
    assert code(plant.door.get(f"device/{model}/{part}")) == (409, "conflict")


def test_a_write_is_in_the_audit_log(plant: Plant, database: Database) -> None:
    plant.write("melsec", "D777", 2**64 - 1, "?type=uint64")
    noted = database["audit"].find_one({"action": "device.write", "register": "D777"})
    assert noted is not None
    facts = (noted["device"], noted["value"], noted["type"])
    assert facts == (plant.ids["melsec"], str(2**64 - 1), "uint64")
    assert noted["key"]


def test_a_write_that_failed_is_in_the_audit_log(plant: Plant, database: Database) -> None:
    plant.ask_write("melsec", "D32767", 1, "?type=uint32")
    noted = database["audit"].find_one({"action": "device.write.failed", "register": "D32767"})
    assert noted is not None
    assert (noted["error"], noted["may_be_written"]) == ("device_refused", False)


@pytest.mark.parametrize("part", ["io/D100/", "opcua/"])
def test_a_key_for_data_streams_does_not_open_the_device(
    plant: Plant, client: FlaskClient, services: Services, part: str
) -> None:
    device = plant.ids["melsec"]
    stream = plant.door.data(device=device, path="D100")
    other = door(client, services, within=reach(devices=[], streams=[stream]))
    assert code(other.get(f"device/{device}/{part}")) == (404, "not_found")


def test_a_key_that_reads_does_not_write(
    plant: Plant, client: FlaskClient, services: Services
) -> None:
    reader = door(client, services, "device:read")
    assert reader.get(plant.url("melsec", "D100")).status_code == 200
    assert code(reader.post(plant.url("melsec", "D100"), value=1)) == (403, "forbidden")


def test_no_such_device(plant: Plant) -> None:
    assert code(plant.door.get("device/999999/io/D100/")) == (404, "not_found")


def test_the_lease_is_given_back(plant: Plant, services: Services) -> None:
    plant.read("melsec", "D100")
    assert services.device_calls.holder(f"device/127.0.0.1:{plant.melsec.port}") is None
