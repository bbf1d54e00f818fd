"""What may be posted as a record of statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NoReturn

from hub.errors import Invalid
from hub.series.incoming import TIME_MAX_S
from hub.series.kinds import COUNT_MAX
from hub.series.levels import SECOND_MS
from hub.series.records import FIELDS

ASCENDING = ("min", "q1", "median", "q3", "max")
"""Of these none is less than one before it."""


def checked(at_ms: int, told: Mapping[str, Any], before: Mapping[str, float]) -> dict[str, float]:
    """The fields of a posted record, by name: those that are told, and those it had before.

    Raises:
        Invalid: none, an unknown one, no finite number, a negative ``rms`` or ``count``, a
            ``count`` that is not whole, a minimum above a median and the like, or a time that
            streams do not have.
    """
    if not 0 <= at_ms // SECOND_MS <= TIME_MAX_S:
        _refuse("a time lies between 1970-01-01T00:00:00Z and 2038-01-19T03:14:07Z", "timestamp")
    if unknown := sorted(told.keys() - set(FIELDS)):
        _refuse("a record of statistics has no such field", unknown[0])
    if not told:
        raise Invalid("a record of statistics has at least one field", allowed=list(FIELDS))
    for name, value in told.items():
        _check(name, value)
    whole = {**before, **told}
    for lower, upper in pairwise([name for name in ASCENDING if name in whole]):
        if whole[lower] > whole[upper]:
            _refuse(f"{lower} is greater than {upper}", lower if lower in told else upper)
    mean = whole.get("mean")
    if mean is not None and not whole.get("min", mean) <= mean <= whole.get("max", mean):
        path = next(name for name in ("mean", "min", "max") if name in told)
        _refuse("the mean lies outside of the extremes", path)
    return {n: int(v) if n == "count" else float(v) for n, v in whole.items()}


def _check(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("the value is a number", name)
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        _refuse("the number is not finite", name)
    if name == "count" and not (value == int(value) and 0 <= value <= COUNT_MAX):
        _refuse(f"the count is a whole number from 0 to {COUNT_MAX}", name)
    if name == "rms" and value < 0:
        _refuse("a root mean square is not negative", name)


def _refuse(why: str, path: str) -> NoReturn:
    raise Invalid(why, path=path)
