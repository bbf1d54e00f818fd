"""Where a query breaks a rule, and the error that says so.

While walking, a place is a linked pair ``(parent, key)``, cheap to extend; it becomes text
only when a query is refused: ``$.$or[1].temp.$where``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from hub.errors import BadQuery, Forbidden, QueryTooComplex

Path: TypeAlias = "tuple[Path, str | int] | None"

ANALYZE = "dataset:analyze"
"""The scope a key needs for the operators of an analyst."""

_SHOWN_CHARS = 64


def shown(name: str) -> str:
    """A client's word, short enough and clean enough to be sent back."""
    clean = name.encode("utf-8", "replace").decode("utf-8").replace("\0", "\\0")
    return clean if len(clean) <= _SHOWN_CHARS else clean[:_SHOWN_CHARS] + "…"


def locate(path: Path) -> str:
    """The path as text; ``$`` is the whole query."""
    parts: list[str] = []
    while path is not None:
        path, key = path
        parts.append(f"[{key}]" if isinstance(key, int) else f".{shown(key)}")
    return "$" + "".join(reversed(parts))


def _detail(path: Path, operator: str | None) -> dict[str, Any]:
    named = {} if operator is None else {"operator": shown(operator)}
    return {**named, "path": locate(path)}


def bad(message: str, path: Path, operator: str | None = None) -> BadQuery:
    """The refusal of a query that breaks a rule at ``path``."""
    return BadQuery(message, **_detail(path, operator))


def reserved(operator: str, path: Path) -> Forbidden:
    """The refusal of an analyst's operator to a key that is not an analyst's."""
    message = f"{operator} needs the scope {ANALYZE}"
    return Forbidden(message, scope=ANALYZE, **_detail(path, operator))


def over(limit: str, most: int, path: Path, operator: str | None = None) -> QueryTooComplex:
    """The refusal of a query that passes a limit; ``limit`` is the name of the field."""
    message = f"over the limit {limit} of {most}"
    return QueryTooComplex(message, limit=limit, max=most, **_detail(path, operator))
