"""Sessions while the hub cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.services import Services
from hub.terminal import serving
from hub.terminal.contract import Mailbox, Offer
from tests.integration.terminal.world import World, agent, until


class Broken:
    """A way to a mailbox that can be ``broken``; ``noted`` is what was tried to be noted."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.broken = False
        self.noted: list[str] = []
        self.hold = mailbox.hold
        self.leave = mailbox.leave
        self.answer = mailbox.answer
        self.refuse = mailbox.refuse

    def offers(self) -> list[Offer]:
        self._pass()
        return self._mailbox.offers()

    def stands(self, by: str) -> bool:
        self._pass()
        return self._mailbox.stands(by)

    def note(self, action: str, facts: Mapping[str, Any]) -> None:
        self.noted.append(action)
        self._pass()
        self._mailbox.note(action, facts)

    def _pass(self) -> None:
        if self.broken:
            raise Unavailable("the database cannot be reached")


def test_its_end_comes_into_the_audit_later(services: Services, world: World, audit: Any) -> None:
    ways: list[Broken] = []

    def way(mailbox: Mailbox) -> Mailbox:
        ways.append(Broken(mailbox))
        return ways[0]

    async def story() -> None:
        async with agent(services, world, way=way):
            async with world.browsing(world.grant()) as browser:
                ways[0].broken = True
                browser.tell(shell=True)
                await browser.until(lambda: bool(browser.told("error")), "it is not noted")
                assert browser.told("started") == []
            await until(lambda: "terminal.end" in ways[0].noted)
            assert audit(world.host)[-1]["action"] == "terminal.start"
            ways[0].broken = False
            await until(lambda: audit(world.host)[-1]["action"] == "terminal.end")

    asyncio.run(story())
    assert audit(world.host)[-1]["reason"] in ("closed", "connection lost")


def test_it_goes_on_for_a_while_only(
    services: Services, world: World, audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "AWAY_S", 0.0)
    ways: list[Broken] = []

    def way(mailbox: Mailbox) -> Mailbox:
        ways.append(Broken(mailbox))
        return ways[0]

    async def story() -> None:
        async with agent(services, world, way=way), world.browsing(world.grant()) as browser:
            ways[0].broken = True
            assert await browser.ends() == serving.AWAY
            ways[0].broken = False
            await until(lambda: audit(world.host)[-1]["action"] == "terminal.end")

    asyncio.run(story())
    assert audit(world.host)[-1]["reason"] == serving.AWAY
