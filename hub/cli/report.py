"""The file in which an import tells all that it finds, as CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from hub.services.observing.importing import Told

FIELDS = ("row", "column", "value", "rule", "severity", "message")
FORMULA = tuple("=+-@\t\r")


class Report:
    """Findings in the order of the rows; None for a path keeps none.

    Args:
        after: the last row that was told of before: what an earlier run wrote up to it stays,
            what it wrote beyond is written again.
    """

    def __init__(self, path: Path | None, *, after: int = 0) -> None:
        self._path = path
        self._file: IO[str] | None = None
        if path is not None:
            self._begin(path, list(_kept(path, after)) if after else [])

    @property
    def is_kept(self) -> bool:
        return self._path is not None

    def begin_again(self) -> None:
        """Forget what earlier runs wrote."""
        self.close()
        if self._path is not None:
            self._begin(self._path, [])

    def add(self, found: Iterable[Told]) -> None:
        """Write findings so that they outlive this process."""
        if self._file is None:
            return
        csv.writer(self._file).writerows(map(_harmless, map(cells, found)))
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, path: Path, rows: list[list[str]]) -> None:
        draft = path.with_name(path.name + ".part")
        self._file = draft.open("w", encoding="utf-8", newline="")
        csv.writer(self._file).writerows([FIELDS, *rows])
        self._file.flush()
        os.replace(draft, path)


def cells(told: Told) -> list[Any]:
    """A finding by ``FIELDS``."""
    finding = told.finding
    return [
        told.row, finding.column, finding.value, finding.rule, finding.severity, finding.message,
    ]  # fmt: skip


def _kept(path: Path, after: int) -> Iterator[list[str]]:
    """The rows of an earlier report up to a row of the imported file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="", errors="replace") as file:
        for row in csv.reader(file):
            if len(row) == len(FIELDS) and row[0].isdecimal() and int(row[0]) <= after:
                yield row


def _harmless(row: list[Any]) -> list[Any]:
    """A row that no spreadsheet takes for a formula."""
    return [f"'{c}" if isinstance(c, str) and c.startswith(FORMULA) else c for c in row]
