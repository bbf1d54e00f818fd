"""Runs one program on a terminal, and sees to it that nothing of it is left.

A process of its own, between the agent and the program: on Linux whatever descends from the
program stays below it, also what makes itself a session of its own or whose parents end. It uses
nothing but the standard library, so that it starts at once.

From its input it reads one line, an order; with the end of its input, which comes with that of the
agent, the program is ended. It prints ``started`` or ``failed`` and the reason; then ``code`` and
the exit status of the program, below 0 for a signal. Then it ends what is left, and itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import termios
import time
from pathlib import Path
from typing import Any, Final, NoReturn

HANGUP_S: Final = 2.0
"""So long programs have to end by themselves after a hang-up."""
KILL_S: Final = 5.0
"""So long they are killed again and again; what cannot be killed is left then."""
LOOK_S: Final = 0.02
SUBREAPER: Final = 36
"""The call by which Linux gives a process the orphans among its descendants."""
PROC: Final = Path("/proc")


def main() -> int:
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline())
    adopts = _adopts()
    woken = _woken()
    try:
        leader = _started(order)
    except OSError as exc:
        _say("failed", *str(exc).split())
        return 1
    _say("started")
    family = Family(leader, adopts=adopts)
    while family.code is None and not _over(woken):
        family.reap()
    if family.code is not None:
        _say("code", str(family.code))
    return 0 if family.end() else 1


class Family:
    """A program and what descends from it. ``code`` is its own exit status, None before."""

    def __init__(self, leader: int, *, adopts: bool) -> None:
        self._leader = leader
        self._adopts = adopts
        self.code: int | None = None

    def reap(self) -> bool:
        """Take the status of whatever has ended; whether anything is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not self._adopts and _group_lives(self._leader)
            if not pid:
                return True
            if pid == self._leader:
                self.code = os.waitstatus_to_exitcode(status)

    def end(self) -> bool:
        """Hang up, wait a little, and kill whatever is left; whether nothing is."""
        self._signal(signal.SIGHUP, signal.SIGCONT)
        until = time.monotonic() + HANGUP_S
        while (left := self.reap()) and time.monotonic() < until:
            time.sleep(LOOK_S)
        until = time.monotonic() + KILL_S
        while left and time.monotonic() < until:
            self._signal(signal.SIGKILL)
            time.sleep(LOOK_S)
            left = self.reap()
        return not left

    def _signal(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            for pid in _descendants():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            if not self._adopts:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._leader, number)


def _adopts() -> bool:
    """Become who takes over orphans among the descendants; whether the system can do that."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return prctl is not None and prctl(SUBREAPER, 1, 0, 0, 0) == 0


def _woken() -> int:
    """What can be read from when a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _over(woken: int) -> bool:
    """Wait until a child has ended, or the input has, and whether it was that."""
    ready, _, _ = select.select([0, woken], [], [])
    if woken in ready:
        os.read(woken, 4096)
    return 0 in ready


def _started(order: dict[str, Any]) -> int:
    """The process of the program.

    Raises:
        OSError: it cannot be started.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(order, writer)
    os.close(writer)
    os.close(order["terminal"])
    with open(reader, "rb") as file:
        reason = file.read()
    if reason:
        os.waitpid(pid, 0)
        raise OSError(reason.decode(errors="replace"))
    return pid


def _become(order: dict[str, Any], writer: int) -> NoReturn:
    """In the new process: be the program. ``writer`` closes with that, or is told why not."""
    try:
        _settle(order)
        os.execve(order["argv"][0], order["argv"], order["env"])
    except BaseException as exc:  # whatever it is, this process must not go on
        os.write(writer, str(exc).encode()[:1000])
    os._exit(127)


def _settle(order: dict[str, Any]) -> None:
    """A session with the terminal, nothing of the agent's signals, and the user's privileges."""
    terminal = order["terminal"]
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal, number)
    os.close(terminal)
    signal.set_wakeup_fd(-1)
    for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError):
            signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    if change := order["change"]:
        os.setgroups(change["groups"])
        os.setgid(change["group"])
        os.setuid(change["user"])
    try:
        os.chdir(order["home"])
    except OSError:
        os.chdir("/")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _descendants() -> list[int]:
    """All below this process; none where the system does not show them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def _say(*words: str) -> None:
    """Tell the agent, if it is still there."""
    with contextlib.suppress(OSError):
        os.write(1, (" ".join(words) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
