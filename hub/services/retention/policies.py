"""Policies of retention: how long raw values, each level of the rollups and statistics are kept,
in all streams or in one; a stream's own policy stands before the one for all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import Invalid
from hub.series.grid import AFTER_ALL
from hub.series.levels import LEVELS, ROLLUPS
from hub.series.windows import DEFAULT_MS, Lengths, grain
from hub.store.access.audit import Audit
from hub.store.streams.retention import EVERY_STREAM, KINDS, STATISTICS, VALUES, Limits, Policies
from hub.values import Stream

UNITS_MS = {
    "drop_after_seconds": 1000,
    "drop_after_hours": 3_600_000,
    "drop_after_days": 86_400_000,
}
LEAST_MS, MOST_MS = 1000, 100 * 366 * 86_400_000
VALUE_TABLE, STATISTIC_TABLE = "core_value", "core_valuestatistics"
TABLES: Mapping[str, str] = {
    VALUE_TABLE: VALUES,
    **{f"{VALUE_TABLE}_{level.name}": level.name for level in ROLLUPS},
    STATISTIC_TABLE: STATISTICS,
}
"""What ``hypertable`` may name: the kind of data of each."""
NAMES = {kind: table for table, kind in TABLES.items()}


@dataclass(frozen=True, slots=True)
class Policy:
    """One limit.

    Attributes:
        hypertable: a name of ``TABLES``.
        stream: whose it is; None for all streams.
        drop_after_ms: how old data becomes.
    """

    hypertable: str
    stream: int | None
    drop_after_ms: int


def kind_of(hypertable: Any) -> str:
    """The kind of data that a table's name stands for. Raises Invalid."""
    kind = TABLES.get(hypertable) if isinstance(hypertable, str) else None
    if kind is None:
        raise Invalid("no such hypertable", path="hypertable", allowed=list(TABLES))
    return kind


def limit_ms(given: Mapping[str, Any]) -> int | None:
    """The limit of ``drop_after_seconds``, ``_hours`` or ``_days``; None where it is not
    positive: then the policy is to be removed.

    Raises:
        Invalid: none of them or several, no finite number, under a second, over a century.
    """
    names = [name for name in UNITS_MS if given.get(name) is not None]
    if len(names) != 1:
        raise Invalid("one of the three says after how long data goes", allowed=list(UNITS_MS))
    name, value = names[0], given[names[0]]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or (isinstance(value, float) and not math.isfinite(value)):
        raise Invalid("a limit is a number", path=name)
    if value <= 0:
        return None
    if not LEAST_MS <= value * UNITS_MS[name] <= MOST_MS:
        raise Invalid("a limit is a second at least and a hundred years at most", path=name)
    limit: int = round(value * UNITS_MS[name])
    return limit


class Rules:
    def __init__(self, policies: Policies, audit: Audit) -> None:
        self._policies = policies
        self._audit = audit

    def policies(self, stream: Stream | None = None) -> list[Policy]:
        """The policies for all streams, or one stream's own; in the order of ``TABLES``."""
        of = None if stream is None else stream.id
        number = of or EVERY_STREAM
        own = self._policies.of([number])[number]
        return [Policy(NAMES[kind], of, own[kind]) for kind in KINDS if kind in own]

    def put(
        self, hypertable: str, limit: int | None, stream: Stream | None = None
    ) -> Policy | None:
        """Make, change or (None) remove a policy for all streams or for one.

        It is the next run of the worker that removes what is too old; what is gone does not come
        back with a longer limit.

        Args:
            limit: in ms, as ``limit_ms`` gives it.

        Returns:
            The policy as it is now; None where there is none any more.

        Raises:
            Invalid: no such hypertable.
        """
        kind, of = kind_of(hypertable), None if stream is None else stream.id
        number = of or EVERY_STREAM
        if limit is None:
            self._policies.remove(number, kind)
        else:
            self._policies.put(number, kind, limit)
        self._audit.note("retention.put", hypertable=hypertable, stream=number, drop_after_ms=limit)
        return None if limit is None else Policy(hypertable, of, limit)


def effective(every: Limits, own: Limits) -> Limits:
    """The limits of one stream: its own before those of all.

    A level is kept as long as the finer ones and the raw values at least, for the coarser buckets
    are made of the finer ones whenever a late value comes.
    """
    asked = {**every, **own}
    found: Limits = {STATISTICS: asked[STATISTICS]} if STATISTICS in asked else {}
    longest = 0
    for kind in (VALUES, *(level.name for level in ROLLUPS)):
        if kind not in asked:
            break
        longest = found[kind] = max(longest, asked[kind])
    return found


def floors(limits: Limits, lengths: Lengths, now_ms: int) -> Limits:
    """From which moment on (ms) each kind of data is kept.

    That of raw values cuts no bucket of ten seconds and no window of statistics, that of a level
    no bucket of the next coarser level: so whatever is computed anew has all that it is made of.
    Statistics go by whole minutes.
    """
    found: Limits = {}
    if STATISTICS in limits:
        found[STATISTICS] = (now_ms - limits[STATISTICS]) // DEFAULT_MS * DEFAULT_MS
    below = AFTER_ALL
    for index, level in enumerate(LEVELS):
        kind = VALUES if index == 0 else level.name
        if kind not in limits:
            break
        coarser = LEVELS[min(index + 1, len(LEVELS) - 1)].width_ms
        width = grain(lengths, coarser) if kind == VALUES else coarser
        below = min(below, now_ms - limits[kind])
        below -= below % width
        found[kind] = below
    return found
