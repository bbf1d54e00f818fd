"""Whether a row obeys the schema: every value on its own, then the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hub.observations.cells import judges
from hub.observations.columns import NAMES, REQUIRED
from hub.observations.findings import Finding
from hub.observations.rules import Engine, Rule, read

__all__ = ["NAME_SHOWN_MAX", "RULES", "Finding", "check", "nearest"]

RULES: tuple[Rule, ...] = (
    *read("dependencies.json"),
    *read("rules.json"),
    *read("quality.json", "warning"),
)
"""The rules between columns, in the order of the files."""

HINTS_MAX = 10
"""So many unknown columns of a row are told what was probably meant."""
NAME_SHOWN_MAX = 100

_ENGINE = Engine(RULES)
_JUDGES = judges()
_MEANT_LIKENESS_MIN = 0.7


def check(row: Mapping[str, Any]) -> list[Finding]:
    """Everything that is wrong with one typed row, and what is doubtful; nothing for a good one.

    The row should have come through ``typed``.
    """
    found: list[Finding] = []
    for name, value in row.items():
        judge = _JUDGES.get(name)
        finding = judge(value) if judge else _unknown(name, value, hint=len(found) < HINTS_MAX)
        if finding is not None:
            found.append(finding)
    if not row.keys() >= REQUIRED:
        found += [_missing(name) for name in NAMES if name in REQUIRED and name not in row]
    if any(finding.rule == "type" for finding in found):
        row = _hashable(row)
    return found + _ENGINE.findings(row)


def nearest(name: str) -> str | None:
    """The column that was probably meant by an unknown name.

    Names are compared by the pairs of letters they share, which takes tens of
    microseconds for any name: a client may send a great many unknown ones.
    """
    return _nearest(name[:NAME_SHOWN_MAX])


@lru_cache(maxsize=1024)
def _nearest(name: str) -> str | None:
    pairs = _pairs(name)
    alike = {column: _likeness(pairs, own) for column, own in _PAIRS.items()}
    best = max(alike, key=alike.__getitem__)
    return best if alike[best] >= _MEANT_LIKENESS_MIN else None


def _pairs(name: str) -> frozenset[str]:
    folded = "".join(filter(str.isalnum, name)).casefold()
    return frozenset(map("".join, pairwise(folded)))


def _likeness(some: frozenset[str], others: frozenset[str]) -> float:
    return 2 * len(some & others) / (len(some) + len(others))


_PAIRS = {name: _pairs(name) for name in NAMES}


def _unknown(name: str, value: Any, *, hint: bool) -> Finding:
    meant = nearest(name) if hint else None
    question = f"; is {meant} meant?" if meant else ""
    return Finding(
        name, value, "unknown_column", f"there is no column {name[:NAME_SHOWN_MAX]!r}{question}"
    )


def _missing(name: str) -> Finding:
    return Finding(name, None, "required", f"{name} is required")


def _hashable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, (str, int, float)) else None for k, v in row.items()}
