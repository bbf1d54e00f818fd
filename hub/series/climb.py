"""Which buckets a change touches, level by level, and what they hold then.

A run is a stretch of one stream, aligned to buckets, with all its parts at one level. Going up
a level widens each run to whole buckets of it; what the runs do not cover is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.series import parts
from hub.series.levels import Level
from hub.series.parts import Parts

Gap = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Every part with ``lo <= at < hi``. ``pruned``: something there may have gone."""

    lo: int
    hi: int
    parts: Parts
    pruned: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run to be: whole buckets, the runs within, and the gaps between them."""

    lo: int
    hi: int
    runs: tuple[Run, ...]

    @property
    def gaps(self) -> list[Gap]:
        edges = [self.lo, *(edge for run in self.runs for edge in (run.lo, run.hi)), self.hi]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [(lo, hi) for lo, hi in pairs if lo < hi]

    def filled(self, found: Sequence[Parts], level: Level, *, cut: bool) -> Run:
        """The run at ``level``, from the runs and what was found in the gaps, in their order."""
        pieces = [*((run.lo, run.parts) for run in self.runs)]
        pieces += [(lo, piece) for (lo, _), piece in zip(self.gaps, found, strict=True)]
        pieces.sort(key=lambda piece: piece[0])
        child = parts.joined([piece for _, piece in pieces])
        pruned = any(run.pruned for run in self.runs)
        return Run(self.lo, self.hi, parts.merged(child, level, cut=cut), pruned)


def stretches(runs: Iterable[Run], level: Level) -> list[Stretch]:
    """The runs of one stream, ascending and apart, gathered into whole buckets of a level."""
    made: list[Stretch] = []
    for run in runs:
        lo, hi = level.floor(run.lo), level.ceil(run.hi)
        if made and lo <= made[-1].hi:
            last = made.pop()
            made.append(Stretch(last.lo, max(hi, last.hi), (*last.runs, run)))
        else:
            made.append(Stretch(lo, hi, (run,)))
    return made


def spans(touched: Iterable[tuple[int, int, bool]], level: Level) -> list[tuple[int, int, bool]]:
    """Stretches of changed times (both ends inclusive, ms), as whole buckets, joined where they
    meet; the flag (something went) is kept."""
    made: list[tuple[int, int, bool]] = []
    for first, last, gone in sorted(touched):
        lo, hi = level.floor(first), level.floor(last) + level.width_ms
        if made and lo <= made[-1][1]:
            before = made.pop()
            made.append((before[0], max(hi, before[1]), before[2] or gone))
        else:
            made.append((lo, hi, gone))
    return made


Lookup = Callable[[Level, Sequence[Gap]], Sequence[Parts]]


def cuts(child: Level, highest: Level) -> bool:
    """Whether parts of this level count with their mean time cut to the second: from the first
    downsampled level of a stream on."""
    return child.rank > highest.rank
