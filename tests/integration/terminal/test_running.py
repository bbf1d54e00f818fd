"""Programs on terminals, and how all of them end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hub.terminal import warden
from hub.terminal.identity import Identity, identity
from hub.terminal.running import BROKEN, Program, Size, start
from tests.integration.terminal.world import lives, until

PID = re.compile(rb"pid-(\d+)-")
STUBBORN = 'trap "" HUP TERM INT; echo pid-$$-; while :; do sleep 600; done'
STRAYS = {
    "in the background": f"sh -c '{STUBBORN}' &",
    "a session of its own": f"setsid sh -c '{STUBBORN}' &",
    "and an orphan": f"(setsid sh -c '{STUBBORN}' &);",
}
Story = Callable[[Program, bytearray], Awaitable[None]]


def who() -> Identity:
    return identity("nobody" if os.geteuid() == 0 else None)


def told(argv: list[str], story: Story) -> bytes:
    """What a program printed in a story about it; it is ended after that."""

    async def tell() -> bytes:
        printed = bytearray()
        program = await start(argv, who(), Size(), printed.extend)
        try:
            await story(program, printed)
        finally:
            await program.end()
        return bytes(printed)

    return asyncio.run(tell())


async def to_its_end(program: Program, printed: bytearray) -> None:
    assert await asyncio.wait_for(program.ended(), 30) == 0


def script(text: str) -> list[str]:
    return ["/bin/sh", "-c", text]


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_nothing_is_left_of_a_program_that_is_ended(stray: str) -> None:
    async def story(program: Program, printed: bytearray) -> None:
        await until(lambda: PID.search(printed))

    printed = told(script(f"{stray} trap '' HUP; sleep 600; sleep 600"), story)
    found = PID.search(printed)
    assert found
    assert not lives(int(found[1]))


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_nothing_is_left_of_a_program_that_ends_by_itself(stray: str) -> None:
    async def story(program: Program, printed: bytearray) -> None:
        await until(lambda: PID.search(printed))
        program.write(b"\n")
        await to_its_end(program, printed)

    printed = told(script(f"{stray} read line"), story)
    found = PID.search(printed)
    assert found
    assert not lives(int(found[1]))


def test_orphans_are_no_zombies() -> None:
    async def story(program: Program, printed: bytearray) -> None:
        await until(lambda: PID.search(printed))
        found = PID.search(printed)
        assert found
        await until(lambda: not Path(f"/proc/{int(found[1])}").exists())

    told(script("(sh -c 'echo pid-$$-' &); sleep 600"), story)


def test_a_program_has_three_files_open_and_a_place_of_its_own() -> None:
    descriptor = os.open("/", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        printed = told(script("ls -l /proc/$$/fd; pwd; umask; tty"), to_its_end).decode()
    finally:
        os.close(descriptor)
    files = re.findall(r"(\d+) -> (\S+)", printed)
    assert {number for number, _ in files} <= {"0", "1", "2"}
    assert len({place for _, place in files}) == 1
    assert files[0][1].startswith("/dev/pts/")
    assert f"\r\n{who().home}\r\n0022\r\n{files[0][1]}" in printed


def test_a_program_is_its_user_whole_and_hears_every_signal() -> None:
    ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        printed = told(["/bin/cat", "/proc/self/status"], to_its_end).decode()
    finally:
        signal.signal(signal.SIGUSR1, ignored)
    status = dict(re.findall(r"(\w+):\s*(.*?)\s*\r\n", printed))
    person = who()
    assert set(status["Uid"].split()) == {str(person.uid)}
    if person.change:
        assert set(status["Gid"].split()) == {str(person.change["group"])}
        assert set(map(int, status["Groups"].split())) == set(person.change["groups"])
        assert int(status["CapEff"], 16) == 0
    assert (int(status["SigIgn"], 16), int(status["SigBlk"], 16)) == (0, 0)


@pytest.mark.parametrize("argv", [["/nowhere/none"], ["/etc/passwd"], ["/"]])
def test_what_is_no_program_is_not_started(argv: list[str]) -> None:
    with pytest.raises(OSError, match="Errno"):
        told(argv, to_its_end)


def test_a_program_whose_warden_is_killed_counts_as_broken() -> None:
    async def story(program: Program, printed: bytearray) -> None:
        await until(lambda: PID.search(printed))
        found = PID.search(printed)
        assert found
        os.kill(int(found[1]), signal.SIGKILL)
        assert await asyncio.wait_for(program.ended(), 30) == BROKEN

    told(script("trap 'exit 0' HUP; echo pid-$PPID-; sleep 600 & wait"), story)


def test_a_warden_stays_when_a_keyboard_or_a_manager_says_to_end() -> None:
    async def story(program: Program, printed: bytearray) -> None:
        await until(lambda: PID.search(printed))
        found = PID.search(printed)
        assert found
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(int(found[1]), number)
        program.write(b"\n")
        await to_its_end(program, printed)

    told(script("echo pid-$PPID-; read line"), story)


def test_a_warden_needs_nothing_of_the_hub() -> None:
    source = Path(warden.__file__).read_text()
    assert "hub." not in source.partition('"""')[2].partition('"""')[2]
