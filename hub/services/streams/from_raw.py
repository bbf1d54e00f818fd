"""Downsamplers that do not merge: computed from the raw datapoints under a page's buckets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hub.errors import BadParameter
from hub.series import exact
from hub.series.names import STORED_TIMES, STORED_VALUES
from hub.series.parts import Parts
from hub.series.points import Points, joined
from hub.series.shape import Column, Frame
from hub.store.points import PointStore
from hub.values import Stream

VALUES: dict[str, Callable[[list[Any]], Any]] = {
    "median": lambda values: exact.median([plain(value) for value in values]),
    "most_often": exact.most_often,
    "least_often": exact.least_often,
    "frequencies": exact.frequencies,
}


class FromRaw:
    """The raw datapoints of a page, read once and only if a downsampler asks for them."""

    def __init__(self, points: PointStore, stream: Stream, frame: Frame, points_max: int) -> None:
        self._points = points
        self._stream = stream
        self._frame = frame
        self._points_max = points_max
        self._buckets: list[Points] | None = None

    def column(self, parts: Parts, kind: str, name: str) -> Column | None:
        """The column of a downsampler, one entry a bucket; None for one that the parts hold.

        Raises:
            BadParameter: there are more raw datapoints than one request may read.
        """
        if name in (STORED_TIMES if kind == "time" else STORED_VALUES):
            return None
        buckets = self._read(parts, name)
        if kind == "value":
            return [VALUES[name](bucket.values) for bucket in buckets]
        what = name.removeprefix("intervals_")
        return [getattr(exact.intervals(bucket.at), what) for bucket in buckets]

    def _read(self, parts: Parts, name: str) -> list[Points]:
        if self._buckets is None:
            needed = int(parts.points.sum())
            if needed > self._points_max:
                raise BadParameter(
                    f"{name} would need {needed} raw datapoints, and {self._points_max} are read "
                    "for one answer; ask for fewer or finer buckets",
                    parameter=name,
                )
            self._buckets = self._split()
        return self._buckets

    def _split(self) -> list[Points]:
        frame = self._frame
        edges = np.append(frame.start, frame.end[-1])
        lo, hi = int(edges[0]), int(edges[-1])
        held: list[list[Points]] = [[] for _ in frame.start]
        for piece in self._points.between(self._stream, lo, hi):
            for index, chosen in _slices(edges, piece):
                held[index].append(piece.part(chosen))
        return [joined(pieces) for pieces in held]


def _slices(edges: Any, piece: Points) -> list[tuple[int, slice]]:
    """The buckets that a piece reaches into, and which of its datapoints each one takes."""
    if not len(piece):
        return []
    first, last = np.searchsorted(edges, [piece.at[0], piece.at[-1]], side="right") - 1
    cuts = np.searchsorted(piece.at, edges[first : last + 2]).tolist()
    return [(int(first) + n, slice(cuts[n], cuts[n + 1])) for n in range(last - first + 1)]


def plain(value: Any) -> Any:
    """A number; the mean of an object that was appended downsampled."""
    return value.get("m") if isinstance(value, dict) else value
