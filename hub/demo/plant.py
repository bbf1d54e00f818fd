"""The plant of the demo: a simulator that serve runs, made a device once, and polled by the hub."""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import dataclass
from threading import Event

import click

from hub.cli.stream import ADMIN
from hub.demo.devices import ALL, device_named
from hub.demo.watch import watch
from hub.devices.simulators.plant import tags
from hub.errors import HubError
from hub.services import Services, scopes
from hub.services.plant.data import Wish
from hub.values import Device, Reach, Stream

NAME = "Demo plant"
HOST = "127.0.0.1"
READER = "demo reader of the plant"
PATIENCE_S = 20.0

LINES = """
A simulated plant, "{name}", is polled over Modbus every second: {count} data streams of device {device}.
  key  {key}
  Page {root}/streams/ draws them with this key.

Get what was measured last:
  curl -sS -H 'X-API-Key: {key}' '{root}/api/value/?limit={measured}'
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Shown:
    """The device, its data streams, and the secret of a key that reads them."""

    device: Device
    streams: list[Stream]
    key: str

    def text(self, root: str) -> str:
        """How to use it; ``root`` is the hub's address."""
        measured = sum(tag.type != "bit" for tag in tags.TAGS)
        return LINES.format(
            name=NAME, count=len(self.streams), device=self.device.id, key=self.key, root=root,
            measured=measured,
        )  # fmt: skip


def free_port() -> int:
    """A port of this machine for the plant to listen at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def command(port: int) -> list[str]:
    """What runs the plant."""
    arguments = ("simulate", "modbus", "--bind", HOST, "--port", str(port), "--misbehave")
    return [sys.executable, "-m", "hub.cli", *arguments]


def plant(services: Services, port: int, stopping: Event) -> Shown | None:
    """Make the device and its data streams unless they were made before; a fresh key to read them.

    Streams that somebody removed stay away. Waits a while for the first values. None where it
    cannot be, which is told, and where the streams are gone.
    """
    try:
        device = _device(services, port)
        streams, _ = services.plant.data.page(Wish(limit=ALL, device=device.id), ADMIN)
        if not streams:
            return None
        _await_values(services, streams, stopping)
        return Shown(device, streams, _key(services, device))
    except HubError as exc:
        click.echo(f"The plant of the demo is not all there: {exc.message}", err=True)
        return None


def _device(services: Services, port: int) -> Device:
    """The device, at the port where the plant listens now; a new one with what watches it."""
    body = tags.device("modbus", HOST, port, NAME)
    found = device_named(services, NAME)
    if found is None:
        made = services.plant.devices.create(body, ADMIN)
        for data in tags.data("modbus"):
            services.plant.data.create(data | {"device": made.id}, ADMIN)
        watch(services, services.plant.data.page(Wish(limit=ALL, device=made.id), ADMIN)[0])
        return made
    if (found.host, found.port) == (HOST, port):
        return found
    return services.plant.devices.change(found.id, {"host": HOST, "port": port}, ADMIN)


def _await_values(services: Services, streams: list[Stream], stopping: Event) -> None:
    """Return when something was polled since now, or after ``PATIENCE_S``."""
    begin, until = time.time(), time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not stopping.wait(0.2):
        ends = services.readings.ends(streams).values()
        if any(end is not None and end / 1000 > begin for _, end in ends):
            return


def _key(services: Services, device: Device) -> str:
    """A key that reads the device and its data streams, in place of the last one."""
    for key in services.keys.all():
        if key.label == READER and key.revoked is None:
            services.keys.revoke(key.id)
    reach = Reach(datasets=frozenset(), devices=frozenset({device.id}), streams=frozenset())
    allowed = (scopes.DEVICE_READ, scopes.DATA_READ, scopes.VALUE_READ, scopes.STREAM_READ)
    return services.keys.create(READER, allowed, reach=reach).secret
