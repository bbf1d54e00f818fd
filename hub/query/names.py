"""Names of fields: dotted paths, single names, and whether two paths collide."""

from __future__ import annotations

from collections.abc import Iterable

from hub.query.limits import Limits
from hub.query.refusal import Path, bad, over


def fault(name: str) -> str | None:
    """Why ``name`` is no path of fields, in words; None when it is one."""
    if name.isidentifier():
        return None
    if "\0" in name:
        return "a path must not hold the character NUL"
    for part in name.split("."):
        if not part:
            return "a path must not have an empty part"
        if part[0] == "$":
            return "a part of a path must not begin with $"
    return None


def check_path(name: str, path: Path, limits: Limits) -> None:
    """Refuse what is no dotted path of fields.

    Raises:
        BadQuery: empty parts, parts that begin with ``$``, NUL.
        QueryTooComplex: too many parts.
    """
    found = fault(name)
    if found:
        operator = next((part for part in name.split(".") if part.startswith("$")), None)
        raise bad(found, path, operator)
    if name.count(".") >= limits.path_depth_max:
        raise over("path_depth_max", limits.path_depth_max, path)


def check_name(name: str, path: Path) -> None:
    """Refuse what cannot name one new field: a dotted path or a name with ``$`` in front."""
    if "." in name:
        raise bad("the name must not hold a dot", path)
    found = fault(name)
    if found:
        raise bad(found, path, name if name.startswith("$") else None)


def collision(names: Iterable[str]) -> str | None:
    """A path that stands twice, or inside another one of ``names``; None when none does."""
    paths = list(names)
    seen = set(paths)
    if len(seen) != len(paths):
        return next(name for name in paths if paths.count(name) > 1)
    return next((name for name in paths if _inside(name, seen)), None)


def _inside(name: str, seen: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in seen for count in range(1, len(parts)))
