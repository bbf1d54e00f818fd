"""``hub terminal-host``: the agent that gives this machine's terminals to who has a grant."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

import click
import orjson

from hub import logs
from hub.cli.session import Duration, json_option, put_out, session
from hub.services import Services
from hub.services.terminal.grants import CALLED, PRESETS_MAX
from hub.terminal.bridge import Kit
from hub.terminal.contract import Limits
from hub.terminal.identity import NoIdentity, hide, identity, program

if TYPE_CHECKING:
    from aiortc import RTCIceServer


@click.command("terminal-host")
@click.option("--host-id", required=True, help="What grants call this machine.")
@click.option(
    "--preset",
    "presets",
    multiple=True,
    metavar="NAME=COMMAND",
    help="A command that may be run by its name, as it stands: no shell reads it; repeatable.",
)
@click.option("--shell", help="Give a shell too, to grants that are interactive: /bin/sh.")
@click.option("--user", help="Whom programs run as; root needs to name one.")
@click.option("--allow-root", is_flag=True, help="Let programs run as root.")
@click.option("--idle", type=Duration(), default="10m", show_default=True, help="Without typing.")
@click.option("--absolute", type=Duration(), default="1h", show_default=True, help="In all.")
@click.option(
    "--sessions",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="How many at once.",
)
@click.option(
    "--ice-servers",
    type=click.File("rb"),
    help="JSON: a list of STUN and TURN servers, as browsers take them.",
)
@json_option
def terminal_host(*, as_json: bool, **options: Any) -> None:
    """Give terminals of this machine to who has a grant, until Ctrl-C.

    Whoever may issue grants for it runs programs on it.
    """
    if not CALLED.fullmatch(options["host_id"]):
        raise click.UsageError("--host-id is 1 to 64 of A-Z a-z 0-9 . _ -")
    kit = _kit(options)
    servers = _servers(options["ice_servers"]) if options["ice_servers"] else []
    host: str = options["host_id"]

    def ready() -> None:
        facts = {"host": host, "user": kit.who.name, "shell": kit.shell is not None}
        text = f"{host} is there; programs run as {kit.who.name}. Ctrl-C ends it."
        put_out(facts | {"presets": list(kit.presets)}, as_json=as_json, text=text)
        sys.stdout.flush()

    logs.begin(logging.WARNING)
    hide()
    with session() as services:
        asyncio.run(_until_stopped(services, host, kit, servers, ready))


async def _until_stopped(
    services: Services, host: str, kit: Kit, servers: list[RTCIceServer], ready: Any
) -> None:
    """The library of WebRTC takes a while to load: only now."""
    from hub.terminal.agent import Agent

    shell, presets = kit.shell is not None, tuple(kit.presets)
    mailbox = services.system.terminal.hosting(host, shell=shell, presets=presets)
    agent = Agent(mailbox, kit, servers)
    running = asyncio.ensure_future(agent.run(ready))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running


def _kit(options: dict[str, Any]) -> Kit:
    presets, shell = _presets(options["presets"]), options["shell"]
    if not presets and shell is None:
        raise click.UsageError("give --preset or --shell: there would be nothing to run")
    try:
        who = identity(options["user"], root_allowed=options["allow_root"])
    except NoIdentity as exc:
        raise click.ClickException(str(exc)) from exc
    idle, absolute = _seconds(options, "idle"), _seconds(options, "absolute")
    limits = Limits(idle, absolute, options["sessions"])
    return Kit(who, presets, _argv(shell) if shell is not None else None, limits)


def _presets(given: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, command = text.partition("=")
        if not equals or not CALLED.fullmatch(name):
            raise click.UsageError(f"--preset {text}: not of the form NAME=COMMAND")
        if name in found:
            raise click.UsageError(f"--preset {name}: there are two")
        found[name] = _argv(command)
    if len(found) > PRESETS_MAX:
        raise click.UsageError(f"--preset: more than {PRESETS_MAX}")
    return found


def _argv(command: str) -> list[str]:
    """The words of a command, its program by its absolute path."""
    try:
        words = shlex.split(command)
    except ValueError as exc:
        raise click.UsageError(f"{command}: {exc}") from exc
    found = program(words[0]) if words else None
    if found is None:
        raise click.ClickException(f"no program: {command!r}")
    return [found, *words[1:]]


def _seconds(options: dict[str, Any], name: str) -> float:
    length: timedelta = options[name]
    if length <= timedelta(0):
        raise click.UsageError(f"--{name} is longer than nothing")
    return length.total_seconds()


def _servers(file: IO[bytes]) -> list[RTCIceServer]:
    from aiortc import RTCIceServer
    from aiortc.rtcicetransport import parse_stun_turn_uri

    try:
        read = orjson.loads(file.read())
        if not isinstance(read, list):
            raise ValueError("not a list")
        found = [RTCIceServer(**each) for each in read]
        for server in found:
            for uri in [server.urls] if isinstance(server.urls, str) else server.urls:
                parse_stun_turn_uri(uri)
    except (ValueError, TypeError) as exc:
        raise click.UsageError("--ice-servers: not a list of STUN and TURN servers") from exc
    return found
