"""Rows of observations: brought into the stored form, or refused with every rule they break."""

from __future__ import annotations

from typing import Any

from hub.errors import BadObservation
from hub.ingest.read import Verdict
from hub.observations.check import check
from hub.observations.columns import COLUMNS
from hub.observations.findings import Finding
from hub.observations.typed import normalized

COLUMNS_MAX = 2 * len(COLUMNS)
"""A row of more columns is not looked at any further."""
NAME_CHARS_MAX = max(len(column.name) for column in COLUMNS)
FINDINGS_MAX = 50
SHOWN_CHARS_MAX = 300


def judged(verdict: Verdict) -> Verdict:
    """A document as it is stored, or why it is none; refusals stay what they are.

    Members that are null count as absent. Warnings refuse nothing.
    """
    if not isinstance(verdict, dict):
        return verdict
    if len(verdict) > COLUMNS_MAX:
        message = f"a row has at most {len(COLUMNS)} columns, and not {len(verdict)}"
        return refused([Finding(None, len(verdict), "columns", message)])
    if max(map(len, verdict), default=0) > NAME_CHARS_MAX:
        message = f"no column has a name of over {NAME_CHARS_MAX} characters"
        return refused([Finding(None, None, "unknown_column", message)])
    row = normalized(verdict)
    errors = [finding for finding in check(row) if finding.severity == "error"]
    return refused(errors) if errors else row


def refused(errors: list[Finding]) -> BadObservation:
    """The refusal of one row, with the first findings in full."""
    first = errors[0]
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    findings = [
        {
            "column": finding.column,
            "value": _shown(finding.value),
            "rule": finding.rule,
            "message": _shown(finding.message),
        }
        for finding in errors[:FINDINGS_MAX]
    ]
    return BadObservation(f"{_shown(first.message)}{more}", findings=findings, count=len(errors))


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else type(value).__name__
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"
