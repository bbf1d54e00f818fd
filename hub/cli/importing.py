"""``hub import``: files of rows into datasets, checked, resumable, each row stored once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import click

from hub.cli.report import FIELDS, Report, cells
from hub.cli.session import json_option, put_out, session, table
from hub.errors import Invalid
from hub.services.observing.importing import Importing, Step, Taking, Tally, Told, digests

SHOWN_MAX = 20
"""Findings on the screen."""
SHOWN_CHARS_MAX = 120


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What there is to tell of a file in the end, and the first findings of this run."""

    tally: Tally
    note: str
    first: list[Told]


@click.group("import")
def import_() -> None:
    """Take files into datasets."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dataset", required=True, help="UUID of a dataset of observations.")
@click.option("--all-or-nothing", is_flag=True, help="Store nothing if a row has an error.")
@click.option("--resume", is_flag=True, help="Only go on with what was begun.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write every finding to this CSV file.",
)
@json_option
def observations(  # noqa: PLR0913 - an option each
    *,
    file: Path,
    dataset: str,
    all_or_nothing: bool,
    resume: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Import a CSV file of observations.

    Rows with an error are left out, and told. The same command goes on where an import was
    broken off, and stores no row of the file twice.
    """
    with session() as services, file.open("rb") as stream:
        size = file.stat().st_size
        taking = services.importing.taking(dataset, f"csv {_digest(stream, size)}")
        if resume and not taking.at.begun:
            raise Invalid("of this file nothing was imported yet", dataset=dataset)
        work = _Work(services.importing, stream, size)
        with closing(Report(report, after=taking.at.row)) as told:
            outcome = work.done(taking, told, all_or_nothing=all_or_nothing)
    _tell(outcome, as_json=as_json)
    if outcome.tally.errors:
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class _Work:
    importing: Importing
    stream: BinaryIO
    size: int

    def done(self, taking: Taking, report: Report, *, all_or_nothing: bool) -> _Outcome:
        """Import what is left of the file."""
        before = Tally.of(taking.at.facts)
        if taking.at.finished:
            return self._again(before, report)
        if not all_or_nothing:
            return self._run(taking, before, report)
        report.begin_again()
        first, checked = self._checked(report)
        if checked.errors:
            more = " more" if before.stored else ""
            checked.stored = before.stored
            return _Outcome(checked, f"Nothing{more} was stored.", first)
        outcome = self._run(taking, before, Report(None))
        return _Outcome(outcome.tally, outcome.note, first)

    def _again(self, before: Tally, report: Report) -> _Outcome:
        """Tell again what was found in a file that was imported before."""
        first: list[Told] = []
        if report.is_kept:
            report.begin_again()
            first, _ = self._checked(report)
        return _Outcome(before, "This file was imported before; nothing was stored.", first)

    def _checked(self, report: Report) -> tuple[list[Told], Tally]:
        tally = Tally()
        return self._told(self.importing.check(self.stream, tally), "checking", report), tally

    def _run(self, taking: Taking, tally: Tally, report: Report) -> _Outcome:
        at = taking.at
        steps = self.importing.run(taking, self.stream, tally)
        first = self._told(steps, "importing", report, start=at.offset)
        if tally.errors and not tally.rows:
            return _Outcome(tally, "The header is wrong; nothing was stored.", first)
        went_on = f" This run went on after row {at.row}." if at.row else ""
        return _Outcome(tally, f"Stored {tally.stored} of {tally.rows} rows.{went_on}", first)

    def _told(
        self, steps: Iterable[Step], label: str, report: Report, start: int = 0
    ) -> list[Told]:
        """Take the steps, report what they find, and show how far they are; the first findings."""
        first: list[Told] = []
        with _bar(label, self.size) as bar:
            bar.update(start)
            before = start
            for step in steps:
                report.add(step.found)
                first += step.found[: SHOWN_MAX - len(first)]
                bar.update(max(0, step.offset - before))
                before = max(before, step.offset)
            bar.update(self.size - before)
        return first


def _bar(label: str, size: int) -> Any:
    return click.progressbar(length=size, label=label, file=sys.stderr)


def _digest(stream: BinaryIO, size: int) -> str:
    found = ""
    with _bar("reading", size) as bar:
        for read, found in digests(stream):  # noqa: B007 - the last one counts
            bar.update(read)
    return found


def _tell(outcome: _Outcome, *, as_json: bool) -> None:
    tally = outcome.tally
    facts = {
        **tally.facts(),
        "note": outcome.note,
        "first": [dict(zip(FIELDS, cells(told), strict=True)) for told in outcome.first],
    }
    put_out(facts, as_json=as_json, text="\n\n".join(_paragraphs(outcome)))


def _paragraphs(outcome: _Outcome) -> Iterator[str]:
    rules = outcome.tally.facts()["rules"]
    if outcome.first:
        rows = [[_short(cell) for cell in cells(told)] for told in outcome.first]
        yield table([name.upper() for name in FIELDS], rows)
    if rules:
        yield table(("SEVERITY", "RULE", "COUNT"), [list(rule.values()) for rule in rules])
    yield outcome.note


def _short(cell: Any) -> Any:
    """A cell that stays on its line of the screen."""
    if not isinstance(cell, str):
        return cell
    line = cell if cell.isprintable() else ascii(cell)
    return line if len(line) <= SHOWN_CHARS_MAX else f"{line[: SHOWN_CHARS_MAX - 3]}..."
