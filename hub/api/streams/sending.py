"""An answer of the stream door as HTTP: its format, its caching, its packing."""

from __future__ import annotations

import gzip
import hashlib

from flask import Request, Response

from hub.api.streams.forms import JSONP, Form, Told

PACKED_FROM_BYTES = 1024
PACKING_LEVEL = 5
DEPENDS_ON = ("Accept", "Accept-Encoding", "Authorization", "X-API-Key")
AJAX = "XMLHttpRequest"


def answer(request: Request, form: Form, told: Told, *, lasting: bool = False) -> Response:
    """What is told, written in a format.

    ``lasting`` answers carry an ETag, and a client that has it already gets 304. A format of
    rows has no place for the link to the next page, so that stands in the header ``Link``.

    Raises:
        BadParameter: as the format says.
    """
    content = form.write(told, request.args)
    packed = len(content) > PACKED_FROM_BYTES and request.accept_encodings["gzip"] > 0
    response = Response(content, content_type=form.content_type)
    response.vary.update(DEPENDS_ON)
    if request.headers.get("X-Requested-With") == AJAX:
        response.headers["Cache-Control"] = "no-cache"
    if form is JSONP:
        response.headers["X-Content-Type-Options"] = "nosniff"
    if form.rows and told.body["meta"]["next"]:
        response.headers["Link"] = f'<{told.body["meta"]["next"]}>; rel="next"'
    if lasting:
        response.set_etag(_digest(content) + ("-gzip" if packed else ""))
        response.make_conditional(request)
    if packed and response.status_code == 200:
        response.set_data(gzip.compress(content, PACKING_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
