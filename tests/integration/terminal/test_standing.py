"""Whoever asked for a grant must still be able to: before its session, and in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pymongo.database import Database

from hub.services import Services, scopes
from tests.integration.terminal.world import SDP, World, agent, until
from tests.plant import code, fresh

Change = Callable[[Services, Database[Any], str], None]


def _revoke(services: Services, database: Database[Any], key: str) -> None:
    services.keys.revoke(key)


def _set(**fields: Any) -> Change:
    def change(services: Services, database: Database[Any], key: str) -> None:
        assert database["keys"].update_one({"_id": key}, {"$set": fields}).modified_count

    return change


PAST = datetime.now(UTC) - timedelta(hours=1)
GONE: dict[str, Change] = {
    "revoked": _revoke,
    "over": _set(expires=PAST),
    "its secrets are over": _set(**{"secrets.0.expires": PAST}),
    "without its scope": _set(scopes=[scopes.SYSTEM_WRITE]),
    "away": lambda services, database, key: (database["keys"].delete_one({"_id": key}), None)[1],
}


@pytest.fixture
def subject(services: Services, world: World) -> str:
    """The id of the world's key."""
    found = services.keys.verify(world.plant.secret)
    assert found
    return found.key_id


@pytest.mark.parametrize("change", GONE.values(), ids=GONE)
def test_a_grant_of_a_key_that_is_gone_begins_nothing(
    services: Services, world: World, database: Database[Any], subject: str, change: Change
) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    token = world.grant()
    change(services, database, subject)
    assert code(world.ask(token)) == (401, "unauthorized")
    assert database["terminal_sessions"].count_documents({"host": world.host}) == 0


def test_an_agent_takes_no_grant_of_a_key_that_is_gone(
    services: Services, world: World, database: Database[Any], subject: str
) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    token = world.grant()
    grant = jwt.decode(token, options={"verify_signature": False})["jti"]
    session = {"_id": fresh(), "host": world.host, "state": "waiting", "offer": SDP}
    database["terminal_sessions"].insert_one(
        session | {"token": token, "address": "", "at": datetime.now(UTC)}
    )
    spent = {"$set": {"session": session["_id"]}}
    assert database["terminal_grants"].update_one({"_id": grant}, spent).modified_count
    services.keys.revoke(subject)
    assert mailbox.offers() == []
    assert database["terminal_grants"].find_one({"_id": grant, "begun": False})


def test_a_session_of_a_key_that_is_revoked_ends(
    services: Services, world: World, subject: str, audit: Any
) -> None:
    async def story() -> None:
        async with agent(services, world), world.browsing(world.grant()) as browser:
            browser.tell(shell=True)
            await browser.until(lambda: "shell" in browser.told("started"), "it runs")
            await asyncio.to_thread(services.keys.revoke, subject)
            assert await browser.ends() == "revoked"
            await until(lambda: audit(world.host)[-1]["action"] == "terminal.end")

    asyncio.run(story())
    assert audit(world.host)[-1]["reason"] == "revoked"


def test_a_rotated_key_stands(services: Services, world: World, subject: str) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    services.keys.rotate(subject, grace=timedelta(0))
    assert mailbox.stands(subject)


def test_a_user_stands_until_deleted(services: Services, world: World) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    name = fresh("user").replace(" ", "-")
    assert not mailbox.stands(f"user:{name}")
    services.people.users.create(name, "a long password of somebody", staff=True, superuser=False)
    assert mailbox.stands(f"user:{name}")
    services.people.users.delete(name)
    assert not mailbox.stands(f"user:{name}")
    services.people.users.create(name, "a long password of somebody", staff=False, superuser=False)
    assert not mailbox.stands(f"user:{name}")
