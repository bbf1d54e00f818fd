"""The options of a device: checked and completed without touching any network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import BadField
from hub.values import Document

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its default, what it may be, and that as a JSON Schema.

    A ``secret`` is never told. What is given is kept as ``read`` returns it.
    """

    default: Any
    check: Check
    schema: Document
    secret: bool = False
    read: Callable[[Any], Any] = _same


Options = Mapping[str, Option]

SHOWN_CHARS_MAX = 64


def one_of(*names: str, default: str | None) -> Option:
    """One of some words; None too where that is the default."""
    said = f"Must be one of: {', '.join(names)}."
    known = names if default is not None else (*names, None)
    schema = {"type": "string", "enum": list(names)}
    return Option(default, lambda value: None if value in known else said, schema)


def whole(low: int, high: int, *, default: int) -> Option:
    said = f"Must be a whole number of {low} to {high}."

    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if fits else said

    return Option(default, check, {"type": "integer", "minimum": low, "maximum": high})


def number(low: float, high: float, *, default: float | None) -> Option:
    """A number within bounds; None too where that is the default."""
    said = f"Must be a number from {low:g} to {high:g}."

    def check(value: Any) -> str | None:
        if value is None and default is None:
            return None
        return None if type(value) in (int, float) and low <= value <= high else said

    schema = {"type": "number", "minimum": low, "maximum": high}
    return Option(default, check, schema, read=_float)


def flag(*, default: bool) -> Option:
    return Option(
        default,
        lambda value: None if isinstance(value, bool) else "Must be true or false.",
        {"type": "boolean"},
    )


def text(most: int, *, default: str | None, secret: bool = False) -> Option:
    """A text of at most so many characters; None too where that is the default."""

    def check(value: Any) -> str | None:
        if value is None and default is None:
            return None
        if not isinstance(value, str) or len(value) > most:
            return f"Must be a text of at most {most} characters."
        return None if _written(value) == value else "Holds half of a surrogate pair."

    return Option(default, check, {"type": "string", "maxLength": most}, secret)


def completed(known: Options, given: Mapping[str, Any]) -> Document:
    """Options with the defaults of those that are not given.

    Raises:
        BadField: with all that is wrong, by its name.
    """
    wrong = {
        f"options.{_written(name)[:SHOWN_CHARS_MAX]}": "Unknown field."
        for name in given
        if name not in known
    }
    for name, option in known.items():
        if name in given and (said := option.check(given[name])):
            wrong[f"options.{name}"] = said
    refuse(wrong)
    return {
        name: option.read(given[name]) if name in given else option.default
        for name, option in known.items()
    }


def refuse(wrong: Mapping[str, str]) -> None:
    """Raises BadField: with what is wrong, by its name, if anything is."""
    if wrong:
        name, said = next(iter(wrong.items()))
        raise BadField(f"{name}: {said}", fields=dict(wrong))


def _float(value: float | None) -> float | None:
    """Also what is too large for an integer of the database."""
    return None if value is None else float(value)


def _written(text: str) -> str:
    """A text without the halves of surrogate pairs, which UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode()
