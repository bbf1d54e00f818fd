"""A host of terminals for tests: its agent, a key for grants, and browsers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from werkzeug.test import TestResponse

from hub.services import Services
from hub.terminal.agent import Agent
from hub.terminal.bridge import Kit
from hub.terminal.contract import Limits, Mailbox
from hub.terminal.identity import identity
from tests.plant import Door
from tests.terminals import Browser

PRESETS = {
    "hello": ["/bin/echo", "hello", "$HOME; id"],
    "wait": ["/bin/sleep", "600"],
    "echo": ["/bin/cat"],
}
SDP = "v=0\r\n"


@dataclass(frozen=True)
class World:
    """A host with an agent, and a key for grants."""

    host: str
    plant: Door

    def grant(self, *, interactive: bool = True, presets: tuple[str, ...] = ()) -> str:
        answer = self.plant.post(
            "webrtc/terminal-grant/",
            terminal_id="t",
            host_id=self.host,
            interactive=interactive,
            allowed_presets=list(presets),
        )
        assert answer.status_code == 201, answer.json
        return str(answer.json["token"])

    def ask(self, token: str, sdp: str = SDP) -> TestResponse:
        """Begin a session, without a key."""
        body = {"token": token, "offer": {"type": "offer", "sdp": sdp}}
        return self.plant.client.post("/api/webrtc/terminal-session/", json=body)

    @asynccontextmanager
    async def browsing(self, token: str) -> AsyncIterator[Browser]:
        browser = Browser()
        try:
            sdp = (await browser.offer())["sdp"]
            answer = await asyncio.to_thread(self.ask, token, sdp)
            assert answer.status_code == 200, answer.json
            await browser.connect(answer.json["answer"])
            yield browser
        finally:
            await browser.connection.close()


@asynccontextmanager
async def agent(
    services: Services,
    world: World,
    limits: Limits | None = None,
    *,
    shell: bool = True,
    way: Callable[[Mailbox], Mailbox] = lambda mailbox: mailbox,
) -> AsyncIterator[None]:
    """An agent of the world's host, for as long as it is needed; ``way`` is that to the hub."""
    who = identity("nobody" if os.geteuid() == 0 else None)
    kit = Kit(who, PRESETS, ["/bin/sh"] if shell else None, limits or Limits())
    mailbox = services.system.terminal.hosting(world.host, shell=shell, presets=tuple(PRESETS))
    ready = asyncio.Event()
    running = asyncio.create_task(Agent(way(mailbox), kit).run(ready.set))
    try:
        async with asyncio.timeout(30):
            await ready.wait()
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process is there, and is not only waiting to be asked for its status."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
