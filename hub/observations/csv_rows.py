"""CSV files of observations, row by row in flat memory.

Every row tells the byte at which the next one begins, so an import can go on there. The text is
UTF-8 with commas; a byte order mark, CRLF and line breaks inside quotes are fine.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from hub.observations.check import NAME_SHOWN_MAX, Finding, nearest
from hub.observations.columns import BY_NAME, NAMES, REQUIRED

LINE_BYTES_MAX = 1 << 20
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells by column, blank ones too.

    ``number`` is as a spreadsheet shows it: the header is 1, and blank rows count. ``offset`` is
    the byte after the row. With ``findings`` the cells are not to be used.
    """

    number: int
    cells: dict[str, str]
    offset: int
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """The columns as the header has them, what is wrong with them, and the rows, to be read once.

    There are no rows where the header is wrong.
    """

    header: tuple[str, ...]
    findings: list[Finding]
    rows: Iterator[Row]


class _Lines:
    """The lines of a stream as text, as many as are asked for. ``offset`` is where it stands."""

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self._stream = stream
        self.offset = offset
        self.is_utf8 = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LINE_BYTES_MAX + 1)
        if not line:
            raise StopIteration
        if len(line) > LINE_BYTES_MAX:
            raise csv.Error(f"a line of more than {LINE_BYTES_MAX} bytes")
        if self.offset == 0:
            line, self.offset = line.removeprefix(BOM), len(BOM) * line.startswith(BOM)
        self.offset += len(line)
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            self.is_utf8 = False
            return line.decode("utf-8", "backslashreplace")


def read(stream: BinaryIO, *, row: int = 1, offset: int = 0) -> Table:
    """Read a file, which stands at any position, from its header on.

    Args:
        stream: seekable; to be left alone until the rows are read.
        row: the number of the last row that is done with; 1 is the header.
        offset: the byte after that row; 0 is the start of the file.
    """
    stream.seek(0)
    lines = _Lines(stream, 0)
    header, findings = _header(lines)
    if findings:
        return Table(header, findings, iter(()))
    if offset:
        stream.seek(offset)
        lines = _Lines(stream, offset)
    return Table(header, [], _rows(lines, header, row))


def _header(lines: _Lines) -> tuple[tuple[str, ...], list[Finding]]:
    try:
        names = tuple(name.strip() for name in next(csv.reader(lines, strict=True), []))
    except csv.Error as exc:
        return (), [_malformed(exc)]
    if not lines.is_utf8:
        return names, [_not_utf8()]
    if not any(names):
        return names, [Finding(None, None, "no_header", "the file does not begin with a header")]
    if len(names) == 1 and any(separator in names[0] for separator in ";\t"):
        message = "the columns are to be separated by commas"
        return names, [Finding(None, names[0], "separator", message)]
    return names, _faults(names)


def _faults(names: Sequence[str]) -> list[Finding]:
    found = [_unknown(place, name) for place, name in enumerate(names, 1) if name not in BY_NAME]
    repeated = [name for name in BY_NAME if names.count(name) > 1]
    missing = [name for name in NAMES if name in REQUIRED and name not in names]
    found += [
        Finding(name, None, "repeated_column", f"the column {name} stands more than once")
        for name in repeated
    ]
    found += [
        Finding(name, None, "missing_column", f"the column {name} is required") for name in missing
    ]
    return found


def _unknown(place: int, name: str) -> Finding:
    if not name:
        return Finding(None, name, "unknown_column", f"column {place} has no name")
    meant = nearest(name)
    hint = f"; is {meant} meant?" if meant else ""
    return Finding(
        name, name, "unknown_column", f"there is no column {name[:NAME_SHOWN_MAX]!r}{hint}"
    )


def _rows(lines: _Lines, header: tuple[str, ...], number: int) -> Iterator[Row]:
    """The rows that are not blank. One that is no CSV is the last: what follows is in doubt."""
    reader = csv.reader(lines, strict=True)
    while True:
        number += 1
        lines.is_utf8 = True
        try:
            cells = next(reader, None)
        except csv.Error as exc:
            yield Row(number, {}, lines.offset, [_malformed(exc)])
            return
        if cells is None:
            return
        if any(cells):
            yield Row(number, *_cells(cells, header, lines))


def _cells(
    cells: list[str], header: tuple[str, ...], lines: _Lines
) -> tuple[dict[str, str], int, list[Finding]]:
    found = [] if lines.is_utf8 else [_not_utf8()]
    if len(cells) != len(header):
        message = f"the row has {len(cells)} cells, the header {len(header)}"
        found.append(Finding(None, None, "cells", message))
    return dict(zip(header, cells, strict=False)), lines.offset, found


def _not_utf8() -> Finding:
    return Finding(None, None, "encoding", "the text is not UTF-8")


def _malformed(fault: csv.Error) -> Finding:
    told = "a line ends in CR alone" if "new-line character" in str(fault) else fault
    return Finding(None, None, "malformed", f"no CSV from here on: {told}")
