"""Downsamplers that do not merge: computed from the raw datapoints under a page's buckets."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from hub.errors import BadParameter
from hub.series import exact
from hub.series.names import STORED_TIMES, STORED_VALUES
from hub.series.parts import IntArray, Parts
from hub.series.points import Points, plain
from hub.series.shape import Column

VALUES: dict[str, Callable[[list[Any]], Any]] = {
    "median": lambda values: exact.median([plain(value) for value in values]),
    "most_often": exact.most_often,
    "least_often": exact.least_often,
    "frequencies": exact.frequencies,
}


def stored(kind: str, name: str) -> bool:
    """Whether parts hold a downsampler (of the ``"value"`` or the ``"time"``)."""
    return name in (STORED_TIMES if kind == "time" else STORED_VALUES)


class RawColumns:
    """The raw datapoints of a page, read once and only if a downsampler asks for them.

    Args:
        read: gives the datapoints of the whole page.
        edges: the start of each bucket, and the end of the last one, ms.
        parts: those of the page, which tell how many datapoints there are.
        most: how many one request may read.
    """

    def __init__(
        self, read: Callable[[], Points], edges: IntArray, parts: Parts, most: int
    ) -> None:
        self._read = read
        self._edges = edges
        self._needed = int(parts.points.sum())
        self._most = most
        self._buckets: list[Points] | None = None

    def column(self, kind: str, name: str) -> Column | None:
        """The column of a downsampler, one entry a bucket; None for one that the parts hold.

        Raises:
            BadParameter: there are more raw datapoints than one request may read.
        """
        if stored(kind, name):
            return None
        if self._buckets is None:
            self._buckets = self._split(name)
        if kind == "value":
            return [VALUES[name](bucket.values) for bucket in self._buckets]
        what = name.removeprefix("intervals_")
        return [getattr(exact.intervals(bucket.at), what) for bucket in self._buckets]

    def _split(self, name: str) -> list[Points]:
        if self._needed > self._most:
            raise BadParameter(
                f"{name} would need {self._needed} raw datapoints, and {self._most} are read for "
                "one answer; ask for fewer or finer buckets",
                parameter=name,
                max=self._most,
            )
        found = self._read()
        cuts: list[int] = np.searchsorted(found.at, self._edges).tolist()
        return [found.part(slice(lo, hi)) for lo, hi in pairwise(cuts)]
