"""Sessions of terminals: an offer through the hub, a real agent, real programs, the audit."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from pymongo.database import Database

from hub.services import Services
from hub.terminal.contract import Limits
from tests.integration.terminal.world import SDP, World, agent, lives
from tests.plant import code
from tests.terminals import Browser

PID = re.compile(rb"pid-(\d+)-")


def test_a_shell(services: Services, world: World, audit: Any) -> None:
    async def story() -> None:
        async with agent(services, world), world.browsing(world.grant()) as browser:
            assert browser.told("hello") == [{"terminal_id": "t", "shell": True, "presets": []}]
            browser.tell(resize={"rows": 40, "cols": 100})
            browser.tell(shell=True)
            browser.type("stty size; echo one-$((1+1))\n")
            await browser.prints("40 100")
            await browser.prints("one-2")
            browser.tell(resize={"rows": 7, "cols": 33})
            browser.type("stty size\n")
            await browser.prints("7 33")
            browser.type("exit 3\n")
            assert await browser.ends() == "exit"
            assert browser.told("exit") == [{"program": "shell", "code": 3}]

    asyncio.run(story())
    actions = [entry["action"] for entry in audit(world.host)]
    assert actions == ["terminal.grant", "terminal.start", "terminal.run", "terminal.end"]
    grant, begun, run, end = audit(world.host)
    assert {begun["grant"], run["grant"], end["grant"]} == {grant["grant"]}
    assert (begun["by"], run["program"]) == (grant["by"], "shell")
    assert (grant["address"], begun["address"]) == ("127.0.0.1", "127.0.0.1")
    assert end["reason"] == "exit"
    assert end["received_bytes"] == len("stty size; echo one-$((1+1))\nstty size\nexit 3\n")
    assert end["sent_bytes"] > 0
    assert "one-2" not in str(audit(world.host))


def test_a_program_gets_no_environment_and_no_privilege(services: Services, world: World) -> None:
    async def story() -> str:
        async with agent(services, world), world.browsing(world.grant()) as browser:
            browser.tell(shell=True)
            browser.type("env; id -u; echo in''all\n")
            await browser.prints("inall")
            return browser.printed.decode()

    os.environ["A_SECRET_OF_THE_AGENT"] = "shown"
    try:
        printed = asyncio.run(story())
    finally:
        del os.environ["A_SECRET_OF_THE_AGENT"]
    lines = printed.splitlines()
    assert "A_SECRET_OF_THE_AGENT" not in printed
    assert "TERM=xterm-256color" in lines
    assert "0" not in lines


def test_a_preset_runs_as_it_stands(services: Services, world: World) -> None:
    async def story() -> None:
        token = world.grant(interactive=False, presets=("hello",))
        async with agent(services, world), world.browsing(token) as browser:
            for times in (1, 2):
                browser.tell(run="hello")
                await browser.until(lambda n=times: len(browser.told("exit")) == n, "it ends")
            assert browser.printed == 2 * b"hello $HOME; id\r\n"
            assert browser.told("end") == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"shell": True}, "This is not allowed."),
        ({"run": "wait"}, "This is not allowed."),
        ({"run": "/bin/sh"}, "This is not allowed."),
        ({"run": ["hello"]}, "This is not allowed."),
        ({"resize": {"rows": 0, "cols": 5}}, "This is no message."),
        ({"resize": {"rows": 5, "cols": 70_000}}, "This is no message."),
        ({"other": 1}, "This is no message."),
        ({}, "This is no message."),
    ],
)
def test_what_a_grant_does_not_allow(
    services: Services, world: World, said: dict[str, Any], error: str
) -> None:
    async def story() -> None:
        token = world.grant(interactive=False, presets=("hello",))
        async with agent(services, world), world.browsing(token) as browser:
            browser.tell(**said)
            await browser.until(lambda: bool(browser.told("error")), "it is refused")
            assert browser.told("error") == [error]
            assert browser.told("started") == []

    asyncio.run(story())


def test_one_program_at_a_time(services: Services, world: World) -> None:
    async def story() -> None:
        token = world.grant(presets=("hello", "wait"))
        async with agent(services, world), world.browsing(token) as browser:
            browser.tell(run="wait")
            browser.tell(run="hello")
            await browser.until(lambda: bool(browser.told("error")), "it is refused")
            assert browser.told("error") == ["Something runs already."]
            assert browser.printed == b""

    asyncio.run(story())


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(idle_s=0.5, absolute_s=600), "idle"),
        (Limits(idle_s=600, absolute_s=0.5), "absolute limit"),
    ],
)
def test_its_time_ends(
    services: Services, world: World, audit: Any, limits: Limits, reason: str
) -> None:
    async def story() -> None:
        async with agent(services, world, limits), world.browsing(world.grant()) as browser:
            browser.tell(shell=True)
            assert await browser.ends() == reason

    asyncio.run(story())
    assert audit(world.host)[-1]["reason"] == reason


def test_a_browser_that_goes_ends_whatever_it_ran(
    services: Services, world: World, audit: Any
) -> None:
    async def story() -> None:
        async with agent(services, world):
            async with world.browsing(world.grant()) as browser:
                browser.tell(shell=True)
                browser.type("trap '' HUP; sleep 600 & echo pid-$!-\n")
                await browser.until(lambda: PID.search(browser.printed) is not None, "it runs")
                pid = pid_of(browser)
                os.kill(pid, 0)
            await browser.until(lambda: not lives(pid), "it is killed")
            await browser.until(lambda: len(audit(world.host)) == 4, "it is noted")

    asyncio.run(story())
    assert audit(world.host)[-1]["reason"] in ("closed", "connection lost")


def pid_of(browser: Browser) -> int:
    found = PID.search(browser.printed)
    assert found
    return int(found[1])


def test_much_output_is_all_there(services: Services, world: World) -> None:
    async def story() -> None:
        async with agent(services, world), world.browsing(world.grant()) as browser:
            browser.tell(shell=True)
            browser.type("stty -onlcr; head -c 3000000 /dev/zero | tr '\\0' '\\132'; echo do''ne\n")
            await browser.prints("done")
            assert browser.printed.count(b"Z") == 3_000_000

    asyncio.run(story())


def test_an_agent_that_stops_ends_its_sessions(
    services: Services, world: World, audit: Any
) -> None:
    async def story() -> int:
        async with AsyncExitStack() as browsing:
            async with agent(services, world):
                browser = await browsing.enter_async_context(world.browsing(world.grant()))
                browser.tell(shell=True)
                browser.type("echo pid-$$-\n")
                await browser.until(lambda: PID.search(browser.printed) is not None, "it runs")
            assert await browser.ends() == "the agent stops"
            return pid_of(browser)

    assert not lives(asyncio.run(story()))
    assert audit(world.host)[-1]["reason"] == "the agent stops"
    assert services.system.terminal.hosting(world.host, shell=True, presets=()).hold()


def test_a_grant_begins_one_session(services: Services, world: World) -> None:
    async def story() -> None:
        token = world.grant()
        async with agent(services, world), world.browsing(token):
            answer = await asyncio.to_thread(world.ask, token)
            assert code(answer) == (409, "grant_used")

    asyncio.run(story())


def test_without_its_agent_a_host_is_not_found_and_the_grant_stays_good(
    services: Services, world: World
) -> None:
    token = world.grant()
    assert code(world.ask(token)) == (404, "not_found")

    async def story() -> None:
        async with agent(services, world), world.browsing(token):
            pass

    asyncio.run(story())


@pytest.mark.parametrize("sdp", [SDP, "nonsense", SDP + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"])
def test_an_offer_that_is_none_is_refused(services: Services, world: World, sdp: str) -> None:
    async def story() -> None:
        async with agent(services, world):
            answer = await asyncio.to_thread(world.ask, world.grant(), sdp)
            assert code(answer) == (502, "terminal_refused")

    asyncio.run(story())


def test_there_are_no_more_sessions_than_that(services: Services, world: World) -> None:
    async def story() -> None:
        async with agent(services, world, Limits(sessions=1)), world.browsing(world.grant()):
            answer = await asyncio.to_thread(world.ask, world.grant())
            assert code(answer) == (502, "terminal_refused")
            assert answer.json["error"]["detail"] == {"reason": "there are too many sessions"}

    asyncio.run(story())


def test_an_agent_that_does_not_answer(services: Services, world: World) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    assert code(world.ask(world.grant())) == (504, "terminal_timeout")
    assert mailbox.offers() == []


def test_a_wrong_token_is_nobody(world: World) -> None:
    answer = world.ask("x.y.z")
    assert code(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("ApiKey")


def test_an_agent_looks_at_the_grant_itself(
    services: Services, world: World, database: Database[Any]
) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    row = {"host": world.host, "state": "waiting", "offer": SDP, "address": "192.0.2.7"}
    sessions = database["terminal_sessions"]
    sessions.insert_one(row | {"_id": "a", "token": "x.y.z", "at": 1})
    sessions.insert_one(row | {"_id": "b", "token": world.grant(), "at": 2})
    assert mailbox.offers() == []
    assert {each["refusal"] for each in sessions.find({"host": world.host})} == {
        "the grant is not good"
    }


def test_an_agent_that_lost_its_host_takes_no_offers(
    services: Services, world: World, database: Database[Any]
) -> None:
    terminal = services.system.terminal
    first, second = (terminal.hosting(world.host, shell=True, presets=()) for _ in range(2))
    row = {"_id": world.host, "host": world.host, "state": "waiting", "offer": SDP, "at": 1}
    database["terminal_sessions"].insert_one(row | {"token": "x.y.z", "address": ""})
    assert first.hold()
    database["terminal_hosts"].update_one(
        {"_id": world.host}, {"$set": {"until": datetime(2000, 1, 1, tzinfo=UTC)}}
    )
    assert second.hold()
    assert first.offers() == []
    assert database["terminal_sessions"].find_one({"_id": world.host, "state": "waiting"})
    assert second.offers() == []
    assert database["terminal_sessions"].find_one({"_id": world.host, "state": "settled"})


def test_of_many_that_show_a_grant_at_once_one_has_the_session(
    services: Services, world: World, database: Database[Any]
) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    token = world.grant()
    stopped = threading.Event()
    taken: list[str] = []

    def answer() -> None:
        while not stopped.wait(0.01):
            for offer in mailbox.offers():
                taken.append(offer.session)
                mailbox.answer(offer.session, "v=0")

    with ThreadPoolExecutor(51) as pool:
        answering = pool.submit(answer)
        answers = [each.result() for each in [pool.submit(world.ask, token) for _ in range(50)]]
        stopped.set()
        answering.result()
    assert len(taken) == 1
    assert sum(answer.status_code not in (409, 429) for answer in answers) == 1
    assert database["terminal_sessions"].count_documents({"host": world.host}) == 0


def test_an_offer_that_comes_again_begins_nothing(
    services: Services, world: World, database: Database[Any]
) -> None:
    mailbox = services.system.terminal.hosting(world.host, shell=True, presets=())
    assert mailbox.hold()
    grants, sessions = database["terminal_grants"], database["terminal_sessions"]
    token = world.grant()
    row = {"_id": f"again {world.host}", "host": world.host, "state": "waiting", "offer": SDP}
    row |= {"token": token, "address": "", "at": datetime.now(UTC)}
    grant = jwt.decode(token, options={"verify_signature": False})["jti"]
    grants.update_one({"_id": grant}, {"$set": {"session": row["_id"]}})
    sessions.insert_one(row)
    assert [offer.session for offer in mailbox.offers()] == [row["_id"]]
    sessions.replace_one({"_id": row["_id"]}, row)
    assert mailbox.offers() == []


def test_a_grant_for_another_host_begins_nothing(
    services: Services, world: World, database: Database[Any]
) -> None:
    other = replace(world, host=f"{world.host}-2")
    mailbox = services.system.terminal.hosting(other.host, shell=True, presets=())
    assert mailbox.hold()
    token = world.grant()
    row = {"_id": f"other {world.host}", "host": other.host, "state": "waiting", "offer": SDP}
    row |= {"token": token, "address": "", "at": datetime.now(UTC)}
    grant = jwt.decode(token, options={"verify_signature": False})["jti"]
    spent = {"$set": {"session": row["_id"]}}
    assert database["terminal_grants"].update_one({"_id": grant}, spent).modified_count
    database["terminal_sessions"].insert_one(row)
    assert mailbox.offers() == []
