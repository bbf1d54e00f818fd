"""What a benchmark says: figures of both sides, their ratio, and whether the target is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("what", "hub", "floor", "ratio (min-max)", "target", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison: a figure of each round, floor and hub taken in turns.

    ``at_most`` turns the target round, for times; without a target the line is for information.
    """

    what: str
    unit: str
    hub: Sequence[float]
    floor: Sequence[float]
    target: float | None = None
    at_most: bool = False

    @property
    def ratios(self) -> list[float]:
        return [hub / floor for hub, floor in zip(self.hub, self.floor, strict=True)]

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        ratio = median(self.ratios)
        return ratio <= self.target if self.at_most else ratio >= self.target

    def cells(self) -> tuple[str, ...]:
        ratios = self.ratios
        sign = "<=" if self.at_most else ">="
        return (
            self.what,
            f"{_figure(median(self.hub))} {self.unit}",
            f"{_figure(median(self.floor))} {self.unit}",
            f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
            "" if self.target is None else f"{sign} {self.target:.2f}",
            {None: "", True: "yes", False: "NO"}[self.met],
        )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(lines: Sequence[Line]) -> None:
    """Print the table; ratios are medians over the rounds of one run."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def in_turns(rounds: int, floor: Callable[[], float], hub: Callable[[], float]) -> list[tuple]:
    """(floor, hub) of each round; who goes first changes, so that neither has the warmer seat."""
    found = []
    for number in range(rounds):
        if number % 2:
            last = hub()
            found.append((floor(), last))
        else:
            found.append((floor(), hub()))
    return found
