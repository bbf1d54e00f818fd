"""The address space of an OPC UA server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asyncua import ua
from flask.testing import FlaskClient

from hub.devices.simulators.opcua import OpcuaSimulator
from hub.services import Services
from tests.integration.devices.machines import beside
from tests.plant import Door, code, door

FOLDER = "ns=2;s=Line"


async def filled(server: OpcuaSimulator) -> None:
    await server.__aenter__()
    await server.add_folder("Line")
    await server.add_variable("Line/Speed", 1200, ua.VariantType.UInt16)
    await server.add_variable("Line/Name", "mixer", ua.VariantType.String, writable=False)
    await server.add_folder("Line/Motor")
    await server.add_variable("Line/Motor/Big", 2**64 - 1, ua.VariantType.UInt64)


class Server:
    def __init__(self, door: Door, device: int) -> None:
        self.door = door
        self.device = device

    def ask(self, query: str = "") -> Any:
        return self.door.get(f"device/{self.device}/opcua/{query}")

    def browsed(self, query: str = "") -> Any:
        answer = self.ask(query)
        assert answer.status_code == 200, answer.json
        return answer.json


@pytest.fixture(scope="module")
def server(client: FlaskClient, services: Services) -> Iterator[Server]:
    opened = door(client, services)
    machine = OpcuaSimulator()
    with beside() as loop:
        loop.run(filled(machine))
        device = opened.device(
            kind="opcua", host="127.0.0.1", port=machine.port, timeout=60, enabled=False
        )
        yield Server(opened, device)
        loop.run(machine.__aexit__(None, None, None))


def test_what_is_below_the_objects(server: Server) -> None:
    found = server.browsed()
    assert found["node"] == "i=85"
    assert {"ns=2;s=Line", "i=2253"} <= {each["id"] for each in found["nodes"]}
    assert {(each["parent"], each["depth"]) for each in found["nodes"]} == {("i=85", 1)}
    assert found["cut"] == ["depth"]


def test_a_variable_is_told_with_all_that_is_known(server: Server) -> None:
    nodes = {each["id"]: each for each in server.browsed(f"?node={FOLDER}")["nodes"]}
    assert nodes["ns=2;s=Line/Speed"] == {
        "id": "ns=2;s=Line/Speed",
        "parent": FOLDER,
        "depth": 1,
        "name": "2:Speed",
        "display_name": "Speed",
        "kind": "Variable",
        "type": "UInt16",
        "value": 1200,
        "access": ["read", "write"],
        "opened": False,
    }
    assert nodes["ns=2;s=Line/Name"]["access"] == ["read"]
    assert nodes["ns=2;s=Line/Motor"]["kind"] == "Object"


def test_further_down(server: Server) -> None:
    found = server.browsed("?node=ns%3D2%3Bs%3DLine&depth=2")
    deepest = {each["id"]: each for each in found["nodes"] if each["depth"] == 2}
    assert deepest["ns=2;s=Line/Motor/Big"]["value"] == 2**64 - 1


def test_no_more_nodes_than_asked_for(server: Server) -> None:
    found = server.browsed(f"?node={FOLDER}&depth=2&limit=2")
    assert len(found["nodes"]) == 2
    assert "nodes" in found["cut"]


def test_what_is_blank_is_as_if_it_were_not_there(server: Server) -> None:
    blank, plain = (server.browsed(query)["nodes"] for query in ("?node=&depth=&limit=", ""))
    assert [each["id"] for each in blank] == [each["id"] for each in plain]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?depth=0", "bad_parameter"),
        ("?depth=21", "bad_parameter"),
        ("?limit=0", "bad_parameter"),
        ("?limit=5001", "bad_parameter"),
        ("?nodes=1", "bad_parameter"),
        ("?node=2048", "bad_address"),
        ("?node=%20", "bad_address"),
        ("?node=%DB", "bad_address"),
    ],
)
def test_what_is_wrong_is_said(server: Server, query: str, error: str) -> None:
    assert code(server.ask(query)) == (400, error)


def test_a_node_that_is_not_there(server: Server) -> None:
    assert code(server.ask("?node=ns%3D2%3Bs%3DNo")) == (502, "device_refused")


def test_another_machine_is_not_browsed(server: Server) -> None:
    machine = server.door.device(kind="modbus")
    assert code(server.door.get(f"device/{machine}/opcua/")) == (409, "conflict")
