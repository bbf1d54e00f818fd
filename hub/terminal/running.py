"""A program on a pseudo-terminal, read and written without blocking; all of it ends together."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.terminal.identity import Identity

log = logging.getLogger(__name__)

READ_BYTES: Final = 16_384
"""What is read at once, and sent as one message."""
UNREAD_BYTES_MAX: Final = 1_048_576
"""What a program may leave unread of what it is sent."""
LAST_BYTES_MAX: Final = 1_048_576
"""What is still read of a program that has ended."""
HANGUP_S: Final = 2.0
"""So long programs have to end by themselves after a hang-up."""


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
        code = await self._process.wait()
        left = LAST_BYTES_MAX
        while self._open and left > 0 and (read := self._take()):
            self._output(read)
            left -= len(read)
        return code

    async def end(self) -> None:
        """Hang up, wait a little, and kill whatever is left of it."""
        _signal_all(self._process.pid, signal.SIGHUP, signal.SIGCONT)
        until = self._loop.time() + HANGUP_S
        while self._loop.time() < until and _members(self._process.pid):
            await asyncio.sleep(0.02)
        _signal_all(self._process.pid, signal.SIGKILL)
        self._close()  # the system hangs up on programs that may not be signalled
        try:
            async with asyncio.timeout(HANGUP_S):
                await self._process.wait()
        except TimeoutError:
            log.warning("process %s does not end", self._process.pid)

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
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=who.home,
            env=who.environment(argv[0]),
            start_new_session=True,
            preexec_fn=_take_terminal,
            **who.change,
        )
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    return Program(process, master, output)


def _take_terminal() -> None:
    """In the new process: the terminal is its session's, so that Ctrl-C and hang-ups come."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _resize(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


def _members(session: int) -> list[int]:
    """The processes of a session, in whichever group; the leader alone where it cannot be seen."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if os.path.isdir("/proc") else ():
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(entry.name)) == session and _lives(entry):
                found.append(int(entry.name))
    return found


def _lives(entry: Path) -> bool:
    """Whether a process has not ended already, only nobody asked for its status."""
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _signal_all(session: int, *numbers: signal.Signals) -> None:
    """Signal every process of a session, and its first group."""
    for number in numbers:
        for pid in _members(session):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, number)
