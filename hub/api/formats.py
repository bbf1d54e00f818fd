"""Rows as bytes: JSON, NDJSON or CSV, in chunks, and what an awkward value looks like."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from bson import Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS

from hub.errors import Conflict
from hub.values import Batch, Document

OPTIONS = orjson.OPT_UTC_Z
LINE = OPTIONS | orjson.OPT_APPEND_NEWLINE


def plain(value: Any) -> Any:
    """A value that JSON has no form for.

    Ids are 24 hex digits; decimals are strings, so that no digit is lost; a date outside the
    calendar's years is milliseconds since 1970.
    """
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, Decimal128):
        return str(value)
    if isinstance(value, DatetimeMS):
        return int(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8; dates in ISO-8601 with ``Z``."""
    return orjson.dumps(value, plain, OPTIONS)


def json_chunks(batches: Iterable[Batch], _columns: Columns | None) -> Iterator[bytes]:
    """One JSON array; it is closed only after the last row."""
    before = b"["
    for batch in batches:
        if batch.rows:
            yield before + dumps(batch.rows)[1:-1]
            before = b","
    yield b"]" if before == b"," else b"[]"


def ndjson_chunks(batches: Iterable[Batch], _columns: Columns | None) -> Iterator[bytes]:
    """One JSON object a line."""
    for batch in batches:
        yield b"".join([orjson.dumps(row, plain, LINE) for row in batch.rows])


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a CSV answer; ``named`` by the client, else found in the rows."""

    names: tuple[str, ...]
    named: bool


def csv_chunks(batches: Iterable[Batch], columns: Columns | None) -> Iterator[bytes]:
    """RFC 4180 with a header line; nested fields are columns with a dot in their name.

    Raises:
        Conflict: a row has a field that was not found before; it came in meanwhile.
    """
    names = columns.names if columns else ()
    cells = _named_cells if columns and columns.named else _found_cells
    if names:
        yield _csv_lines([names])
    for batch in batches:
        yield _csv_lines(cells(row, names) for row in batch.rows)


def _csv_lines(lines: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode("utf-8")


def _found_cells(row: Document, names: tuple[str, ...]) -> list[Any]:
    flat = leaves(row)
    cells = [_cell(flat.pop(name, None)) for name in names]
    if flat:
        raise Conflict("a row with other fields came in meanwhile", field=next(iter(flat)))
    return cells


def _named_cells(row: Document, names: tuple[str, ...]) -> list[Any]:
    return [_cell(_at(row, name.split("."))) for name in names]


def _at(value: Any, steps: list[str]) -> Any:
    """What stands at a path; for a list on the way, the list of what stands there in each."""
    for depth, step in enumerate(steps):
        if isinstance(value, list):
            return [_at(item, steps[depth:]) for item in value]
        value = value.get(step) if isinstance(value, dict) else None
    return value


def leaves(row: Document) -> Document:
    """Every field that is not itself an object with fields, by its dotted name."""
    flat: Document = {}
    for name, value in row.items():
        if type(value) is dict and value:
            for inner, leaf in leaves(value).items():
                flat[f"{name}.{inner}"] = leaf
        else:
            flat[name] = value
    return flat


def _cell(value: Any) -> Any:
    """Text and numbers as they are; nothing for null and what is no number; JSON for the rest."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, ObjectId, Decimal128)):
        return dumps(value).decode().strip('"')
    return dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Format:
    """``chunks`` writes batches; ``columns`` says that it must know every field beforehand."""

    name: str
    media_type: str
    chunks: Callable[[Iterable[Batch], Columns | None], Iterator[bytes]]
    columns: bool = False


FORMATS = (
    Format("json", "application/json", json_chunks),
    Format("ndjson", "application/x-ndjson", ndjson_chunks),
    Format("csv", "text/csv", csv_chunks, columns=True),
)
