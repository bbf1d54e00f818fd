"""Values that were polled, put where they belong: the raw document of their stream and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.series import buckets
from hub.series.buckets import Bucket, Widths, width_at
from hub.services.devices.waves import Number, Run, Wave
from hub.services.streams.writing.placing import Placing
from hub.store.streams.point_documents import Change
from hub.store.streams.polled import PolledPoints
from hub.store.streams.streams import Streams

WRITE_S = 10.0
"""How long the database may take for a wave before it counts as away."""


@dataclass(frozen=True, slots=True)
class Home:
    """The document in which a stream's values are at present, and how wide the others are."""

    widths: Widths
    start: int
    end: int
    width: int


@dataclass(frozen=True, slots=True)
class Stored:
    """How many values were stored, and of how many the streams are gone."""

    values: int
    refused: int


class Storing:
    """Widths are looked up again when the document in use ends. Not for several threads at once."""

    def __init__(self, points: PolledPoints, streams: Streams, placing: Placing) -> None:
        self._points = points
        self._streams = streams
        self._placing = placing
        self._homes: dict[int, Home] = {}

    def answers(self, within_s: float) -> bool:
        """Whether the database is there."""
        return self._points.answers(within_s)

    def write(self, wave: Wave) -> Stored:
        """Store all values of a wave, durably. Its runs are told the widths of their documents.

        Raises:
            Unavailable: not confirmed; storing the same again is harmless.
        """
        strangers = [stream for stream, run in wave.items() if not self._is_home(stream, run)]
        if strangers:
            self._look_up(strangers, wave)
        changes: list[Change] = []
        stored = refused = 0
        for stream, run in wave.items():
            home = self._homes.get(stream)
            if home is None:
                refused += len(run.at)
            else:
                changes += _changes(stream, run, home)
                stored += len(run.at)
        for full in self._points.write(changes, WRITE_S):
            self._narrow(full)
        return Stored(stored, refused)

    def _is_home(self, stream: int, run: Run) -> bool:
        home = self._homes.get(stream)
        return home is not None and run.at[-1] < home.end

    def _look_up(self, ids: Iterable[int], wave: Wave) -> None:
        found = self._points.widths(list(ids), WRITE_S)
        for stream in ids:
            if stream in found:
                self._homes[stream] = _home(found[stream], wave[stream].at[-1])
            else:
                self._homes.pop(stream, None)

    def _narrow(self, full: Change) -> None:
        """Put values of a document that is full into narrower ones."""
        start = full.bucket.start
        points = [(start + int(name), value) for name, value in full.values.items()]
        for stream in self._streams.by_ids([full.bucket.stream]):
            self._placing.put(stream, points)
        self._homes.pop(full.bucket.stream, None)


def _home(widths: Widths, at: int) -> Home:
    width = width_at(widths, at)
    start = at - at % width
    return Home(widths, start, start + width, width)


def _changes(stream: int, run: Run, home: Home) -> list[Change]:
    """The values by document; of one instant the last one counts."""
    lo, hi = min(run.at), max(run.at)
    if home.start <= lo and hi < home.end and run.width in (0, home.width):
        run.width = home.width
        start = home.start
        names = [str(at - start) for at in run.at]
        held: Mapping[str, Number] = dict(zip(names, run.values, strict=True))
        marked = _uncertain(names, run) if run.uncertain else ()
        bucket = Bucket(stream, home.width, start)
        return [Change(bucket, held, lo, hi, uncertain=marked, sure=run.again)]
    return _spread(stream, run, home.widths)


def _spread(stream: int, run: Run, widths: Widths) -> list[Change]:
    """Values of several documents, or of another one than that in use."""
    marked = set(run.uncertain)
    parts: dict[Bucket, Run] = {}
    for index, (at, value) in enumerate(zip(run.at, run.values, strict=True)):
        width = run.width or width_at(widths, at)
        bucket = Bucket(stream, width, at - at % width)
        part = parts.setdefault(bucket, Run(run.device, width, again=run.again))
        part.add(at, value, uncertain=index in marked)
    made = []
    for bucket, part in parts.items():
        names = [buckets.name(at - bucket.start, 0) for at in part.at]
        held = dict(zip(names, part.values, strict=True))
        marks = _uncertain(names, part)
        change = Change(bucket, held, min(part.at), max(part.at), uncertain=marks, sure=run.again)
        made.append(change)
    return made


def _uncertain(names: list[str], run: Run) -> frozenset[str]:
    """The names of the uncertain values; of one that came several times the last one counts."""
    marked = set(run.uncertain)
    doubts = {name: index in marked for index, name in enumerate(names)}
    return frozenset(name for name, doubt in doubts.items() if doubt)
