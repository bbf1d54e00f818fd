"""One session: messages of a browser at one end, a program's terminal at the other.

Binary messages are what is typed and what is printed. Text messages are JSON objects of one name:
from the browser ``resize`` (``rows``, ``cols``), ``run`` (a preset) and ``shell``; to it ``hello``,
``started``, ``exit``, ``error`` and ``end``.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hub.terminal.contract import Allowed, Limits
from hub.terminal.identity import Identity
from hub.terminal.running import Program, Size, start

log = logging.getLogger(__name__)

HIGH_BYTES: Final = 262_144
LOW_BYTES: Final = 65_536
"""Over the first of them waiting to be sent, a program is read no more; under the second, again."""
TEXT_CHARS_MAX: Final = 4_096
EARLY_BYTES_MAX: Final = 65_536
"""What may be typed before the program is there to read it."""
SIDE_MAX: Final = 1_000
"""Rows, or columns, of a terminal."""
PROGRAMS_MAX: Final = 1_000
"""Begun in one session; each is in the audit."""
INTERRUPT: Final = b"\x03"
"""Ctrl-C."""
SHELL: Final = "shell"
Note = Callable[[str, Mapping[str, Any]], Awaitable[None]]


class Wire(Protocol):
    """The browser's end. ``send`` is nothing once it is closed."""

    @property
    def waiting_bytes(self) -> int: ...

    def send(self, message: str | bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """What an agent's sessions share: ``presets`` and ``shell`` are what is run, word by word."""

    who: Identity
    presets: Mapping[str, Sequence[str]]
    shell: Sequence[str] | None
    limits: Limits

    def common(self, allowed: Allowed) -> list[str]:
        """The presets that are both there and allowed."""
        return [name for name in allowed.presets if name in self.presets]


class Bridge:
    """``ended`` says why it ended; until then it is None."""

    def __init__(self, wire: Wire, allowed: Allowed, kit: Kit, note: Note) -> None:
        self._wire = wire
        self._allowed = allowed
        self._kit = kit
        self._note = note
        self._size = Size()
        self._early = bytearray()
        self._program: Program | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = 0
        self._over = asyncio.Event()
        self._roomy = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self.ended: str | None = None
        self.received_bytes = 0
        self.sent_bytes = 0

    async def run(self) -> str:
        """Serve until the end; why it ended. Nothing runs any more then."""
        until = self._loop.time() + self._kit.limits.absolute_s
        self._tell(hello=self._hello())
        try:
            while self.ended is None:
                idle = self._heard + self._kit.limits.idle_s
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min(until, idle)):
                        await self._over.wait()
                now = self._loop.time()
                if now >= until:
                    self.end("absolute limit")
                elif now >= self._heard + self._kit.limits.idle_s:
                    self.end("idle")
        finally:
            await self._stopped()
        self._tell(end={"reason": self.ended})
        return str(self.ended)

    def end(self, reason: str) -> None:
        """The session is over; the first reason counts."""
        self.ended = self.ended or reason
        self._over.set()

    def receive(self, message: str | bytes) -> None:
        """What came from the browser."""
        self._heard = self._loop.time()
        if self.ended:
            return
        if isinstance(message, bytes):
            self._typed(message)
        elif said := _said(message):
            self._control(*said)
        else:
            self._refuse("This is no message.")

    def room(self) -> None:
        """The wire has room again."""
        self._roomy.set()
        if self._program and not self.ended:
            self._program.resume()

    def _typed(self, data: bytes) -> None:
        self.received_bytes += len(data)
        if not self._allowed.shell:
            data = INTERRUPT if INTERRUPT in data else b""
        if self._program is None and self._task and not self._task.done():
            self._early += data
            fits = len(self._early) <= EARLY_BYTES_MAX
        else:
            fits = self._program is None or self._program.write(data)
        if not fits:
            self.end("too much was typed")

    def _control(self, name: str, value: Any) -> None:
        match name, value:
            case "resize", {"rows": rows, "cols": columns} if _side(rows) and _side(columns):
                self._size = Size(rows, columns)
                if self._program:
                    self._program.resize(self._size)
            case "shell", True if self._hello()["shell"]:
                self._begin(SHELL, self._kit.shell or (), lasting=True)
            case "run", str(preset) if preset in self._kit.common(self._allowed):
                self._begin(preset, self._kit.presets[preset], lasting=False)
            case (("shell" | "run"), _):
                self._refuse("This is not allowed.")
            case _:
                self._refuse("This is no message.")

    def _begin(self, name: str, argv: Sequence[str], *, lasting: bool) -> None:
        if self._task and not self._task.done():
            self._refuse("Something runs already.")
            return
        self._begun += 1
        if self._begun > PROGRAMS_MAX:
            self.end("too many programs")
            return
        self._task = asyncio.create_task(self._run(name, argv, lasting=lasting))

    async def _run(self, name: str, argv: Sequence[str], *, lasting: bool) -> None:
        """Run a program to its end; with the end of one that is lasting, the session ends."""
        await self._drained()
        try:
            await self._note("terminal.run", {"program": name})
            size = self._size
            self._program = await start(argv, self._kit.who, size, self._printed)
        except Exception as exc:
            log.warning("%s does not start: %s", name, exc)
            self._tell(error=f"{name} cannot be started.")
            return
        self._tell(started=name)
        self._catch_up(self._program, size)
        code = await self._program.ended()
        await self._program.end()
        self._program = None
        self._tell(exit={"program": name, "code": code})
        if lasting:
            self.end("exit")

    async def _drained(self) -> None:
        """Wait until what earlier programs printed has gone, but for what may always wait."""
        while self._wire.waiting_bytes > HIGH_BYTES:
            self._roomy.clear()
            await self._roomy.wait()

    def _catch_up(self, program: Program, size: Size) -> None:
        """Bring what came from the browser while the program was being started."""
        if size != self._size:
            program.resize(self._size)
        program.write(bytes(self._early))
        self._early.clear()

    def _printed(self, data: bytes) -> None:
        self.sent_bytes += len(data)
        self._wire.send(data)
        if self._program and self._wire.waiting_bytes > HIGH_BYTES:
            self._program.pause()

    async def _stopped(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._program:
            await self._program.end()
            self._program = None

    def _hello(self) -> dict[str, Any]:
        return {
            "terminal_id": self._allowed.terminal,
            "shell": self._allowed.shell and self._kit.shell is not None,
            "presets": self._kit.common(self._allowed),
        }

    def _refuse(self, sentence: str) -> None:
        """Say that something is not done, if it would be read."""
        if self._wire.waiting_bytes <= HIGH_BYTES:
            self._tell(error=sentence)

    def _tell(self, **said: Any) -> None:
        self._wire.send(json.dumps(said))


def _said(text: str) -> tuple[str, Any] | None:
    """The one name of a message and its value; None if it is no such thing."""
    if len(text) > TEXT_CHARS_MAX:
        return None
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or len(read) != 1:
        return None
    return next(iter(read.items()))


def _side(value: object) -> bool:
    return type(value) is int and 0 < value <= SIDE_MAX
