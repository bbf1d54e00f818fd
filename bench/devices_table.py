"""What a round of polling says, and all rounds side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SHARE_LEAST = 0.99
MISSED_MOST = 0.005
AGE_MOST_MS = 10_000.0
Span = tuple[float, float]


def percentile(found: Sequence[float], share: float) -> float:
    """Zero of nothing."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One length of polling. Spans are p50 and p99.

    Attributes:
        load: that of the machine when it began, of the last minute.
        due: values a second.
        share: of the values due, those in the store.
        gaps: where values of a device are more than one and a half intervals apart.
        polls, missed: as the devices' states count them; ``missed_beside`` while there were reads
            beside, ``down`` the devices that were at the end.
        lag_ms: from a tick to the answer.
        took_ms: from the first request of a poll to the last answer.
        age_ms: of the newest stored value of a data stream, at any time.
        direct_ms: a direct read over HTTP while all is polled.
        cpu: of one core.
    """

    name: str
    seconds: float
    load: float
    due: int
    share: float
    gaps: int
    polls: int
    missed: int
    missed_beside: int
    down: int
    lag_ms: Span
    took_ms: Span
    age_ms: Span
    direct_ms: Span
    direct_failed: int
    cpu: Mapping[str, float]
    rss_mb: Mapping[str, float]
    grown_mb: Mapping[str, float]

    @property
    def broken(self) -> str:
        """Why it counts as too much; empty where it does not."""
        reasons = []
        if self.missed > MISSED_MOST * max(1, self.polls):
            reasons.append(f"{self.missed / max(1, self.polls):.1%} missed")
        if self.share < SHARE_LEAST:
            reasons.append(f"{self.share:.1%} stored")
        if self.age_ms[1] > AGE_MOST_MS:
            reasons.append(f"values {self.age_ms[1] / 1000:.0f} s old")
        if self.down:
            reasons.append(f"{self.down} down")
        return ", ".join(reasons) and f"{', '.join(reasons)} ({self._busiest})"

    @property
    def _busiest(self) -> str:
        part, share = max((self.cpu[part], part) for part in self.cpu if part != "all")[::-1]
        return f"{part} at {share:.0%}"

    def told(self) -> dict[str, Any]:
        return asdict(self) | {"broken": self.broken}


def _span(span: Span) -> str:
    return f"{span[0]:,.0f} / {span[1]:,.0f}"


ROWS: tuple[tuple[str, Callable[[Round], str]], ...] = (
    ("values due a second", lambda r: f"{r.due:,}"),
    ("stored", lambda r: f"{r.share:.2%}"),
    ("polls in s", lambda r: f"{r.polls:,} in {r.seconds:.0f}"),
    ("missed", lambda r: f"{r.missed:,}"),
    ("missed beside direct reads", lambda r: f"{r.missed_beside:,}"),
    ("more than 1.5 s between values", lambda r: f"{r.gaps:,}"),
    ("tick to answer, p50 / p99, ms", lambda r: _span(r.lag_ms)),
    ("a poll, p50 / p99, ms", lambda r: _span(r.took_ms)),
    ("newest stored value, age p50 / p99, ms", lambda r: _span(r.age_ms)),
    ("direct read, p50 / p99, ms", lambda r: _span(r.direct_ms)),
    ("direct reads failed", lambda r: f"{r.direct_failed:,}"),
)


def table(rounds: Sequence[Round]) -> str:
    """The rounds as columns."""
    if not rounds:
        return "no round came to its end"
    rows = [("devices x tags, at 1 s", *(each.name for each in rounds))]
    rows += [(what, *map(tell, rounds)) for what, tell in ROWS]
    for part in rounds[0].cpu:
        rows.append((f"CPU, {part}", *(f"{100 * each.cpu[part]:.0f} %" for each in rounds)))
    for part in rounds[0].rss_mb:
        cells = (f"{each.rss_mb[part]:.0f} ({each.grown_mb[part]:+.0f})" for each in rounds)
        rows.append((f"memory (grown), {part}, MiB", *cells))
    rows.append(("load before", *(f"{each.load:.1f}" for each in rounds)))
    rows.append(("too much", *(each.broken or "no" for each in rounds)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
