"""When the plant's motor goes wrong: pure, so that whoever looks for it can know when it did."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Trouble = Callable[[float], float]
"""How bad it is, 0 to 1, so many seconds after the plant began."""

SLOT_S = 240.0
BEGINS_S = (60.0, 120.0)
LASTS_S = (60.0, 100.0)
RAMP_S = 15.0


def untroubled(at_s: float) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Episodes:
    """One episode in every ``SLOT_S``, at a time of its own: it sets in and ends within
    ``RAMP_S``, and is at its worst between.
    """

    seed: int = 1

    def __call__(self, at_s: float) -> float:
        slot, within_s = divmod(at_s, SLOT_S)
        begin_s, end_s = self.episode(int(slot))
        rising, falling = (within_s - begin_s) / RAMP_S, (end_s - within_s) / RAMP_S
        return max(0.0, min(1.0, rising, falling))

    def episode(self, slot: int) -> tuple[float, float]:
        """When the episode of a slot begins and ends, in seconds after the slot's begin."""
        chance = random.Random(f"{self.seed}/{slot}")
        begin_s = chance.uniform(*BEGINS_S)
        return begin_s, begin_s + chance.uniform(*LASTS_S)
