"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. A row with an error is not stored; a warning is only told.

    ``column`` is None where the whole row or file is meant, ``value`` what stood there (None
    where nothing did), ``rule`` a stable id, ``message`` a sentence for a person.
    """

    column: str | None
    value: Any
    rule: str
    message: str
    severity: Severity = "error"
