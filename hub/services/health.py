"""Whether the hub can do its work right now: checks, side by side, each with a time limit.

Whoever asks needs no key. So a check runs once for all who ask meanwhile and in the second after,
and one that hangs holds one thread, however many ask.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Literal

from hub.errors import BadParameter, HubError
from hub.store.health import Pulse

log = logging.getLogger(__name__)

WORKER_JOBS: Final = ("downsample", "feed", "backfill")
"""What every worker wants to do all the time, with the shortest lease."""
LIMIT_S: Final = 2.0
KEPT_S: Final = 1.0
"""So long a finding is told again."""
NAME_CHARS: Final = 64
"""So much of an unknown name is told."""
HUNG: Final = "no answer in time"

Status = Literal["ok", "failed", "not_configured"]


@dataclass(frozen=True, slots=True)
class Check:
    """``look`` returns if all is well, else raises a HubError; after ``limit_s`` it failed."""

    look: Callable[[], None]
    limit_s: float = LIMIT_S


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, after how long, and why it failed if it did. Public."""

    status: Status
    latency_ms: float | None = None
    reason: str | None = None


class Health:
    """Args: ``checks`` by name; None where what it would look at is not set up."""

    def __init__(
        self, pulse: Pulse, checks: Mapping[str, Check | None], *, kept_s: float = KEPT_S
    ) -> None:
        self._pulse = pulse
        self._watches = {
            n: _Watch(n, check, kept_s) if check else None for n, check in checks.items()
        }

    def check(self) -> None:
        """Returns when the database answers. Raises Unavailable."""
        self._pulse.feel()

    def findings(self, names: Iterable[str]) -> dict[str, Finding]:
        """What these checks find, in no more time than the slowest of them may take.

        Raises:
            BadParameter: there is no such check.
        """
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            if name not in self._watches:
                raise BadParameter(
                    "there is no such check",
                    parameter="checks",
                    value=name[:NAME_CHARS],
                    allowed=list(self._watches),
                )
        runs = {n: watch.begin() for n in wanted if (watch := self._watches[n])}
        return {n: runs[n].found() if n in runs else Finding("not_configured") for n in wanted}


@dataclass(frozen=True, slots=True)
class _Run:
    """One time that a check looks. Times are monotonic."""

    started: float
    limit_s: float
    finding: Future[Finding] = field(default_factory=Future)

    def found(self) -> Finding:
        """What it found; a failure once its time is over."""
        try:
            return self.finding.result(max(0.0, self.started + self.limit_s - monotonic()))
        except TimeoutError:
            return Finding("failed", _ms_since(self.started), HUNG)


class _Watch:
    """One check, run for everybody who asks."""

    def __init__(self, name: str, check: Check, kept_s: float) -> None:
        self._name = name
        self._check = check
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._ended = 0.0

    def begin(self) -> _Run:
        """The run that is under way or has just ended, else a new one."""
        with self._lock:
            run = self._run
            over = run is None or run.finding.done()
            if run is None or (over and monotonic() - self._ended > self._kept_s):
                run = self._run = _Run(monotonic(), self._check.limit_s)
                threading.Thread(target=self._look, args=(run,), daemon=True).start()
            return run

    def _look(self, run: _Run) -> None:
        try:
            self._check.look()
            finding = Finding("ok", _ms_since(run.started))
        except HubError as exc:
            finding = Finding("failed", _ms_since(run.started), exc.message)
        except Exception:
            log.exception("the check of %s has a fault", self._name)
            finding = Finding("failed", _ms_since(run.started), "the check has a fault")
        self._ended = monotonic()
        run.finding.set_result(finding)


def _ms_since(started: float) -> float:
    return round((monotonic() - started) * 1000, 3)
