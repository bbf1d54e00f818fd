"""Statistics kept by the worker: the windows that changes fall in, computed anew from raw values.

It follows the downsampling (``hub.services.streams.upkeep.downsample``): called with what changed
before the marks of the changes go. So a run that is cut off is simply done again.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import Conflict, Invalid
from hub.series.windows import ONE_MINUTE, Lengths, changed, length_ms, widened
from hub.services.statistics.computing import Computing, Stretch
from hub.services.streams.carrying import Changed
from hub.store.streams.points import PointStore
from hub.store.streams.retention import Floors
from hub.store.streams.statistics import StatisticStore
from hub.values import Stream

ATTEMPTS = 8


class Summarizing:
    def __init__(self, points: PointStore, statistics: StatisticStore, floors: Floors) -> None:
        self._points = points
        self._statistics = statistics
        self._floors = floors
        self._computing = Computing(points)

    def follow(self, changes: Sequence[Changed], fence: int) -> None:
        """Bring the statistics of streams up to changes of their raw datapoints.

        Windows of which raw datapoints are no longer kept stay as they are: changes are told
        above the floor only (``hub.store.streams.kept``), and a floor cuts no window.

        Args:
            fence: the token of the lease under which this runs.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: the database went away; nothing is lost, the next run does it.
        """
        numeric = [
            (stream, spans)
            for stream, spans in changes
            if stream.value_type == "numeric" and stream.deleted is None
        ]
        ids = [stream.id for stream, _ in numeric]
        lengths = self._statistics.lengths(ids)
        stretches: list[Stretch] = []
        gone: list[tuple[Stream, tuple[int, int]]] = []
        for stream, spans in numeric:
            own = lengths[stream.id]
            whole = widened(own, (span[:2] for span in spans))
            stretches += [Stretch(stream, own, lo, hi) for lo, hi in whole]
            removed = widened(own, (span[:2] for span in spans if span.gone))
            gone += [(stream, window) for window in removed]
        kept: dict[int, set[int]] = {stream.id: set() for stream, _ in gone}
        for made in self._computing.windows(stretches):
            self._statistics.write(made, fence)
            for one in made:
                if one.stream in kept:
                    kept[one.stream].add(one.at)
        for stream, window in gone:
            self._statistics.forget(stream.id, window, kept[stream.id], fence)

    def set_window(self, stream: Stream, seconds: float, now_ms: int) -> Lengths:
        """Give a stream's windows another length, 0 for no statistics.

        A stream that never had a datapoint has it at once; another one from the next whole hour
        on that is after ``now_ms`` and after its latest datapoint.

        Raises:
            Invalid: no whole number of seconds that divides the hour; not a numeric stream.
            Conflict: too many change it at once.
        """
        if stream.value_type != "numeric" and seconds:
            raise Invalid("only numeric streams have statistics", path="statistic_window")
        length = length_ms(seconds)
        for _ in range(ATTEMPTS):
            before = self.lengths(stream)
            made = changed(before, self._free(stream, now_ms), length)
            if made == before or self._statistics.set_lengths(stream.id, made, before):
                return made
        raise Conflict("the windows of the stream are being changed", number=stream.id)

    def lengths(self, stream: Stream) -> Lengths:
        """How long the windows of a stream are, and from when on."""
        return self._statistics.lengths([stream.id]).get(stream.id, ONE_MINUTE)

    def _free(self, stream: Stream, now_ms: int) -> int:
        """From when on there is no window yet."""
        latest = self._points.ends(stream)[1]
        if latest is not None:
            return max(now_ms, latest + 1)
        return now_ms if self._floors.of([stream.id]) else 0
