"""Chance that repeats itself: the same moment of the same stream always has the same value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.int64]
"""Times in ms."""
Shares = npt.NDArray[np.float64]

DAY_MS = 86_400_000
WAVE_MS = 47 * 60_000
DAILY, WAVE, NOISE = 0.42, 0.05, 0.03
"""How far each part of a signal swings to either side; together half of its domain."""


def uniform(at: Moments, salt: int) -> Shares:
    """A number in ``[0, 1)`` for each moment, evenly spread, another one for another salt."""
    mixed = at.astype(np.uint64) + np.uint64(salt << 48)
    for shift, factor in ((31, 0x9E3779B97F4A7C15), (29, 0xD6E8FEB86659FD93), (32, 1)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def signal(at: Moments, salt: int) -> Shares:
    """A daily curve with waves and noise upon it, from 0 to 1; a salt shifts its phase."""
    daily = np.sin(2 * np.pi * (at / DAY_MS - 0.375 - 0.11 * salt))
    wave = np.sin(2 * np.pi * (at / WAVE_MS + 0.3 * salt))
    noise = uniform(at, salt) - uniform(at + 1, salt + 1)
    found: Shares = np.clip(0.5 + DAILY * daily + WAVE * wave + NOISE * noise, 0.0, 1.0)
    return found
