"""A model in a process of its own: loaded, tried, and asked for outputs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from signal import SIGALRM
from threading import Event, Timer
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from hub.ai.models import ModelType, Shape, looked_at, shape_of
from hub.ai.refusal import Unfit
from hub.errors import Unavailable

log = logging.getLogger(__name__)

PROGRAM: Final = Path(__file__).with_name("child.py")
MEMORY_BYTES: Final = 1024 * 1024 * 1024
TRIAL_S: Final = 20
"""For loading a model and running it twice; of the clock, and of the processor's time."""
LIFE_S: Final = 1_800
"""The processor's time that a process has for all that it is asked."""
SLACK_S: Final = 5
"""What a run of windows may take beyond its budget: its last window, and a busy machine."""
HEAD_BYTES_MAX: Final = 64 * 1024
TOGETHER_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of windows, or of their outputs, that are sent at once."""

LAST_S: Final = 2
"""So much later a process ends by itself, if nobody is there to end it."""
ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}

Rows = npt.NDArray[np.float32]


class Broken(Exception):
    """The process ended, hung, or answered what is no answer; the message says which."""


class Running:
    """A model's process. After ``Broken`` it is gone; ``close`` is safe at any time."""

    def __init__(self, content: bytes, kind: ModelType) -> None:
        """Load a model and run it once.

        Raises:
            Unfit: it is no model, does not fit, or broke or hung its process.
            Unavailable: the machine starts no process now.
        """
        looked_at(content)
        self._process = _started()
        self.used_s = 0.0
        limits = {"cpu_s": LIFE_S, "memory_bytes": MEMORY_BYTES}
        try:
            told, _ = self._asked(limits, content, TRIAL_S)
            self.shape = shape_of(told, kind)
        except Broken as exc:
            raise Unfit(f"cannot be run: its process {exc}") from exc
        except (KeyError, TypeError) as exc:
            self.close()
            raise Unfit("cannot be run: its process told nothing of it") from exc
        except Unfit:
            self.close()
            raise
        if told.get("confined") is not True:
            _tell_unconfined()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worn(self) -> bool:
        """Whether it should be replaced by a fresh one before it is asked again."""
        return self.used_s > LIFE_S / 2

    def outputs(self, windows: Rows, budget_s: float) -> Rows:
        """All outputs of the first windows, a row each: as many as are done in the budget.

        Args:
            windows: a row each, at most ``together`` of them.

        Raises:
            Broken: the process is gone.
        """
        asked = {"count": len(windows), "budget_s": budget_s}
        told, content = self._asked(asked, windows.astype(np.float32).tobytes(), budget_s + SLACK_S)
        count = told.get("count")
        width = self.shape.row
        if type(count) is not int or not 1 <= count <= len(windows):
            raise self._broken("gave no answer")
        if len(content) != 4 * width * count:
            raise self._broken("gave no answer")
        return np.frombuffer(content, np.float32).reshape(count, width)

    @property
    def together(self) -> int:
        """How many windows may be asked for at once."""
        return max(1, TOGETHER_BYTES_MAX // (4 * max(self.shape.size, self.shape.row)))

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                with _broken_pipes_passed():
                    pipe.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _asked(
        self, told: dict[str, Any], content: bytes, within_s: float
    ) -> tuple[dict[str, Any], bytes]:
        """Send a message, and wait for the answer."""
        late, began = Event(), monotonic()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = Timer(within_s, stop)
        timer.start()
        try:
            self._send(told | {"within_s": within_s + LAST_S}, content)
            return self._received()
        except (OSError, ValueError, EOFError, RecursionError) as exc:
            raise self._broken(self._ending(late)) from exc
        finally:
            timer.cancel()
            self.used_s += monotonic() - began

    def _ending(self, late: Event) -> str:
        self._process.kill()
        status = self._process.wait()
        if late.is_set() or status == -SIGALRM:
            return "took too long"
        return f"was ended by signal {-status}" if status < 0 else "gave no answer"

    def _broken(self, words: str) -> Broken:
        self.close()
        return Broken(words)

    def _send(self, told: dict[str, Any], content: bytes) -> None:
        to = self._process.stdin
        assert to is not None
        head = json.dumps(told | {"bytes": len(content)}).encode()
        to.write(len(head).to_bytes(4, "big") + head)
        to.write(content)
        to.flush()

    def _received(self) -> tuple[dict[str, Any], bytes]:
        length = int.from_bytes(self._exactly(4), "big")
        if length > HEAD_BYTES_MAX:
            raise ValueError("too long")
        told = json.loads(self._exactly(length))
        size = told.get("bytes") if type(told) is dict else None
        if type(size) is not int or not 0 <= size <= 2 * TOGETHER_BYTES_MAX:
            raise ValueError("no message")
        return told, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        source = self._process.stdout
        assert source is not None
        found = source.read(size)
        if len(found) < size:
            raise EOFError
        return found


def _started() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as exc:
        raise Unavailable("no process can be started for a model now") from exc


@cache
def _tell_unconfined() -> None:
    """Once in a process."""
    log.warning("this system cannot confine the processes of models; see docs/system.md")


@contextmanager
def _broken_pipes_passed() -> Iterator[None]:
    """What could not be sent to a process that is gone does not matter."""
    try:
        yield
    except OSError:
        return


def checked(content: bytes, kind: ModelType) -> Shape:
    """What a model takes and gives, after it was run once. Raises Unfit."""
    with Running(content, kind) as running:
        return running.shape
