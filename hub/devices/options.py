"""The options of a device: checked and completed without touching any network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import BadField
from hub.values import Document

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its default, and what it may be. A ``secret`` is never told."""

    default: Any
    check: Check
    secret: bool = False


Options = Mapping[str, Option]


def one_of(*names: str, default: str) -> Option:
    said = f"Must be one of: {', '.join(names)}."
    return Option(default, lambda value: None if value in names else said)


def whole(low: int, high: int, *, default: int) -> Option:
    said = f"Must be a whole number of {low} to {high}."

    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if fits else said

    return Option(default, check)


def flag(*, default: bool) -> Option:
    return Option(
        default, lambda value: None if isinstance(value, bool) else "Must be true or false."
    )


def text(most: int, *, default: str | None, secret: bool = False) -> Option:
    """A text of at most so many characters; None too where that is the default."""

    def check(value: Any) -> str | None:
        if value is None and default is None:
            return None
        fits = isinstance(value, str) and len(value) <= most
        return None if fits else f"Must be a text of at most {most} characters."

    return Option(default, check, secret)


def completed(known: Options, given: Mapping[str, Any]) -> Document:
    """Options with the defaults of those that are not given.

    Raises:
        BadField: with all that is wrong, by its name.
    """
    wrong = {f"options.{name}": "Unknown field." for name in given if name not in known}
    for name, option in known.items():
        if name in given and (said := option.check(given[name])):
            wrong[f"options.{name}"] = said
    if wrong:
        name, said = next(iter(wrong.items()))
        raise BadField(f"{name}: {said}", fields=wrong)
    return {name: given.get(name, option.default) for name, option in known.items()}
