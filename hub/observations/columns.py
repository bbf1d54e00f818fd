"""The columns of an observation, in schema order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.observations.tables import load

Kind = Literal["text", "number", "date", "time", "zone", "enum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column and its limits.

    ``date`` is text YYYY-MM-DD, ``time`` text HH:MM[:SS[.mmm]], ``zone`` Z or ±HH:MM.
    ``values`` names the enumeration of an ``enum``. Bounds are inclusive; ``length_max`` counts
    characters; ``multiline`` text may hold line breaks.
    """

    name: str
    kind: Kind
    required: bool = False
    values: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    length_max: int = 255
    multiline: bool = False


COLUMNS: tuple[Column, ...] = tuple(Column(**entry) for entry in load("columns.json"))
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
REQUIRED: frozenset[str] = frozenset(column.name for column in COLUMNS if column.required)
