"""Readings on their way into the store: thinned out, written many at once, kept on disk meanwhile.

Whoever polls offers what was read and goes on. A thread of its own decides what is stored, and
writes it every ``flush_s``. While the database is away, or somebody holds the sink, everything goes
to disk and is stored from there, in the order in which it came, before anything that came later.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from hub.devices.contract import Quality
from hub.devices.keeping import Kept, is_kept, is_same
from hub.errors import HubError, TooLarge
from hub.series.incoming import TIME_MAX_S
from hub.series.levels import SECOND_MS
from hub.series.parts import INT_MAX, INT_MIN
from hub.services.devices.limits import PollingLimits
from hub.services.devices.outages import Outages
from hub.services.devices.storing import Storing
from hub.services.devices.waiting import Waiting
from hub.services.devices.waves import Run, Wave, count, dropped
from hub.values import Stream

log = logging.getLogger(__name__)

ANSWER_S = 2.0
"""How long the database may take to say that it is there."""
TOGETHER = 200_000
RESTS, REST_MAX_S = 2.0, 5.0
"""So many times as long as a write took the next one waits at least, up to so long: more values go
together then, which is cheaper for each."""
ADOPTED_EVERY_S = 10.0
"""How often it is looked for what dead processes left behind."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One value of a device, as it was read; ``at`` in ms, and ``seen`` if that was later."""

    device: int
    stream: Stream
    at: int
    value: float
    quality: Quality = "good"
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class SinkCounts:
    """Values since the start: ``stored``, ``waiting`` now in memory or on disk, ``overflowed`` for
    want of room, and ``refused``, as they are no numbers or their streams are gone."""

    stored: int
    waiting: int
    overflowed: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Drop:
    device: int
    from_ms: int


