"""The columns of a CSV answer: named by the client, or found by reading the rows beforehand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import bson

from hub.api.formats import Columns, leaves
from hub.errors import TooLarge
from hub.services.queries import Answer
from hub.services.rows import Rows
from hub.values import BSON_CODEC, Batch

COLUMNS_MAX = 1_000
IN_MEMORY_BYTES = 8 * 1024 * 1024
ROWS_A_BATCH = 500


@dataclass(frozen=True, slots=True)
class Laid:
    """An answer that is still to be written, and its columns."""

    answer: Answer
    columns: Columns


def laid_out(answer: Answer, ask_again: Callable[[], Answer]) -> Laid:
    """An answer with its columns, memory staying flat.

    A stream of stored documents is asked for twice: they do not change, and a new field that
    comes in meanwhile breaks the second one off. What may differ each time (a pipeline) or is
    bounded (a page) is asked for once and kept, on disk where it is large.

    Raises:
        TooLarge: more than ``COLUMNS_MAX`` columns.
    """
    if answer.fields is not None:
        return Laid(answer, Columns(answer.fields, named=True))
    if answer.repeatable:
        columns = _found(answer.rows)
        return Laid(ask_again(), columns)
    kept = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the rows
    columns = _found(_written(answer.rows, kept))
    kept.seek(0)
    rows = Rows(lambda: _read(kept), kept.close)
    return Laid(replace(answer, rows=rows), columns)


def _found(batches: Iterable[Batch]) -> Columns:
    names: dict[str, None] = {}
    for batch in batches:
        for row in batch.rows:
            names.update(dict.fromkeys(leaves(row)))
        if len(names) > COLUMNS_MAX:
            raise TooLarge(
                f"more than {COLUMNS_MAX} columns; name some with fields",
                limit="columns",
                max=COLUMNS_MAX,
            )
    return Columns(tuple(names), named=False)


def _written(
    batches: Iterable[Batch], file: tempfile.SpooledTemporaryFile[bytes]
) -> Iterator[Batch]:
    for batch in batches:
        for row in batch.rows:
            file.write(bson.encode(row))
        yield batch


def _read(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[Batch]:
    rows = []
    for row in bson.decode_file_iter(file, BSON_CODEC):
        rows.append(row)
        if len(rows) == ROWS_A_BATCH:
            yield Batch(rows)
            rows = []
    if rows:
        yield Batch(rows)
