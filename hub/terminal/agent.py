"""The agent: takes offers from its mailbox, and serves a session for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiortc import RTCIceServer

from hub.errors import Conflict, HubError
from hub.terminal.bridge import Kit
from hub.terminal.contract import HOLD_S, Mailbox
from hub.terminal.serving import Serving

log = logging.getLogger(__name__)

LOOK_S: Final = 0.2
REST_S: Final = 2.0
"""After a failure of the mailbox."""
STOP_S: Final = 15.0
"""So long sessions have to end when the agent stops."""


@dataclass(frozen=True, slots=True)
class Agent:
    """``servers`` are those of STUN and TURN; without them it is found by its own addresses."""

    mailbox: Mailbox
    kit: Kit
    servers: Sequence[RTCIceServer] = ()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; all sessions end then. ``ready`` is called once it is there.

        Raises:
            Conflict: the host has another agent.
            HubError: the mailbox cannot be reached at the start.
        """
        if not await asyncio.to_thread(self.mailbox.hold):
            raise Conflict("another agent is there for this host")
        ready()
        serving = Serving(self.mailbox, self.kit, self.servers)
        sessions: set[asyncio.Task[None]] = set()
        try:
            await asyncio.gather(self._stay(), self._look(serving, sessions))
        finally:
            serving.stopping.set()
            if sessions:
                await asyncio.wait(sessions, timeout=STOP_S)
            with suppress(HubError):
                await asyncio.to_thread(self.mailbox.leave)

    async def _stay(self) -> None:
        """Say again and again that the agent is there."""
        there = True
        while True:
            await asyncio.sleep(HOLD_S / 3)
            try:
                held = await asyncio.to_thread(self.mailbox.hold)
            except HubError:
                held = False
            if held != there:
                log.warning("the host is %s", "held again" if held else "not held any more")
            there = held

    async def _look(self, serving: Serving, sessions: set[asyncio.Task[None]]) -> None:
        """Take what comes in."""
        while True:
            try:
                offers = await asyncio.to_thread(self.mailbox.offers)
            except HubError as exc:
                log.warning("no offers can be looked for: %s", exc.message)
                await asyncio.sleep(REST_S)
                continue
            for offer in offers:
                if len(sessions) >= self.kit.limits.sessions:
                    await serving.refuse(offer, "there are too many sessions")
                    continue
                task = asyncio.create_task(serving.serve(offer))
                sessions.add(task)
                task.add_done_callback(sessions.discard)
            await asyncio.sleep(LOOK_S)
