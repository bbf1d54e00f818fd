"""What there is to read and write of the plant, and where it stands in each protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.devices.simulators import NAMESPACE
from hub.values import AccessMode, DataType, DeviceKind, Document

Kind = Literal["modbus", "opcua", "melsec", "fenet"]
KINDS: tuple[Kind, ...] = ("modbus", "opcua", "melsec", "fenet")
PORTS: dict[DeviceKind, int] = {"modbus": 5020, "opcua": 4840, "melsec": 5007, "fenet": 2004}
"""Where a plant listens unless it is told otherwise; none needs to be root."""
ROOT = "Plant"


Area = Literal["command", "setting", "state", "measurement"]

FORMS: dict[Area, dict[Kind, tuple[str, int]]] = {
    "command": {"modbus": ("coil:", 0), "melsec": ("M", 0), "fenet": ("%MX", 0)},
    "setting": {"modbus": ("hr:", 0), "melsec": ("D", 0), "fenet": ("%DW", 0)},
    "state": {"modbus": ("di:", 0), "melsec": ("M", 16), "fenet": ("%MX", 16)},
    "measurement": {"modbus": ("ir:", 0), "melsec": ("D", 100), "fenet": ("%DW", 100)},
}
"""How addresses begin, and where numbers count from."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One thing: its key in the model, its name for people, and where it stands.

    ``number`` is that in its area; ``node`` the path below the plant's folder in OPC UA.
    """

    key: str
    name: str
    type: DataType
    unit: str | None
    area: Area
    number: int
    node: str

    @property
    def told(self) -> bool:
        """Whether others write it; the rest is the plant's own."""
        return self.area in ("command", "setting")

    @property
    def access_mode(self) -> AccessMode:
        return "read_write" if self.told else "read"

    @property
    def path(self) -> str:
        return f"{ROOT}/{self.node}"

    def address(self, kind: Kind) -> str:
        if kind == "opcua":
            return f"nsu={NAMESPACE};s={self.path}"
        begin, first = FORMS[self.area][kind]
        return f"{begin}{first + self.number}"


TAGS: tuple[Tag, ...] = (
    Tag("run", "Motor run", "bit", None, "command", 0, "Motor/Run"),
    Tag("inlet", "Tank inlet open", "bit", None, "command", 1, "Tank/Inlet"),
    Tag("outlet", "Tank outlet open", "bit", None, "command", 2, "Tank/Outlet"),
    Tag("automatic", "Tank automatic", "bit", None, "command", 3, "Tank/Automatic"),
    Tag("setpoint", "Motor setpoint", "uint16", "rpm", "setting", 0, "Motor/Setpoint"),
    Tag("rpm", "Motor speed", "fp32", "rpm", "measurement", 0, "Motor/Speed"),
    Tag("current", "Motor current", "fp32", "A", "measurement", 2, "Motor/Current"),
    Tag("temperature", "Motor temperature", "fp32", "°C", "measurement", 4, "Motor/Temperature"),
    Tag("level", "Tank level", "fp32", "%", "measurement", 6, "Tank/Level"),
    Tag("pieces", "Pieces", "uint32", None, "measurement", 8, "Counters/Pieces"),
    Tag("energy", "Energy", "uint64", "Wh", "measurement", 10, "Counters/Energy"),
    Tag("running", "Motor running", "bit", None, "state", 0, "Motor/Running"),
    Tag("alarm_hot", "Alarm motor hot", "bit", None, "state", 1, "Alarms/MotorHot"),
    Tag("alarm_current", "Alarm motor current", "bit", None, "state", 2, "Alarms/MotorCurrent"),
    Tag("alarm_high", "Alarm tank high", "bit", None, "state", 3, "Alarms/TankHigh"),
    Tag("alarm_low", "Alarm tank low", "bit", None, "state", 4, "Alarms/TankLow"),
    Tag("troubled", "Motor troubled", "bit", None, "state", 5, "Motor/Troubled"),
)


def device(kind: Kind, host: str, port: int, name: str) -> Document:
    """The body that makes the plant a device."""
    return {"name": name, "kind": kind, "host": host, "port": port, "poll_interval": 1.0}


def data(kind: Kind) -> list[Document]:
    """The bodies that make its tags data streams; they lack ``device``.

    Bits are stored when they change and once a minute, the rest at every poll.
    """
    return [_data(tag, kind) for tag in TAGS]


def _data(tag: Tag, kind: Kind) -> Document:
    body: Document = {
        "name": tag.name,
        "path": tag.address(kind),
        "unit": tag.unit,
        "access_mode": tag.access_mode,
    }
    if kind != "opcua":
        body["type"] = tag.type
    if tag.type == "bit":
        body |= {"on_change": True, "heartbeat": 60.0}
    return body
