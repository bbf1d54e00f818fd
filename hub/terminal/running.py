"""A program on a pseudo-terminal, read and written without blocking; all of it ends together.

Between it and the agent stands a process of ``hub.terminal.warden``, which starts it as its user.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import struct
import sys
import termios
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.terminal import warden
from hub.terminal.identity import Identity

log = logging.getLogger(__name__)

READ_BYTES: Final = 16_384
"""What is read at once, and sent as one message."""
UNREAD_BYTES_MAX: Final = 1_048_576
"""What a program may leave unread of what it is sent."""
LAST_BYTES_MAX: Final = 1_048_576
"""What is still read of a program that has ended."""
END_S: Final = warden.HANGUP_S + warden.KILL_S + 5.0
"""So long the end of a program may take, what cannot be killed being left."""
BROKEN: Final = -9
"""The exit status of a program of which nobody can tell it."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a terminal, in characters."""

    rows: int = 24
    columns: int = 80


class Program:
    """Made by ``start``. ``output`` is called with what the program prints."""

    def __init__(self, process: Process, master: int, output: Callable[[bytes], None]) -> None:
        self._process = process
        self._master = master
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._unread = bytearray()
        self._open = True
        self.resume()

    def resume(self) -> None:
        """Go on reading, after ``pause``."""
        if self._open:
            self._loop.add_reader(self._master, self._read)

    def pause(self) -> None:
        """Read no more: a program that goes on printing will be held up."""
        self._loop.remove_reader(self._master)

    def write(self, data: bytes) -> bool:
        """Type something; False where too much is still unread, and it was dropped."""
        if len(self._unread) + len(data) > UNREAD_BYTES_MAX:
            return False
        self._unread += data
        self._flush()
        return True

    def resize(self, size: Size) -> None:
        if self._open:
            _resize(self._master, size)

    async def ended(self) -> int:
        """The exit status once it has ended and its last words are read; below 0 for a signal."""
        code = await self._code()
        left = LAST_BYTES_MAX
        while self._open and left > 0 and (read := self._take()):
            self._output(read)
            left -= len(read)
        return code

    async def end(self) -> None:
        """Hang up, wait a little, and kill whatever is left of it."""
        await _gone(self._process)
        self._close()  # the system hangs up on programs that may not be signalled

    async def _code(self) -> int:
        said = await _told(self._process)
        return int(said[1]) if said[:1] == ["code"] else BROKEN

    def _read(self) -> None:
        if read := self._take():
            self._output(read)

    def _take(self) -> bytes:
        """What is there to be read; nothing is read any more after its end."""
        try:
            read = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:  # nobody holds the other end
            read = b""
        if not read:
            self.pause()
        return read

    def _flush(self) -> None:
        while self._open and self._unread:
            try:
                written = os.write(self._master, self._unread)
            except BlockingIOError:
                self._loop.add_writer(self._master, self._flush)
                return
            except OSError:
                self._unread.clear()
                break
            del self._unread[:written]
        if self._open:
            self._loop.remove_writer(self._master)

    def _close(self) -> None:
        if self._open:
            self.pause()
            self._loop.remove_writer(self._master)
            self._open = False
            os.close(self._master)


async def start(
    argv: Sequence[str], who: Identity, size: Size, output: Callable[[bytes], None]
) -> Program:
    """Start a program on a terminal of its own, as a session of its own.

    Raises:
        OSError: it cannot be started.
    """
    master, slave = os.openpty()
    try:
        _resize(slave, size)
        if who.change:
            os.fchown(slave, who.uid, -1)
        os.set_blocking(master, False)
        order = {
            "argv": list(argv),
            "env": who.environment(argv[0]),
            "home": who.home,
            "change": who.change,
            "terminal": slave,
        }
        return Program(await _started(order), master, output)
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)


async def _started(order: dict[str, Any]) -> Process:
    """The warden of a program that was started.

    Raises:
        OSError: it cannot be.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        warden.__file__,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
        cwd="/",
        pass_fds=(order["terminal"],),
        start_new_session=True,
    )
    try:
        assert process.stdin
        process.stdin.write(json.dumps(order).encode() + b"\n")
        said = await _told(process)
        if said[:1] != ["started"]:
            raise OSError(" ".join(said[1:]) or "its warden broke")
    except BaseException:
        await _gone(process)
        raise
    return process


async def _told(process: Process) -> list[str]:
    """What a warden says next, by words; nothing if it is gone."""
    assert process.stdout
    return (await process.stdout.readline()).decode(errors="replace").split()


async def _gone(process: Process) -> None:
    """Have a warden end its program, and itself."""
    assert process.stdin
    process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            if await process.wait():
                log.warning("not all is ended of what process %s started", process.pid)
    except TimeoutError:
        log.warning("process %s does not end", process.pid)


def _resize(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