class Sink:
    """Made without touching anything; ``start`` begins. ``together`` values that waited are stored
    at once, about."""

    def __init__(
        self,
        storing: Storing,
        outages: Outages,
        folder: Path,
        limits: PollingLimits,
        *,
        together: int = TOGETHER,
    ) -> None:
        self._together = together
        self._storing = storing
        self._outages = outages
        self._flush_s = limits.flush_s
        self._waiting = Waiting(folder, limits.backlog_bytes_max)
        self._lock = Lock()
        self._offered: list[Sequence[Taken] | _Drop] = []
        self._last: dict[int, tuple[int, Kept]] = {}
        self._under_way = self._stored = self._refused = 0
        self._adopted = -math.inf
        self._holds, self._held, self._stopping = 0, False, Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to store, with what dead processes left on disk."""
        self._thread = Thread(target=self._run, name="readings", daemon=True)
        self._thread.start()

    def offer(self, taken: Sequence[Taken]) -> None:
        """Take over what was read, in the order in which it was; the sequence must not be changed
        any more. From any thread; never waits for anything, and never raises."""
        with self._lock:
            self._offered.append(taken)

    def drop(self, device: int, from_ms: int) -> None:
        """What was offered of a device from a moment on, and is not stored yet, is not to be stored
        at all. Of what is offered afterwards it says nothing. As ``offer``."""
        with self._lock:
            self._offered.append(_Drop(device, from_ms))

    def hold(self) -> None:
        """Store nothing until ``release``: everything goes to disk. For whoever cannot tell whether
        its leases are still its own."""
        with self._lock:
            self._holds, self._held = self._holds + 1, True

    def release(self) -> None:
        """Store again what was not dropped before."""
        with self._lock:
            self._held = False

    def counts(self) -> SinkCounts:
        with self._lock:
            offered = sum(len(one) for one in self._offered if not isinstance(one, _Drop))
            offered += self._under_way
        waiting = self._waiting.values + offered
        return SinkCounts(self._stored, waiting, self._waiting.overflowed, self._refused)

    def close(self) -> None:
        """Store what there is, or put it on disk; nothing may be offered any more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._offered:
            self._safely()
        self._waiting.close()

    def _run(self) -> None:
        pause_s = self._flush_s
        while not self._stopping.wait(pause_s):
            begun = monotonic()
            self._safely()
            rest_s = min(RESTS * (monotonic() - begun), REST_MAX_S)
            pause_s = self._flush_s if self._waiting.values else max(self._flush_s, rest_s)
        self._safely()

    def _safely(self) -> None:
        """One round. A fault of ours does not end the thread; what it was about is lost."""
        try:
            self._round()
        except Exception:
            log.exception("readings could not be stored")
        self._under_way = 0

    def _round(self) -> None:
        with self._lock:
            holds = -1 if self._held else self._holds
        wave = self._wave()
        there = self._is_free(holds) and self._storing.answers(ANSWER_S)
        if there and not self._waiting.values:
            there = not wave or self._write(wave)
        elif wave:
            self._wait(wave, "the database does not answer" if holds >= 0 else "the sink is held")
        if there:
            self._catch_up(holds)

    def _is_free(self, holds: int) -> bool:
        """Whether nobody held the sink since it had been held so often; what is dropped in such a
        time is known only in the next round."""
        return not self._held and self._holds == holds

    def _wait(self, wave: Wave, why: str) -> None:
        self._outages.begins(why)
        self._waiting.add(wave)

    def _wave(self) -> Wave:
        """What is to be stored of what was offered."""
        with self._lock:
            offered, self._offered = self._offered, []
            self._under_way = sum(len(one) for one in offered if not isinstance(one, _Drop))
        wave: Wave = {}
        for one in offered:
            if isinstance(one, _Drop):
                wave = self._dropped(wave, one)
            else:
                for taken in one:
                    self._sift(wave, taken)
        return wave

    def _dropped(self, wave: Wave, drop: _Drop) -> Wave:
        self._waiting.drop(drop.device, drop.from_ms)
        own = [stream for stream, (device, _) in self._last.items() if device == drop.device]
        for stream in own:
            del self._last[stream]
        return dropped(wave, drop.device, drop.from_ms)

    def _sift(self, wave: Wave, taken: Taken) -> None:
        """Add a value to the wave, if it is kept."""
        value = _number(taken.value)
        if value is None or not 0 <= taken.at // SECOND_MS <= TIME_MAX_S:
            self._refused += 1
            return
        number, place = taken.stream.id, taken.stream.place
        known = self._last.get(number)
        last = known[1] if known is not None and known[0] == taken.device else None
        new = Kept(taken.at, value, taken.quality != "good", taken.seen)
        if not is_kept(place, last, new):
            return
        self._last[number] = (taken.device, new)
        run = wave.get(number)
        if run is None:
            run = wave[number] = Run(taken.device)
        run.again = run.again or last is None or last.at == new.at
        is_beat = last is not None and last.uncertain is new.uncertain and is_same(last, new)
        run.add(new.looked if is_beat else new.at, value, uncertain=new.uncertain)

    def _write(self, wave: Wave) -> bool:
        """Store a wave, or let it wait; whether the database is there."""
        try:
            self._store(wave)
        except TooLarge as exc:
            self._refuse(wave, exc)
        except HubError as exc:
            self._wait(wave, exc.message)
            return False
        return True

    def _refuse(self, wave: Wave, exc: TooLarge) -> None:
        log.error("readings were refused: %s", exc.message)
        self._refused += count(wave)

    def _store(self, wave: Wave) -> None:
        done = self._storing.write(wave)
        self._stored += done.values
        self._refused += done.refused

    def _catch_up(self, holds: int) -> None:
        """Store what waits, as far as it goes before the next values are there."""
        if monotonic() - self._adopted > ADOPTED_EVERY_S:
            self._adopted = monotonic()
            self._waiting.adopt()
        ends = monotonic() + self._flush_s
        while self._is_free(holds) and (taken := self._waiting.take(self._together)) is not None:
            if not self._caught_up(taken.wave):
                return
            taken.forget()
            self._refused += taken.damaged
            self._outages.refused += taken.damaged
            if monotonic() > ends:
                return
        if not self._waiting.values:
            self._outages.over(self._waiting)

    def _caught_up(self, wave: Wave) -> bool:
        """Store what waited; False where it must go on waiting."""
        before = self._refused
        try:
            self._store(wave)
        except TooLarge as exc:
            self._refuse(wave, exc)
        except HubError as exc:
            self._outages.begins(exc.message)
            return False
        self._outages.refused += self._refused - before
        return True


def _number(value: object) -> int | float | None:
    """A value as it is stored; None for what is no finite number."""
    if isinstance(value, int):
        return int(value) if INT_MIN <= value <= INT_MAX else float(value)
    return value if isinstance(value, float) and math.isfinite(value) else None
