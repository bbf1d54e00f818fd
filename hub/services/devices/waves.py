"""What was polled since the last look, by stream; and the same packed for the disk.

Packed it is JSON under zlib: columns with an entry for each stream (stream, device, width, again,
how many values), then the times, the values, and which of these are uncertain. Columns, as an
object for each of very many streams costs more than all the rest.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import orjson

from hub.errors import Invalid

LEVEL = 1
COLUMNS = 8
Number = int | float


@dataclass(slots=True)
class Run:
    """Values of one stream in the order in which they were read; ``at`` in ms.

    ``width`` is that of the raw document which the values went to, or may have gone to, so that
    they go to the same one when they are stored again; 0 where none was chosen. ``uncertain`` are
    indices of values. ``again`` says that some may stand in the place of others that were
    uncertain.
    """

    device: int
    width: int = 0
    again: bool = False
    at: list[int] = field(default_factory=list)
    values: list[Number] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)

    def add(self, at: int, value: Number, *, uncertain: bool) -> None:
        if uncertain:
            self.uncertain.append(len(self.at))
        self.at.append(at)
        self.values.append(value)

    def before(self, moment: int) -> Run:
        """What was read before a moment."""
        left = Run(self.device, self.width, self.again)
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


def packed(wave: Wave) -> bytes:
    runs = wave.values()
    sizes = [len(run.at) for run in runs]
    begins = accumulate(sizes, initial=0)
    uncertain = [
        begin + index for begin, run in zip(begins, runs, strict=False) for index in run.uncertain
    ]
    columns = [
        list(wave),
        [run.device for run in runs],
        [run.width for run in runs],
        [run.again for run in runs],
        sizes,
        [at for run in runs for at in run.at],
        [value for run in runs for value in run.values],
        uncertain,
    ]
    return zlib.compress(orjson.dumps(columns), LEVEL)


def unpacked(content: bytes) -> Wave:
    """What was packed. Raises Invalid: it is damaged."""
    wave: Wave = {}
    _add(wave, _columns(content))
    return wave


def added(wave: Wave, content: bytes) -> bool:
    """Add what was packed, and came after it, to a wave.

    Returns:
        False where values of a stream went to documents of another width; nothing was added
        then.

    Raises:
        Invalid: it is damaged. Nothing was added.
    """
    columns = _columns(content)
    for stream, width in zip(columns[0], columns[2], strict=True):
        held = wave.get(stream)
        if held is not None and held.width != width:
            return False
    _add(wave, columns)
    return True


def _add(wave: Wave, columns: Sequence[list[int]]) -> None:
    streams, devices, widths, again, sizes, at, values, uncertain = columns
    begin = 0
    rows = zip(streams, devices, widths, again, sizes, strict=True)
    for stream, device, width, over, size in rows:
        run = wave.get(stream)
        if run is None:
            run = wave[stream] = Run(device, width)
        run.again = run.again or bool(over)
        if size == 1:
            run.at.append(at[begin])
            run.values.append(values[begin])
        else:
            run.at += at[begin : begin + size]
            run.values += values[begin : begin + size]
        begin += size
    if uncertain:
        _doubt(wave, columns)


def _doubt(wave: Wave, columns: Sequence[list[int]]) -> None:
    """Tell the runs, to which values were added, which of these are uncertain."""
    marked = set(columns[-1])
    begin = 0
    for stream, size in zip(columns[0], columns[4], strict=True):
        run = wave[stream]
        shift = len(run.at) - size - begin
        run.uncertain += [i + shift for i in range(begin, begin + size) if i in marked]
        begin += size


def _columns(content: bytes) -> list[list[int]]:
    try:
        columns: list[list[int]] = orjson.loads(zlib.decompress(content))
        streams, *others, sizes, at, values, _ = columns
        whole = len(at) == len(values) == sum(sizes) and len(columns) == COLUMNS
        if whole and all(len(other) == len(streams) for other in (*others, sizes)):
            return columns
    except (zlib.error, ValueError, TypeError) as exc:
        raise Invalid("what was kept on disk is damaged") from exc
    raise Invalid("what was kept on disk is damaged")
