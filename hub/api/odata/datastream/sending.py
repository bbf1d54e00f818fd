"""Answers of the DataStream API: pages, numbers and streams, as JSON or CSV; never packed."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response

from hub.api.context import services
from hub.api.formats import dumps
from hub.errors import HubError
from hub.services.odata.counting import Counted
from hub.services.odata.datastream import Everything, Page
from hub.services.rows import Rows
from hub.values import Document

log = logging.getLogger(__name__)

JSON = "application/json"
CSV = "text/csv; charset=utf-8"
COUNT = "Hub-Count"


def as_json(page: Page, link: str | None) -> Response:
    """A page in its envelope; the link to the next one stands in it and in the header.

    Raises:
        TooLarge: as ``_page`` says.
    """
    body: Document = {"value": page.rows}
    if link is not None:
        body["@odata.nextLink"] = link
    return _page(dumps(body), JSON, link)


def as_csv(page: Page, link: str | None) -> Response:
    """A page as lines; the link to the next one stands in the header. Raises as above."""
    return _page(_lines([page.names]) + _lines(_cells(page.rows)), CSV, link)


def as_stream(everything: Everything) -> Response:
    """All rows as lines, written while they are read."""
    return Response(_Body(everything), content_type=CSV)


def as_number(counted: Counted) -> Response:
    """Only the number. The body has no room to say that it is an estimate; a header does."""
    response = Response(dumps({"value": counted.value}), content_type=JSON)
    estimated = counted.parts is not None
    response.headers[COUNT] = f"estimate; share={counted.parts:.3f}" if estimated else "exact"
    return response


def _page(body: bytes, content_type: str, link: str | None) -> Response:
    """A whole page.

    Raises:
        TooLarge: it is over the size that the settings allow.
    """
    reading = services().datastream
    if len(body) > reading.page_bytes_max:
        raise reading.too_large()
    response = Response(body, content_type=content_type)
    if link is not None:
        response.headers["Link"] = f'<{link}>; rel="next"'
    return response


def _cells(rows: Iterable[Document]) -> Iterator[list[Any]]:
    for row in rows:
        yield [dumps(cell).decode() if type(cell) is list else cell for cell in row.values()]


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode("utf-8")


class _Body:
    """A streamed body. Whatever stops it early breaks the connection: no well-formed end."""

    def __init__(self, everything: Everything) -> None:
        self._names = everything.names
        self._rows: Rows = everything.rows

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield _lines([self._names])
            for batch in self._rows:
                yield _lines(_cells(batch.rows))
        except HubError as exc:
            log.warning("an answer broke off: %s %s", exc.code, exc.message)
            raise

    def close(self) -> None:
        self._rows.close()
