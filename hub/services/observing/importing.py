"""Rows of observations out of a source with an order: each stored once, whatever dies meanwhile.

A source is taken in batches. Before a batch is stored it is noted which one it is and which ids
its documents have; afterwards that it is done. Whoever goes on later stores the batch that was
under way with the same ids again, so a row that is there already stays alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from hub.errors import Invalid
from hub.ingest.stamp import Clock, stamped
from hub.observations.check import Finding
from hub.observations.csv_rows import Row, Table, read
from hub.observations.typed import from_texts
from hub.services.datasets import Datasets
from hub.services.observing.observing import Observing
from hub.store.observations.imports import Import, Imports, Pending
from hub.values import Document

BATCH = 2_000
"""Rows of the source that are stored together."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """What was found in a row of the file; 1 is the header, as spreadsheets count."""

    row: int
    finding: Finding


@dataclass(slots=True)
class Tally:
    """How many rows were stored and refused; ``rules`` counts findings by severity and rule."""

    stored: int = 0
    refused: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.stored + self.refused

    @property
    def errors(self) -> int:
        return sum(count for (severity, _), count in self.rules.items() if severity == "error")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Tally:
        """The tally that ``facts`` noted; an empty one for no facts."""
        rules = {(each["severity"], each["rule"]): each["count"] for each in facts.get("rules", ())}
        return cls(facts.get("stored", 0), facts.get("refused", 0), Counter(rules))

    def facts(self) -> Document:
        rules = [
            {"severity": severity, "rule": rule, "count": count}
            for (severity, rule), count in sorted(self.rules.items())
        ]
        return {"stored": self.stored, "refused": self.refused, "rules": rules}

    def count(self, batch: _Batch) -> None:
        self.stored += len(batch.good)
        self.refused += batch.size - len(batch.good)
        self.rules.update((told.finding.severity, told.finding.rule) for told in batch.found)


@dataclass(frozen=True, slots=True)
class Step:
    """Some rows further: the byte after them, and what was found in them."""

    offset: int
    found: list[Told]


@dataclass(slots=True)
class _Batch:
    """``row`` is the number of its last row, ``size`` how many rows it has, ``good`` or not."""

    row: int = 1
    offset: int = 0
    size: int = 0
    good: list[Document] = field(default_factory=list)
    found: list[Told] = field(default_factory=list)


class Taking:
    """One source on its way into one dataset; ``at`` is where it stands."""

    def __init__(self, into: Importing, dataset: str, at: Import) -> None:
        self._into = into
        self._dataset = dataset
        self.at = at

    def size(self, wanted: int) -> int:
        """How many rows the next batch has: as many as it was begun with, if it was."""
        return self.at.pending.size if self.at.pending else wanted

    def store(self, rows: Sequence[Document], size: int) -> None:
        """Store those of the next ``size`` rows that are good; they are typed and checked.

        Raises:
            NotFound: the dataset was deleted.
            Conflict: somebody else takes the same source.
            Unavailable: not confirmed; taking the source again goes on.
        """
        self._into.datasets.kind_of(self._dataset)
        if self.at.pending is None:
            pending = Pending(size, self._into.clock.arrival())
            self.at = self._into.imports.claim(self.at, pending)
        if rows and self.at.pending:
            documents = stamped(rows, self._dataset, self.at.pending.arrival)
            for failure in self._into.observing.insert_many(documents).values():
                raise failure

    def done(self, row: int, offset: int = 0, facts: Document | None = None) -> None:
        """Note that the batch is stored, up to a row and a byte. Raises Conflict."""
        self.at = self._into.imports.done(self.at, row=row, offset=offset, facts=facts or {})

    def finish(self) -> None:
        """Note that nothing is left of the source. Raises Conflict."""
        self.at = self._into.imports.finish(self.at)


class Importing:
    def __init__(self, datasets: Datasets, observing: Observing, imports: Imports) -> None:
        self.datasets = datasets
        self.observing = observing
        self.imports = imports
        self.clock = Clock()

    def taking(self, dataset: str, source: str) -> Taking:
        """Begin with a source, or go on where it was left.

        Raises:
            NotFound: there is no such dataset.
            Invalid: it is none of observations.
        """
        if self.datasets.get(dataset).kind != "observations":
            raise Invalid("the dataset is not one of observations", dataset=dataset)
        return Taking(self, dataset, self.imports.at(dataset, source))

    def check(self, file: BinaryIO, tally: Tally) -> Iterator[Step]:
        """Look at every row of a CSV file, and store none. A wrong header is the only step."""
        table = read(file)
        if table.findings:
            yield _wrong(table, tally)
        while batch := _batch(table.rows, BATCH):
            tally.count(batch)
            yield Step(batch.offset, batch.found)

    def run(self, taking: Taking, file: BinaryIO, tally: Tally) -> Iterator[Step]:
        """Store the good rows of a CSV file, from where it was left on, and count on.

        A step is noted as done when the next one is asked for. A wrong header is the only step.

        Raises:
            Conflict: somebody else imports the same file.
            Unavailable: not confirmed; running it again goes on.
        """
        table = read(file, row=max(1, taking.at.row), offset=taking.at.offset)
        if table.findings:
            yield _wrong(table, tally)
            return
        while batch := _batch(table.rows, taking.size(BATCH)):
            taking.store(batch.good, batch.size)
            tally.count(batch)
            yield Step(batch.offset, batch.found)
            taking.done(batch.row, batch.offset, tally.facts())
        if taking.at.row:
            taking.finish()


def digests(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """How many bytes of a file were read, and their digest; the last is the whole file's."""
    whole = hashlib.blake2b(digest_size=16)
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        whole.update(chunk)
        yield len(chunk), whole.hexdigest()


def _wrong(table: Table, tally: Tally) -> Step:
    """A step that tells of a wrong header."""
    found = [Told(1, finding) for finding in table.findings]
    tally.count(_Batch(found=found))
    return Step(0, found)


def _batch(rows: Iterator[Row], size: int) -> _Batch | None:
    batch = _Batch()
    for row in islice(rows, size):
        typed, found = ({}, row.findings) if row.findings else from_texts(row.cells)
        batch.size += 1
        batch.row, batch.offset = row.number, row.offset
        batch.found += [Told(row.number, finding) for finding in found]
        if not any(finding.severity == "error" for finding in found):
            batch.good.append(typed)
    return batch if batch.size else None
