"""OPC UA over a socket: our driver against the library's server, open and secured."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.callback import CallbackType
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.ua.object_ids import ObjectIds
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from hub.devices.contract import Point, Reading, Value
from hub.devices.opcua.driver import Opcua
from hub.devices.simulators.opcua import NAMESPACE, OpcuaSimulator
from hub.errors import (
    BadAddress,
    BadDeviceValue,
    BadField,
    DeviceRefused,
)
from tests.devices import device

T = ua.VariantType
MANY = 1200
VALUES: list[tuple[str, Any, Value, Value]] = [
    ("sbyte", T.SByte, 0, -128),
    ("byte", T.Byte, 0, 255),
    ("int16", T.Int16, 0, -(2**15)),
    ("uint16", T.UInt16, 0, 2**16 - 1),
    ("int32", T.Int32, 0, -(2**31)),
    ("uint32", T.UInt32, 0, 2**32 - 1),
    ("int64", T.Int64, 0, -(2**63)),
    ("uint64", T.UInt64, 0, 2**64 - 1),
    ("float", T.Float, 0.0, 3.25),
    ("double", T.Double, 0.0, -2.5),
    ("on", T.Boolean, False, True),
    ("text", T.String, "", "h\u00e9"),
]
Act = Callable[[Opcua], Awaitable[Any]]


@asynccontextmanager
async def plant() -> AsyncIterator[OpcuaSimulator]:
    """A folder with a variable of every type, one of many, a deep one, and one in a circle."""
    async with OpcuaSimulator() as server:
        await server.add_folder("types")
        for name, type_, value, _ in VALUES:
            await server.add_variable(f"types/{name}", value, type_)
        await server.add_variable("fixed", 1, T.Int32, writable=False)
        await server.add_variable("array", [1, 2], T.Int32)
        await server.add_variable("nan", math.nan, T.Double)
        await server.add_variable("number", 5, T.Int32, node=ua.NodeId.from_string("ns=2;i=77"))
        await server.add_variable("bytes", 6, T.Int32, node=ua.NodeId.from_string("ns=2;b=AQI="))
        await server.add_folder("many")
        for n in range(MANY):
            await server.add_variable(f"many/{n}", n, T.Int32)
        deep = "deep"
        await server.add_folder(deep)
        for _ in range(5):
            deep += "/x"
            folder = await server.add_folder(deep)
        circle = server.server.get_node(f"ns={server.namespace};s=deep")
        await folder.add_reference(circle, ObjectIds.Organizes)
        yield server


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def server(runner: asyncio.Runner) -> Iterator[OpcuaSimulator]:
    opened = plant()
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def run(runner: asyncio.Runner, server: OpcuaSimulator) -> Callable[[Act], Any]:
    """Does something with a driver that is connected to the plant."""

    def run(act: Act) -> Any:
        async def acted() -> Any:
            async with Opcua(device("opcua", server.port, timeout_s=60.0)) as driver:
                return await act(driver)

        return runner.run(asyncio.wait_for(acted(), 240))

    return run


def at(path: str) -> Point:
    return Point(f"ns=2;s={path}")


@pytest.mark.parametrize(("name", "_type", "_before", "value"), VALUES)
def test_what_is_written_is_read_back(
    run: Callable[[Act], Any], name: str, _type: Any, _before: Value, value: Value
) -> None:
    async def act(driver: Opcua) -> Value | None:
        await driver.write(at(f"types/{name}"), value)
        return (await driver.read([at(f"types/{name}")]))[0].told()

    read = run(act)
    assert (read, type(read)) == (value, type(value))


def test_a_write_keeps_the_type_of_the_node(
    run: Callable[[Act], Any], runner: asyncio.Runner, server: OpcuaSimulator
) -> None:
    run(lambda d: d.write(at("types/float"), 7))
    node = server.server.get_node("ns=2;s=types/float")
    written = runner.run(node.read_data_value()).Value
    assert written == ua.Variant(7.0, T.Float)


@pytest.mark.parametrize("address", ["ns=2;i=77", f"nsu={NAMESPACE};i=77"])
def test_a_namespace_is_named_by_index_or_uri(run: Callable[[Act], Any], address: str) -> None:
    assert run(lambda d: d.read([Point(address)]))[0].told() == 5


def test_ids_of_bytes_are_in_base64(run: Callable[[Act], Any]) -> None:
    assert run(lambda d: d.read([Point("ns=2;b=AQI=")]))[0].told() == 6


def test_a_value_has_the_time_of_its_source(run: Callable[[Act], Any]) -> None:
    begun = datetime.now(UTC)

    async def act(driver: Opcua) -> list[Reading]:
        await driver.write(at("types/int16"), 1)
        return await driver.read([Point("i=2258"), at("types/int16")])

    told = run(act)[0].at
    assert abs(told - begun) < timedelta(seconds=10)


def test_one_bad_point_spoils_no_other(run: Callable[[Act], Any]) -> None:
    points = [
        at("fixed"),
        at("missing"),
        Point("nonsense"),
        at("array"),
        at("nan"),
        Point("nsu=urn:other;i=1"),
        Point("ns=2;i=77"),
    ]
    readings = run(lambda d: d.read(points))
    kinds = [type(r.error) for r in readings]
    none = type(None)
    assert [r.value for r in readings] == [1, None, None, None, None, None, 5]
    assert kinds == [none, DeviceRefused, BadAddress, BadDeviceValue, none, DeviceRefused, none]
    assert readings[1].error.detail == {
        "device_code": "0x80340000",
        "reason": "BadNodeIdUnknown",
        "address": "ns=2;s=missing",
    }
    assert readings[4].quality == "uncertain"


@pytest.mark.parametrize(
    ("address", "value", "error"),
    [
        ("ns=2;s=fixed", 2, DeviceRefused),
        ("ns=2;s=missing", 2, DeviceRefused),
        ("ns=2;s=array", 2, BadDeviceValue),
        ("ns=2;s=types/byte", 256, BadDeviceValue),
        ("ns=2;s=types/byte", 1.5, BadDeviceValue),
        ("ns=2;s=types/byte", True, BadDeviceValue),
        ("ns=2;s=types/on", 2, BadDeviceValue),
        ("ns=2;s=types/text", 2, BadDeviceValue),
        ("i=2258", 2, BadDeviceValue),
        ("types/byte", 2, BadAddress),
    ],
)
def test_what_cannot_be_written_is_named(
    run: Callable[[Act], Any], address: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(lambda d: d.write(Point(address), value))


def test_more_nodes_than_a_request_takes_are_read_in_order(run: Callable[[Act], Any]) -> None:
    readings = run(lambda d: d.read([at(f"many/{n}") for n in range(MANY)]))
    assert [r.told() for r in readings] == [*range(MANY)]


def test_no_request_reads_more_nodes_than_the_server_takes(
    run: Callable[[Act], Any], runner: asyncio.Runner, server: OpcuaSimulator
) -> None:
    limit = server.server.get_node(
        ua.NodeId(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)  # type: ignore[arg-type]
    )
    sizes: list[int] = []

    def note(event: Any, _: Any) -> None:
        sizes.append(len(event.request_params.NodesToRead))

    before = runner.run(limit.read_value())
    runner.run(limit.write_value(ua.Variant(7, T.UInt32)))
    server.server.subscribe_server_callback(CallbackType.PreRead, note)
    try:
        readings = run(lambda d: d.read([at(f"many/{n}") for n in range(30)]))
    finally:
        server.server.unsubscribe_server_callback(CallbackType.PreRead, note)
        runner.run(limit.write_value(ua.Variant(before, T.UInt32)))
    assert [r.told() for r in readings] == [*range(30)]
    assert sizes[-5:] == [7, 7, 7, 7, 2]


class TestBrowsing:
    def test_begins_with_the_objects(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse())
        assert {n.id for n in found.nodes} >= {"i=2253", "ns=2;s=types", "ns=2;s=fixed"}

    def test_tells_of_variables_type_value_and_access(self, run: Callable[[Act], Any]) -> None:
        found = {n.name: n for n in run(lambda d: d.browse()).nodes}
        fixed = found["2:fixed"]
        assert (fixed.kind, fixed.type, fixed.value) == ("Variable", "Int32", 1)
        assert (fixed.access, found["2:nan"].access) == (("read",), ("read", "write"))
        assert (found["2:array"].type, found["2:array"].value) == ("Int32[]", None)
        assert (found["2:types"].kind, found["2:types"].type) == ("Object", None)

    def test_goes_through_continuations_to_the_last(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse("ns=2;s=many", nodes_max=5000, limit_s=20.0))
        assert [n.value for n in found.nodes] == [*range(MANY)]
        assert "nodes" not in found.cut

    def test_goes_no_deeper_than_it_may(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse("ns=2;s=deep", depth=3))
        assert [(n.depth, n.id) for n in found.nodes] == [
            (1, "ns=2;s=deep/x"),
            (2, "ns=2;s=deep/x/x"),
            (3, "ns=2;s=deep/x/x/x"),
        ]
        assert found.cut == ("depth",)

    def test_ends_in_a_circle(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse("ns=2;s=deep", depth=20))
        assert (len(found.nodes), found.cut) == (5, ())
        assert all(n.opened for n in found.nodes)

    def test_finds_no_more_than_it_may(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse("i=84", depth=20, nodes_max=70))
        assert (len(found.nodes), found.cut) == (70, ("nodes",))

    def test_takes_no_longer_than_it_may(self, run: Callable[[Act], Any]) -> None:
        found = run(lambda d: d.browse("i=84", depth=20, nodes_max=5000, limit_s=0.0))
        assert (found.nodes, found.cut) == ([], ("time",))

    def test_of_no_node_is_refused(self, run: Callable[[Act], Any]) -> None:
        with pytest.raises(DeviceRefused):
            run(lambda d: d.browse("ns=2;s=missing"))

    def test_of_what_is_no_address_is_refused_before(self, run: Callable[[Act], Any]) -> None:
        with pytest.raises(BadAddress):
            run(lambda d: d.browse("missing"))


async def certified(folder: Path, name: str, usage: Any) -> tuple[Path, Path]:
    """A certificate (DER) and its key (PEM) for an application of this name."""
    key, certificate = folder / f"{name}.pem", folder / f"{name}.der"
    uri = f"urn:test:{name}"
    await setup_self_signed_certificate(key, certificate, uri, "localhost", [usage], {})
    return certificate, key


def pem(certificate: Path) -> str:
    loaded = x509.load_der_x509_certificate(certificate.read_bytes())
    return loaded.public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def secured(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OpcuaSimulator, dict[str, Any]]]:
    """A server with secured endpoints and one user, and the options of who may come in."""
    folder = tmp_path_factory.mktemp("pki")
    ours = runner.run(certified(folder, "client", ExtendedKeyUsageOID.CLIENT_AUTH))
    theirs = runner.run(certified(folder, "server", ExtendedKeyUsageOID.SERVER_AUTH))
    simulator = OpcuaSimulator(
        users={"anna": "secret"}, certificate=theirs[0], private_key=theirs[1]
    )

    async def start() -> None:
        await simulator.__aenter__()
        await simulator.add_variable("speed", 5, T.Int32)

    runner.run(start())
    yield (
        simulator,
        {
            "user": "anna",
            "password": "secret",
            "certificate": pem(ours[0]),
            "private_key": ours[1].read_text(),
            "server_certificate": pem(theirs[0]),
        },
    )
    runner.run(simulator.__aexit__(None, None, None))


def read_secured(
    runner: asyncio.Runner, simulator: OpcuaSimulator, options: dict[str, Any]
) -> Value | None:
    async def act() -> Value | None:
        target = device("opcua", simulator.port, timeout_s=60.0, options=options)
        async with Opcua(target) as driver:
            await driver.write(at("speed"), 6)
            return (await driver.read([at("speed")]))[0].told()

    return runner.run(asyncio.wait_for(act(), 240))


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("Basic256Sha256", "Sign"),
        ("Basic256Sha256", "SignAndEncrypt"),
        ("Aes128Sha256RsaOaep", "SignAndEncrypt"),
        ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    ],
)
def test_a_secured_server_is_read_and_written(
    runner: asyncio.Runner, secured: Any, policy: str, mode: str, pinned: bool
) -> None:
    simulator, options = secured
    if not pinned:
        options = options | {"server_certificate": None}
    assert read_secured(runner, simulator, options | {"policy": policy, "mode": mode}) == 6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "wrong"}, "BadUserAccessDenied"),
        ({"user": "eve"}, "BadUserAccessDenied"),
        ({"user": None, "password": None}, "BadUserAccessDenied"),
        ({"policy": "none"}, "it offers no endpoint of this policy and mode"),
        (
            {"policy": "Aes256Sha256RsaPss", "mode": "Sign", "server_certificate": None},
            "it offers no endpoint of this policy and mode",
        ),
    ],
)
def test_who_may_not_come_in_is_told_why(
    runner: asyncio.Runner, secured: Any, change: dict[str, Any], reason: str
) -> None:
    simulator, options = secured
    with pytest.raises(DeviceRefused) as caught:
        read_secured(runner, simulator, options | {"policy": "Basic256Sha256"} | change)
    assert caught.value.detail["reason"] == reason


@pytest.mark.parametrize("name", ["certificate", "private_key", "server_certificate"])
def test_a_certificate_that_cannot_be_read_is_refused_before(secured: Any, name: str) -> None:
    simulator, options = secured
    broken = options[name].replace("M", "?", 3)
    with pytest.raises(BadField) as caught:
        Opcua(device("opcua", simulator.port, options=options | {name: broken}))
    assert list(caught.value.detail["fields"]) == [f"options.{name}"]
