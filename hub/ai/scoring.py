"""How far windows are from what a model makes of them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hub.ai.models import ModelType, Shape
from hub.ai.numbers import BoolArray, FloatArray, IntArray

GAP: Final = 3
"""A spacing of more than so many usual ones is a gap."""
HYSTERESIS: Final = 0.1
"""What was an anomaly is normal again when its score is below the threshold by this part of it."""
LOG_2PI: Final = float(np.log(2 * np.pi))


def windows_of(values: FloatArray, window: int) -> FloatArray:
    """All windows of values in order, a row each; none if there are too few values."""
    if len(values) < window:
        return np.empty((0, window))
    return np.lib.stride_tricks.sliding_window_view(values, window)


def whole(at: IntArray, values: FloatArray, window: int, usual_ms: int | None) -> BoolArray:
    """Which windows have a value everywhere and no gap.

    What spacing is usual is the lower median of the window's own, if that is not less than
    ``usual_ms``; a window of two values has no other than that, and without it no gap.

    Args:
        at: times in ms, ascending.
        usual_ms: the spacing that is to be expected, where it is known.
    """
    there: BoolArray = np.all(np.isfinite(windows_of(values, window)), axis=1)
    if window == 1 or not len(there):
        return there
    spacings = windows_of(np.diff(at).astype(np.float64), window - 1)
    if window == 2 and usual_ms is not None:
        usual = np.full(len(spacings), float(usual_ms))
    else:
        middle = (window - 2) // 2
        own = np.partition(spacings, middle, axis=1)[:, middle]
        usual = np.maximum(own, usual_ms or 1)
    near: BoolArray = spacings.max(axis=1) <= GAP * usual
    return there & near


def scores(
    kind: ModelType, shape: Shape, windows: FloatArray, outputs: npt.NDArray[np.float32]
) -> FloatArray:
    """How unusual each window is, from what the model made of it.

    The mean of the squared errors; for ``sisvae`` with two outputs the negative logarithm of the
    likelihood of the window under the Gaussians that they describe, summed up.
    """
    made = outputs.astype(np.float64)
    mean_at, spread_at = shape.place("mean"), shape.place("log_variance")
    squares = (windows - made[:, mean_at]) ** 2
    if kind != "sisvae" or spread_at is None:
        found: FloatArray = squares.mean(axis=1)
        return found
    spread = made[:, spread_at]
    with np.errstate(over="ignore", invalid="ignore"):
        likelihood: FloatArray = np.sum(LOG_2PI + spread + squares * np.exp(-spread), axis=1)
    return 0.5 * likelihood


def again_normal(threshold: float) -> float:
    """Below which score what was an anomaly is normal again."""
    return threshold - HYSTERESIS * abs(threshold)


def crossings(
    found: FloatArray, threshold: float | None, *, anomalous: bool
) -> tuple[list[tuple[int, bool]], bool]:
    """Where scores in order of time become those of an anomaly, or normal again.

    Args:
        threshold: from which score on there is an anomaly; None: there never is.
        anomalous: whether there was one before them.

    Returns:
        Index and whether it is an anomaly from there on; and whether there is one at the end.
    """
    if threshold is None:
        return [], False
    low = again_normal(threshold)
    edges: list[tuple[int, bool]] = []
    for index in np.flatnonzero((found >= threshold) | (found < low)).tolist():
        high = bool(found[index] >= threshold)
        if high != anomalous:
            edges.append((index, high))
            anomalous = high
    return edges, anomalous
