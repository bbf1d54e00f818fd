"""The ``fields`` parameter of a query string: ``a,b.c`` chooses, ``-a,-b`` leaves out."""

from __future__ import annotations

from dataclasses import dataclass

from hub.query.limits import Limits
from hub.query.names import collision
from hub.query.sort import check_names, refused


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields to give, or with ``exclude`` the fields to leave out."""

    names: tuple[str, ...]
    exclude: bool


def guard_fields(text: str, limits: Limits) -> Fields:
    """Read fields divided by commas, all with a leading ``-`` or none.

    Raises:
        BadParameter: empty or malformed, mixed, or one field inside another.
    """
    if text.count(",") >= limits.in_max:
        raise refused("fields", "too many fields", limit="in_max", max=limits.in_max)
    parts = text.split(",")
    exclude = parts[0].startswith("-")
    if any(part.startswith("-") != exclude for part in parts):
        raise refused("fields", "either choose fields or leave fields out")
    names = [part.removeprefix("-") for part in parts]
    check_names("fields", names, limits)
    twice = collision(names)
    if twice:
        raise refused("fields", "a field stands twice, or inside another", field=twice)
    return Fields(tuple(names), exclude)
