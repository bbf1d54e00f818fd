"""What is asked of a device directly: checked, carried out, and carried between processes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from hub.devices.contract import ByteOrder, Driver, Point, Quality, Reading, Value
from hub.devices.opcua.nodes import Browsed, BrowsedNode
from hub.devices.places import named
from hub.devices.registry import PLACES, check, check_point
from hub.devices.types import encoded
from hub.errors import (
    BadAddress,
    BadDeviceValue,
    BadField,
    Conflict,
    DeviceError,
    DeviceGarbled,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
    HubError,
)
from hub.values import DataType, Device

BROWSE_S = 5.0
"""How long a server is looked around in; what was found by then is told."""
OBJECTS = "i=85"
"""The node below which the objects of every server are."""
NODES = 500
NODES_MAX = 5_000
DEPTH_MAX = 20
UNSURE = (DeviceUnreachable, DeviceTimeout, DeviceGarbled)
"""After these it is not known what the device did."""
KINDS: dict[str, type[HubError]] = {
    each.__name__: each
    for each in (
        BadAddress,
        BadDeviceValue,
        BadField,
        Conflict,
        DeviceError,
        DeviceGarbled,
        DeviceRefused,
        DeviceTimeout,
        DeviceUnreachable,
    )
}
"""What may go wrong with a call, as it is told between processes; all else is a DeviceError."""

Op = Literal["read", "write", "browse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    address: str
    type: DataType | None = None
    byteorder: ByteOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    address: str
    type: DataType | None = None
    byteorder: ByteOrder | None = None
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Browse:
    """``node`` None is ``OBJECTS``; ``limit`` is of nodes."""

    node: str | None = None
    depth: int = 1
    limit: int = NODES


Call: TypeAlias = Read | Write | Browse
OPS: dict[Op, type[Read | Write | Browse]] = {"read": Read, "write": Write, "browse": Browse}


@dataclass(frozen=True, slots=True)
class Found:
    """What was read. ``value`` is None where the device holds no finite number."""

    value: Value | None
    quality: Quality = "good"


Outcome: TypeAlias = Found | Browsed
"""Of a write it is what was written."""


@runtime_checkable
class Browsing(Protocol):
    """A driver that also looks around."""

    async def browse(
        self, node: str | None = None, *, depth: int = 1, nodes_max: int = 500, limit_s: float = 5.0
    ) -> Browsed: ...


def budget_s(device: Device, call: Call) -> float:
    """Within what time a call is answered, whatever the device does."""
    looking = BROWSE_S if isinstance(call, Browse) else 0.0
    return 3 * device.timeout_s + 2 + looking


def checked(device: Device, call: Call) -> None:
    """Refuse what the device would not be sent; pure.

    Raises:
        BadAddress: an address is not in the grammar of the device's kind.
        BadDeviceValue: it has no such type, or the value does not fit it.
        Conflict: a device of this kind is not read or written, or not browsed.
    """
    if isinstance(call, Browse):
        _check_browsed(device, call)
        return
    point = _point(call)
    check_point(device, point, written=isinstance(call, Write))
    if isinstance(call, Write) and device.kind in PLACES:
        place = PLACES[device.kind](point, check(device.kind, device.options))
        try:
            encoded(place.type, call.value)
        except BadDeviceValue as exc:
            raise named(point, exc) from exc


async def done(driver: Driver, call: Call, limit_s: float) -> Outcome:
    """Carry a call out within a time; the connection is left as the driver leaves it.

    Raises:
        BadAddress, BadDeviceValue, DeviceRefused: nothing was written.
        DeviceUnreachable, DeviceTimeout, DeviceGarbled: where ``may_be_written`` is in the
            detail, the value may have been.
        Conflict: the driver does not browse.
    """
    sending = False
    try:
        async with asyncio.timeout(limit_s):
            match call:
                case Read():
                    return _found((await driver.read([_point(call)]))[0])
                case Write():
                    await driver.open()
                    sending = True
                    await driver.write(_point(call), call.value)
                    return Found(call.value)
                case Browse():
                    return await _browsed(driver, call)
    except UNSURE as exc:
        raise (unsure(exc) if sending else exc) from exc
    except TimeoutError as exc:
        late = DeviceTimeout("the device did not do it in time")
        raise (unsure(late) if sending else late) from exc


def unsure(error: DeviceError) -> DeviceError:
    """An error after which a value may have been written, saying so."""
    told = f"{error.message}; the value may have been written"
    return type(error)(told, **(error.detail | {"may_be_written": True}))


def op_of(call: Call) -> Op:
    return next(op for op, kind in OPS.items() if isinstance(call, kind))


def call_text(call: Call) -> str:
    """A call's arguments, as ``call_of`` reads them: exact, whatever the number."""
    return json.dumps(asdict(call))


def call_of(op: Op, text: str) -> Call:
    return OPS[op](**json.loads(text))


def outcome_text(outcome: Outcome | HubError) -> str:
    """An outcome, or what went wrong, as ``outcome_of`` reads it."""
    match outcome:
        case Found():
            return json.dumps({"found": asdict(outcome)})
        case Browsed():
            nodes = [asdict(each) for each in outcome.nodes]
            return json.dumps({"nodes": nodes, "cut": outcome.cut})
        case _:
            told = [type(outcome).__name__, outcome.message, outcome.detail]
            return json.dumps({"error": told}, default=str)


def outcome_of(text: str) -> Outcome:
    """An outcome that came from another process.

    Raises:
        HubError: what went wrong there.
    """
    read: dict[str, Any] = json.loads(text)
    if "error" in read:
        kind, message, detail = read["error"]
        raise KINDS.get(kind, DeviceError)(message, **detail)
    if "found" in read:
        return Found(**read["found"])
    nodes = [BrowsedNode(**each | {"access": tuple(each["access"])}) for each in read["nodes"]]
    return Browsed(nodes, tuple(read["cut"]))


def _check_browsed(device: Device, call: Browse) -> None:
    if device.kind != "opcua":
        raise Conflict("only OPC UA servers are browsed", kind=device.kind)
    if call.node is not None:
        check_point(device, Point(call.node))


def _point(call: Read | Write) -> Point:
    return Point(call.address, call.type, call.byteorder)


def _found(reading: Reading) -> Found:
    """Raises HubError: why nothing was read."""
    return Found(reading.told(), reading.quality)


async def _browsed(driver: Driver, call: Browse) -> Browsed:
    if not isinstance(driver, Browsing):
        raise Conflict("only OPC UA servers are browsed")
    return await driver.browse(call.node, depth=call.depth, nodes_max=call.limit, limit_s=BROWSE_S)
