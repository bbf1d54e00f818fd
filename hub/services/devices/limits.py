"""Bounds of polling; docs/settings.md lists them."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingLimits:
    """``flush_s`` is how often values that were polled are stored. ``backlog_bytes_max`` bounds
    what waits on disk while the database is away."""

    flush_s: float = 1.0
    backlog_bytes_max: int = 256 * MEGABYTE
