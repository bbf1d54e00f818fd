"""The downsamplers by name and letter, and which of them a kind of stream may have.

Source: reference of the Datastream API, sections 1.4, 3.1, 3.2 and 3.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

ValueType = Literal["numeric", "nominal", "graph"]
VALUE_TYPES: tuple[ValueType, ...] = ("numeric", "nominal", "graph")

VALUE_LETTERS = {
    "mean": "m",
    "sum": "s",
    "min": "l",
    "max": "u",
    "sum_squares": "q",
    "std_dev": "d",
    "count": "c",
    "median": "n",
    "most_often": "o",
    "least_often": "r",
    "frequencies": "f",
}
TIME_LETTERS = {
    "mean": "m",
    "first": "a",
    "last": "z",
    "intervals_mean": "i",
    "intervals_min": "l",
    "intervals_max": "u",
    "intervals_sum_squares": "q",
    "intervals_std_dev": "d",
}
STORED_VALUES = ("mean", "sum", "min", "max", "sum_squares", "std_dev", "count")
"""Kept in the rollups. The other ones are computed from the raw values of a bucket."""
STORED_TIMES = ("mean", "first", "last")
OF_ANY_VALUE = ("count", "most_often", "least_often", "frequencies")
"""Those that make sense for values that are no numbers."""
NEEDS = {"mean": ("sum", "count"), "std_dev": ("sum", "count", "sum_squares")}


def allowed_for(value_type: ValueType) -> tuple[str, ...]:
    """The value downsamplers that a stream of this type may have."""
    return tuple(VALUE_LETTERS) if value_type == "numeric" else OF_ANY_VALUE


def default_for(value_type: ValueType) -> tuple[str, ...]:
    """What a stream gets when none are named: all that the rollups keep for its type."""
    return STORED_VALUES if value_type == "numeric" else ("count",)


def completed(named: Iterable[str]) -> tuple[str, ...]:
    """The value downsamplers with what they need; any of them brings ``count``."""
    wanted = set(named)
    for name in tuple(wanted):
        wanted.update(NEEDS.get(name, ()), ("count",))
    return tuple(name for name in VALUE_LETTERS if name in wanted)


def resolved(text: str, letters: dict[str, str]) -> str | None:
    """The full name for a name or a letter out of ``VALUE_LETTERS`` or ``TIME_LETTERS``."""
    if text in letters:
        return text
    return next((name for name, letter in letters.items() if letter == text), None)
