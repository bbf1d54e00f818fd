"""Which cells are read together: pure.

A span is a run of cells that one request may read. Places near each other share one; a place
is never divided, so that a long value is never read in two pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.devices.places import Place, Space


@dataclass(frozen=True, slots=True)
class Need:
    """A place that is to be read, and the number of the point that wants it."""

    index: int
    place: Place


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of one space, ``start`` and ``size`` in cells, and whose they are."""

    space: Space
    start: int
    size: int
    needs: tuple[Need, ...]

    def cells(self, need: Need, data: bytes) -> bytes:
        """A need's part of what was read of the span."""
        unit = self.space.cell_bytes
        at = (need.place.start - self.start) * unit
        return data[at : at + need.place.size * unit]


def merged(needs: Iterable[Need]) -> list[Span]:
    """The fewest spans, within each space's limits, that hold all needs; in order of place.

    Needs must each be within their space's ``cells_max``. Unwanted cells lie only between
    wanted ones, never at an end, and never more than ``gap_max`` of them in a row.
    """
    spans: list[Span] = []
    run: list[Need] = []
    start = end = 0
    for need in sorted(needs, key=_order):
        place = need.place
        if run and _joins(run[0].place.space, start, end, place):
            run.append(need)
            end = max(end, place.start + place.size)
            continue
        if run:
            spans.append(Span(run[0].place.space, start, end - start, tuple(run)))
        run, start, end = [need], place.start, place.start + place.size
    if run:
        spans.append(Span(run[0].place.space, start, end - start, tuple(run)))
    return spans


def halves(span: Span) -> Iterator[Span]:
    """The span as two, each with half of its needs and no cell more; for two needs or more."""
    middle = len(span.needs) // 2
    for part in (span.needs[:middle], span.needs[middle:]):
        yield from merged(part)


def _order(need: Need) -> tuple[str, int, int]:
    return need.place.space.name, need.place.start, need.place.size


def _joins(space: Space, start: int, end: int, place: Place) -> bool:
    return (
        place.space == space
        and place.start - end <= space.gap_max
        and max(end, place.start + place.size) - start <= space.cells_max
    )
