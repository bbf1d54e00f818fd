"""The web server's threads, told to answer in the hub's shape also what they cannot read.

A request that breaks HTTP itself never reaches the application; gunicorn would answer it in HTML.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

log = logging.getLogger(__name__)

UNREAD: dict[type[BaseException], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
    errors.ParseException: HTTPStatus.BAD_REQUEST,
}


class Threads(ThreadWorker):
    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read, and let the connection be closed."""
        status = next((UNREAD[kind] for kind in type(exc).__mro__ if kind in UNREAD), None)
        if status is None or req is not None:
            super().handle_error(req, client, addr, exc)
            return
        log.warning("a request that cannot be read, from %s: %s", addr[0] if addr else "?", exc)
        try:
            write_nonblock(client, unread(status, str(exc)))
        except OSError:
            log.debug("nobody was there to be told")


def unread(status: HTTPStatus, message: str) -> bytes:
    """The whole answer to a request that could not be read; the connection ends with it."""
    told = {"code": status.name.lower(), "message": message, "detail": {}}
    body = orjson.dumps({"error": told})
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
