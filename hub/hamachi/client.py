"""The program ``hamachi``, called: one call at a time on this machine, bounded in time and size."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final, TypeVar

from hub.errors import HamachiError, HamachiTimeout, HamachiUnavailable
from hub.hamachi import parsing

TIMEOUT_S: Final = 20.0
TURN_S: Final = 20.0
"""How long a call waits for those before it."""
OUTPUT_BYTES_MAX: Final = 1024 * 1024
TRIES: Final = 4
PAUSE_S: Final = 0.1
"""Before another try when the program says that it is busy."""
LOOK_S: Final = 0.02
CHUNK: Final = 64 * 1024
BUSY: Final = "busy"
LOCK: Final = "hamachi.lock"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Printed:
    """What a call printed: its output, or its errors where it has none."""

    text: str
    code: int


@dataclass(frozen=True, slots=True)
class Hamachi:
    """``command`` is a name on PATH or an absolute path, looked up for every call; ``folder`` holds
    the lock of all who call it.

    Every method raises HamachiUnavailable, HamachiTimeout or HamachiError, as ``_run`` says.
    """

    command: str
    folder: Path
    timeout_s: float = TIMEOUT_S
    turn_s: float = TURN_S

    def status(self) -> parsing.Status:
        """The client on this machine."""
        return _read(parsing.status_of, self._run())

    def networks(self) -> list[parsing.Network]:
        """The networks that it is in."""
        return _read(parsing.networks_of, self._run("list"))

    def join(self, network: str, password: str) -> parsing.Outcome:
        """Join a network; the password is empty where it needs none.

        The arguments do not begin with ``-`` and hold no control characters: the caller sees to
        that. The password is shown to everybody on this machine for as long as the call takes.
        """
        return self._acted("do-join", network, password)

    def leave(self, network: str) -> parsing.Outcome:
        """Leave a network; as ``join``."""
        return self._acted("leave", network)

    def _acted(self, *arguments: str) -> parsing.Outcome:
        printed = self._run(*arguments)
        outcome = parsing.outcome_of(printed.text)
        if outcome is None:
            raise HamachiError("hamachi does not say how it went", exit_code=printed.code)
        return outcome

    def _run(self, *arguments: str) -> Printed:
        """Call the program in its turn, again while it is busy.

        Raises:
            HamachiUnavailable: ``reason`` is ``not_installed``, ``not_running``, ``no_rights``,
                ``busy`` or ``no_lock``.
            HamachiTimeout: it did not end in time, and was killed.
            HamachiError: it printed too much.
        """
        program = shutil.which(self.command)
        if program is None or not os.path.isabs(program):
            raise _unavailable("hamachi is not installed here", "not_installed")
        with self._turn():
            for left in reversed(range(TRIES)):
                printed = _called(program, arguments, self.timeout_s)
                _check(printed.text)
                outcome = parsing.outcome_of(printed.text)
                if outcome is None or outcome.done or outcome.reason != BUSY:
                    return printed
                if left:
                    sleep(PAUSE_S)
        raise _unavailable("hamachi is busy", "busy")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock that every process of the hub takes before it calls."""
        until = monotonic() + self.turn_s
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise _unavailable("the lock of hamachi cannot be made", "no_lock") from exc
        try:
            while not _locked(descriptor):
                if monotonic() > until:
                    raise _unavailable("other calls of hamachi do not end", "busy")
                sleep(LOOK_S)
            yield
        finally:
            os.close(descriptor)


def _read(reader: Callable[[str], T], printed: Printed) -> T:
    """What was printed, read. Raises HamachiError."""
    if printed.code and not printed.text.strip():
        raise HamachiError("hamachi failed and says nothing", exit_code=printed.code)
    try:
        return reader(printed.text)
    except parsing.Unreadable as exc:
        raise HamachiError(f"hamachi cannot be understood: {exc}", exit_code=printed.code) from exc


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _called(program: str, arguments: tuple[str, ...], timeout_s: float) -> Printed:
    """Run a program; what it started ends with it. It gets none of our environment."""
    try:
        process = subprocess.Popen(
            [program, *(each.encode() for each in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"LC_ALL": "C", "PATH": os.defpath},
            cwd="/",
            start_new_session=True,
        )
    except OSError as exc:
        raise _unavailable("hamachi cannot be started", "not_installed") from exc
    until = monotonic() + timeout_s
    with process:
        try:
            out, err = _printed(process, until)
            _ended(process, until)
        finally:
            with contextlib.suppress(PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return Printed((out if out.strip() else err).decode("utf-8", "replace"), process.returncode)


def _ended(process: subprocess.Popen[bytes], until: float) -> None:
    """Wait for its end and leave its number to it: nobody else's group is killed by that then."""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if monotonic() > until:
            raise _late()
        sleep(LOOK_S)


def _printed(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes]:
    """All that it prints to its output and to its errors, up to their ends."""
    found: dict[IO[bytes] | None, bytearray] = {}
    with selectors.DefaultSelector() as waiting:
        for pipe in (process.stdout, process.stderr):
            if pipe:
                waiting.register(pipe, selectors.EVENT_READ)
                found[pipe] = bytearray()
        while waiting.get_map():
            if (left := until - monotonic()) <= 0:
                raise _late()
            for ready, _ in waiting.select(left):
                part = os.read(ready.fd, CHUNK)
                if not part:
                    waiting.unregister(ready.fileobj)
                    continue
                found[ready.fileobj] += part  # type: ignore[index]
                if sum(map(len, found.values())) > OUTPUT_BYTES_MAX:
                    raise HamachiError("hamachi prints without end", max=OUTPUT_BYTES_MAX)
    return bytes(found[process.stdout]), bytes(found[process.stderr])


def _check(text: str) -> None:
    if parsing.is_down(text):
        raise _unavailable("the daemon of hamachi does not run", "not_running")
    if parsing.is_refused(text):
        raise _unavailable("the hub's user may not control hamachi", "no_rights")


def _unavailable(sentence: str, reason: str) -> HamachiUnavailable:
    return HamachiUnavailable(sentence, reason=reason)


def _late() -> HamachiTimeout:
    return HamachiTimeout("hamachi did not answer in time")
