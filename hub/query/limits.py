"""How large a query may be: defaults, and ceilings that no setting passes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

CEILINGS: Final[dict[str, int]] = {
    "depth_max": 40,
    "nodes_max": 10_000,
    "stages_max": 50,
    "in_max": 10_000,
    "string_bytes_max": 65_536,
    "regex_chars_max": 512,
    "regex_repeat_max": 1_000,
    "regex_open_max": 8,
    "path_depth_max": 32,
    "sort_keys_max": 32,
    "skip_max": 1_000_000,
    "limit_max": 10_000_000,
    "sample_max": 100_000,
    "facet_branches_max": 8,
    "group_n_max": 1_000,
    "push_rows_max": 100_000,
    "buckets_max": 50_000,
    "range_max": 50_000,
    "window_max": 100_000,
    "geo_points_max": 5_000,
    "growth_max": 65_536,
    "growers_max": 128,
    "map_items_max": 256,
}
"""The largest value each limit may be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit on one query; the name of the field is the ``limit`` an error names.

    Raises:
        ValueError: a limit is below 1 or above its ceiling; the message names it.
    """

    depth_max: int = 20
    """Objects and arrays inside one another."""
    nodes_max: int = 2_000
    """Values in the whole query, objects and arrays counted too."""
    stages_max: int = 20
    """Stages, those of the branches of ``$facet`` counted too."""
    in_max: int = 1_000
    """Values in one ``$in``, ``$nin``, ``$all`` or bit list."""
    string_bytes_max: int = 4_096
    """UTF-8 bytes in one string or key."""
    regex_chars_max: int = 128
    """Characters in one pattern."""
    regex_repeat_max: int = 100
    """The largest count in ``{m,n}``."""
    regex_open_max: int = 3
    """Repetitions of open length (``*``, ``+``, ``{m,n}``) in one pattern."""
    path_depth_max: int = 16
    """Names in one dotted path."""
    sort_keys_max: int = 8
    """Fields in one sort."""
    skip_max: int = 100_000
    """Documents to skip."""
    limit_max: int = 1_000_000
    """The operand of ``$limit``."""
    sample_max: int = 10_000
    """The size of ``$sample``."""
    facet_branches_max: int = 4
    """Branches of one ``$facet``: each reads all its input."""
    group_n_max: int = 100
    """``n`` of ``$firstN``, ``$topN`` and their kin, and the width of a collecting window."""
    push_rows_max: int = 10_000
    """Documents that may reach a ``$push`` or ``$addToSet`` in a group."""
    buckets_max: int = 5_000
    """Buckets of ``$bucket`` and ``$bucketAuto``, points of ``$densify``."""
    range_max: int = 5_000
    """Numbers that one ``$range`` makes."""
    window_max: int = 10_000
    """Documents on either side in a window of ``$setWindowFields``."""
    geo_points_max: int = 500
    """Positions in one geometry."""
    growth_max: int = 1_024
    """How many times its own size a pipeline may copy a document."""
    growers_max: int = 32
    """Operators in one query that make long strings and arrays."""
    map_items_max: int = 64
    """Items that ``$map`` makes of each element."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, ceiling = getattr(self, field.name), CEILINGS[field.name]
            if not 1 <= value <= ceiling:
                raise ValueError(f"{field.name}: {value} is not between 1 and {ceiling}")
