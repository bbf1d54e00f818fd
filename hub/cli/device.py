"""``hub device``: make, list, show, change and delete devices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import IO, Any, get_args

import click
import orjson

from hub.cli.session import Duration, json_option, put_out, session, table
from hub.cli.stream import ADMIN
from hub.services import Services
from hub.services.plant.devices import CASCADES, Cascade
from hub.services.plant.fields import ID_MAX
from hub.values import Device, DeviceKind, Document

ID = click.IntRange(1, ID_MAX)
ALL = 10_000
"""How many devices are read at a time."""


def described(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a device is."""
    options = (
        click.option("--host", help="Its name or address."),
        click.option("--port", type=int, help="Default: that of its kind."),
        click.option("--unit", type=int, help="The number behind a Modbus gateway."),
        click.option("--poll-interval", type=Duration(), help="For example 1s."),
        click.option("--timeout", type=Duration(), help="Of one request, for example 4s."),
        click.option("--enable/--disable", "enabled", default=None, help="Whether it is polled."),
        click.option(
            "--definition",
            type=click.File("rb"),
            help="JSON as POST takes it, for the rest; - is stdin.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


KIND = click.Choice(get_args(DeviceKind))


@click.group()
def device() -> None:
    """Devices: the machines of the plant, and how they are reached."""


@device.command()
@click.argument("name")
@click.option("--kind", type=KIND, help="What it speaks.")
@described
@json_option
def create(*, as_json: bool, **options: Any) -> None:
    """Make a device. Nothing is sent to it."""
    with session() as services:
        made = services.plant.devices.create(_body(options), ADMIN)
        _put_out(services, made, as_json=as_json)


@device.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every device."""
    found: list[Device] = []
    with session() as services:
        more = True
        while more:
            after = found[-1].id if found else 0
            some, more = services.plant.devices.page(ADMIN, after=after, limit=ALL)
            found += some
        told = services.plant.devices.told(found)
    headings = ("DEVICE", "NAME", "KIND", "HOST", "PORT", "STATUS", "CREATED")
    rows = [
        (d.id, d.name, d.kind, d.host, d.port, each["state"]["status"], d.created)
        for d, each in zip(found, told, strict=True)
    ]
    put_out(told, as_json=as_json, text=table(headings, rows))


@device.command()
@click.argument("device_id", metavar="ID", type=ID)
@json_option
def show(device_id: int, as_json: bool) -> None:
    """Show one device."""
    with session() as services:
        _put_out(services, services.plant.devices.get(device_id, ADMIN), as_json=as_json)


@device.command()
@click.argument("device_id", metavar="ID", type=ID)
@click.option("--name", help="Another name.")
@click.option("--kind", type=KIND, help="Another kind; its port, unit and options begin anew.")
@described
@json_option
def change(*, device_id: int, as_json: bool, **options: Any) -> None:
    """Change what is named, and leave the rest."""
    with session() as services:
        changed = services.plant.devices.change(device_id, _body(options), ADMIN)
        _put_out(services, changed, as_json=as_json)


@device.command()
@click.argument("device_id", metavar="ID", type=ID)
@click.option(
    "--cascade",
    type=click.Choice(CASCADES),
    help="What becomes of its data streams and event logs: deleted too, or kept without it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(device_id: int, cascade: Cascade | None, yes: bool, as_json: bool) -> None:
    """Delete a device."""
    with session() as services:
        found = services.plant.devices.get(device_id, ADMIN)
        if not yes:
            also = " with its data streams and event logs" if cascade == "delete" else ""
            click.confirm(f"Delete {found.name!r}{also} for good?", abort=True)
        services.plant.devices.delete(device_id, ADMIN, cascade)
    put_out({"id": device_id, "deleted": True}, as_json=as_json, text="Deleted.")


def _body(options: Document) -> Document:
    """What POST and PATCH take, from the definition and the options, which count first."""
    definition: IO[bytes] | None = options.pop("definition")
    body = _read(definition) if definition else {}
    for name, value in options.items():
        if value is not None:
            body[name] = value.total_seconds() if isinstance(value, timedelta) else value
    return body


def _read(definition: IO[bytes]) -> Document:
    try:
        body = orjson.loads(definition.read())
    except orjson.JSONDecodeError as exc:
        raise click.UsageError(f"--definition is not JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise click.UsageError("--definition is a JSON object")
    return body


def _put_out(services: Services, found: Device, *, as_json: bool) -> None:
    (told,) = services.plant.devices.told([found])
    width = max(map(len, told))
    shown = told | {"state": _in_words(told["state"])}
    lines = [f"{name:{width}}  {_shown(value)}".rstrip() for name, value in shown.items()]
    put_out(told, as_json=as_json, text="\n".join(lines))


def _in_words(state: Document) -> str:
    """The status, since when, and the last error."""
    text = str(state["status"])
    if state["since"] is not None:
        text += f" since {state['since']}"
    if (error := state["last_error"]) is not None:
        text += f"; last error {error['at']}: {error['code']}, {error['message']}"
    return text


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
