"""The ``sort`` parameter of a query string: ``-temperature,_timestamp``."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import BadParameter
from hub.query.limits import Limits
from hub.query.names import collision, fault


@dataclass(frozen=True, slots=True)
class Sort:
    """Fields and directions, the first one first; 1 ascends, -1 descends."""

    keys: tuple[tuple[str, int], ...]


def guard_sort(text: str, limits: Limits) -> Sort:
    """Read fields divided by commas; a leading ``-`` descends.

    Raises:
        BadParameter: empty, malformed, repeated or too many fields.
    """
    parts = text.split(",", limits.sort_keys_max)
    if len(parts) > limits.sort_keys_max:
        raise refused("sort", f"at most {limits.sort_keys_max} fields",
                      limit="sort_keys_max", max=limits.sort_keys_max)  # fmt: skip
    keys = tuple((part.removeprefix("-"), -1 if part.startswith("-") else 1) for part in parts)
    names = [name for name, _ in keys]
    check_names("sort", names, limits)
    twice = collision(names)
    if twice:
        raise refused("sort", "a field stands twice, or inside another", field=twice)
    return Sort(keys)


def check_names(parameter: str, names: list[str], limits: Limits) -> None:
    """Refuse names that are no paths of fields.

    Raises:
        BadParameter: empty or malformed, too deep or too long.
    """
    for name in names:
        shown = name[:64]
        if not name:
            raise refused(parameter, "a field has no name")
        if len(name.encode("utf-8", "replace")) > limits.string_bytes_max:
            raise refused(parameter, "a field is too long", field=shown)
        found = fault(name)
        if found or not _is_text(name):
            raise refused(parameter, found or "a field is not valid Unicode")
        if name.count(".") >= limits.path_depth_max:
            raise refused(parameter, "a path is too deep", field=shown,
                          limit="path_depth_max", max=limits.path_depth_max)  # fmt: skip


def refused(parameter: str, message: str, **detail: object) -> BadParameter:
    """The refusal of a parameter."""
    return BadParameter(f"{parameter}: {message}", parameter=parameter, **detail)


def _is_text(name: str) -> bool:
    return name.isascii() or name.encode("utf-8", "ignore").decode("utf-8") == name
