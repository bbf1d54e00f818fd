"""Models fitted to the values that a data stream has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hub.ai.scoring import whole, windows_of
from hub.errors import Invalid
from hub.series.points import plain
from hub.services.plant.data import Data
from hub.store.streams.recent import RecentPoints
from hub.values import Principal

if TYPE_CHECKING:
    from hub.ai.fitting import Fitted


@dataclass(frozen=True, slots=True)
class Fitting:
    data: Data
    recent: RecentPoints

    def fit(self, number: int, principal: Principal, *, window: int, most: int) -> Fitted:
        """A model of the windows of a data stream's newest values, at most so many of these.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            Invalid: it is not numeric, or has too few values that follow one another.
        """
        from hub.ai.fitting import fitted  # what it stands on is for few to load

        stream = self.data.get(number, principal)
        if stream.value_type != "numeric":
            raise Invalid("only numeric data streams have models", data=number)
        found = self.recent.last(stream, most)
        values = np.array([plain(value) for value in found.values], np.float64)
        good = whole(found.at, values, window, None)
        try:
            return fitted(windows_of(values, window)[good])
        except ValueError as exc:
            raise Invalid(f"no model can be fitted: {exc}", data=number) from exc
