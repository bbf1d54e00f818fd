"""Whether a row obeys the schema: every value on its own, then the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from hub.observations.cells import judges
from hub.observations.columns import NAMES, REQUIRED
from hub.observations.findings import Finding
from hub.observations.rules import Engine, Rule, read

__all__ = ["RULES", "Finding", "check", "nearest"]

RULES: tuple[Rule, ...] = (
    *read("dependencies.json"),
    *read("rules.json"),
    *read("quality.json", "warning"),
)
"""The rules between columns, in the order of the files."""

_ENGINE = Engine(RULES)
_JUDGES = judges()
_BY_FOLDED = {name.casefold(): name for name in NAMES}


def check(row: Mapping[str, Any]) -> list[Finding]:
    """Everything that is wrong with one typed row, and what is doubtful; nothing for a good one.

    The row should have come through ``typed``. A value that breaks a rule on its own takes no
    part in the rules between columns beyond being there.
    """
    found: list[Finding] = []
    for name, value in row.items():
        judge = _JUDGES.get(name)
        finding = _unknown(name, value) if judge is None else judge(value)
        if finding is not None:
            found.append(finding)
    if not row.keys() >= REQUIRED:
        found += [_missing(name) for name in NAMES if name in REQUIRED and name not in row]
    if any(finding.rule == "type" for finding in found):
        row = _hashable(row)
    return found + _ENGINE.findings(row)


def nearest(name: str) -> str | None:
    """The column that was probably meant by an unknown name."""
    folded = name.strip().casefold()
    close = get_close_matches(folded, _BY_FOLDED, n=1, cutoff=0.75)
    return _BY_FOLDED[close[0]] if close else None


def _unknown(name: str, value: Any) -> Finding:
    meant = nearest(name)
    hint = f"; is {meant} meant?" if meant else ""
    return Finding(name, value, "unknown_column", f"there is no column {name!r}{hint}")


def _missing(name: str) -> Finding:
    return Finding(name, None, "required", f"{name} is required")


def _hashable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, (str, int, float)) else None for k, v in row.items()}
