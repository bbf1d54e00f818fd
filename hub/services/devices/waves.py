"""What was polled since the last look, by stream; and the same packed for the disk.

Packed it is JSON under zlib: a list of ``[stream, device, width, times, values, uncertain]``.
``width`` is that of the raw document which the values went to, or may have gone to, so that they go
to the same one when they are stored again; 0 where none was chosen. ``uncertain`` are indices.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from hub.errors import Invalid

LEVEL = 1
Number = int | float


@dataclass(slots=True)
class Run:
    """Values of one stream in the order in which they were read; ``at`` in ms.

    ``uncertain`` are indices of values. ``again`` says that some may stand in the place of
    others that were uncertain.
    """

    device: int
    width: int = 0
    at: list[int] = field(default_factory=list)
    values: list[Number] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    again: bool = False

    def add(self, at: int, value: Number, *, uncertain: bool) -> None:
        if uncertain:
            self.uncertain.append(len(self.at))
        self.at.append(at)
        self.values.append(value)

    def extend(self, other: Run) -> None:
        """Add what came after it."""
        shift = len(self.at)
        self.at += other.at
        self.values += other.values
        self.uncertain += [index + shift for index in other.uncertain]
        self.again |= other.again

    def before(self, moment: int) -> Run:
        """What was read before a moment."""
        left = Run(self.device, self.width, again=self.again)
        marked = set(self.uncertain)
        for index, (at, value) in enumerate(zip(self.at, self.values, strict=True)):
            if at < moment:
                left.add(at, value, uncertain=index in marked)
        return left


Wave = dict[int, Run]
"""By the stream's id; no run is empty."""


def count(wave: Wave) -> int:
    """How many values it holds."""
    return sum(len(run.at) for run in wave.values())


def dropped(wave: Wave, device: int, from_ms: int) -> Wave:
    """The wave without what was read of a device from a moment on."""
    left: Wave = {}
    for stream, run in wave.items():
        own = run if run.device != device else run.before(from_ms)
        if own.at:
            left[stream] = own
    return left


def merged(waves: Iterable[Wave]) -> Wave:
    """Several waves, one after the other, as one. The first ones may be changed.

    Runs of a stream that are of several widths keep that of the first.
    """
    found: Wave = {}
    for wave in waves:
        for stream, run in wave.items():
            if held := found.get(stream):
                held.extend(run)
            else:
                found[stream] = run
    return found


def packed(wave: Wave) -> bytes:
    rows = [
        [stream, run.device, run.width, run.at, run.values, run.uncertain]
        for stream, run in wave.items()
    ]
    return zlib.compress(orjson.dumps(rows), LEVEL)


def unpacked(content: bytes) -> Wave:
    """What was packed; all of it ``again``.

    Raises:
        Invalid: it is damaged.
    """
    try:
        rows = orjson.loads(zlib.decompress(content))
        return {
            stream: Run(device, width, at, values, uncertain, again=True)
            for stream, device, width, at, values, uncertain in rows
        }
    except (zlib.error, ValueError, TypeError) as exc:
        raise Invalid("what was kept on disk is damaged") from exc
