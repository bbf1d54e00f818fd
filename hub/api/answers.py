"""Rows over HTTP: which format, which headers, and a stream that never ends short in silence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from flask import Request, Response

from hub.api.columns import laid_out
from hub.api.formats import FORMATS, Columns, Format, dumps
from hub.errors import BadParameter, HubError, NotAcceptable
from hub.services.queries import Answer

log = logging.getLogger(__name__)

ALIASES = {
    "application/ndjson": "application/x-ndjson",
    "application/jsonl": "application/x-ndjson",
}


def format_of(request: Request) -> Format:
    """The format asked for: ``format`` in the query string, else ``Accept``, else JSON.

    Raises:
        BadParameter: an unknown ``format``.
        NotAcceptable: ``Accept`` takes none of ours.
    """
    name = request.args.get("format")
    if name is not None:
        found = next((f for f in FORMATS if f.name == name), None)
        if found is None:
            raise BadParameter(
                "unknown format", parameter="format", allowed=[f.name for f in FORMATS]
            )
        return found
    offered = [f.media_type for f in FORMATS] + list(ALIASES)
    best = request.accept_mimetypes.best_match(offered) if request.accept_mimetypes else None
    if request.accept_mimetypes and best is None:
        raise NotAcceptable("none of these formats is given", allowed=offered)
    chosen = ALIASES.get(best or "", best)
    return next((f for f in FORMATS if f.media_type == chosen), FORMATS[0])


def rows(request: Request, form: Format, ask: Callable[[], Answer]) -> Response:
    """The answer to a query as a stream.

    ``ask`` may be called again, where a format must know every field before the first row.
    """
    answer, columns = ask(), None
    if form.columns:
        laid = laid_out(answer, ask)
        answer, columns = laid.answer, laid.columns
    response = Response(_Body(answer, form, columns), content_type=form.media_type)
    if answer.next is not None:
        response.headers["Link"] = f'<{_next_url(request, answer.next)}>; rel="next"'
    return response


def one(value: object, status: int = 200) -> Response:
    """A single JSON value."""
    return Response(dumps(value), status, content_type="application/json")


def _next_url(request: Request, token: str) -> str:
    kept = [(k, v) for k, v in request.args.items(multi=True) if k not in ("after", "skip")]
    return f"{request.base_url}?{urlencode([*kept, ('after', token)])}"


class _Body:
    """A streamed body. Whatever stops it early breaks the connection: no well-formed end."""

    def __init__(self, answer: Answer, form: Format, columns: Columns | None) -> None:
        self._rows = answer.rows
        self._chunks = form.chunks(answer.rows, columns)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except HubError as exc:
            log.warning("an answer broke off: %s %s", exc.code, exc.message)
            raise

    def close(self) -> None:
        self._rows.close()
