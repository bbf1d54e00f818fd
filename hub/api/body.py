"""The body of a request: its type checked, its size bounded, gzip undone."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Any

from flask import Request

from hub.api.context import context
from hub.errors import BadEncoding, BadQuery, SlowClient, TooLarge, UnsupportedMedia
from hub.ingest import text

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
CHUNK = 256 * 1024
DISCARDED_BYTES_MAX = 128 * 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS


def media_type(request: Request, allowed: Collection[str]) -> str:
    """The body's media type, JSON where none is stated.

    Raises:
        UnsupportedMedia: another type, or a character set that is not UTF-8.
    """
    if request.content_type == JSON and JSON in allowed:
        return JSON
    stated = request.mimetype or JSON
    charset = request.mimetype_params.get("charset", "utf-8")
    if stated not in allowed or charset.lower().replace("-", "") != "utf8":
        raise UnsupportedMedia(
            f"the body's type is {request.content_type}", allowed=sorted(allowed)
        )
    return stated


def read(request: Request, sent_max: int | None = None) -> bytes:
    """The whole body, unpacked if it came packed.

    Raises:
        TooLarge: over a limit, as sent or unpacked; ``detail`` names it.
        BadEncoding: broken gzip.
        UnsupportedMedia: a content encoding other than gzip.
        SlowClient: the client fell silent.
    """
    limits = context().bodies
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMedia(f"the body's encoding is {encoding}", allowed=["gzip"])
    try:
        sent = _bounded(request, sent_max or limits.sent_max)
    except TimeoutError as exc:
        raise SlowClient("the body did not arrive in time") from exc
    if encoding == "identity":
        return sent
    return _unpacked(sent, sent_max or limits.inflated_max)


def _bounded(request: Request, size_max: int) -> bytes:
    length = request.content_length
    if length is None:
        body = _chunks(request, size_max + 1)
    elif length > size_max:
        _let_it_finish(request, length)
        raise _too_large("body_bytes", size_max)
    else:
        body = request.environ["wsgi.input"].read(length)
        if len(body) < length:
            raise BadEncoding("the body ends too early", expected=length, got=len(body))
    if len(body) > size_max:
        raise _too_large("body_bytes", size_max)
    return body


def _chunks(request: Request, size: int) -> bytes:
    """A body of unknown length. What is raised for a malformed one is the web server's own."""
    try:
        return request.stream.read(size)
    except TimeoutError:
        raise
    except Exception as exc:
        raise BadEncoding("the body's chunks cannot be read") from exc


def _let_it_finish(request: Request, length: int) -> None:
    """Throw a refused body away, up to a bound: a sender still sending would not see the answer."""
    left = min(length, DISCARDED_BYTES_MAX)
    while left > 0 and (part := request.environ["wsgi.input"].read(min(left, CHUNK))):
        left -= len(part)


def _unpacked(packed: bytes, size_max: int) -> bytes:
    """Undo gzip (also of several members), never holding more than ``size_max`` of it."""
    parts: list[bytes] = []
    size = 0
    while packed:
        stream = zlib.decompressobj(GZIP)
        while not stream.eof:
            try:
                part = stream.decompress(packed, CHUNK)
            except zlib.error as exc:
                raise BadEncoding("the gzip body is broken") from exc
            packed = stream.unconsumed_tail
            size += len(part)
            if size > size_max:
                raise _too_large("body_inflated_bytes", size_max)
            if not part and not packed and not stream.eof:
                raise BadEncoding("the gzip body ends too early")
            parts.append(part)
        packed = stream.unused_data
    return b"".join(parts)


def _too_large(limit: str, size_max: int) -> TooLarge:
    return TooLarge(f"the body is over {size_max} bytes", limit=limit, max=size_max)


def query(request: Request, *, empty: Any) -> Any:
    """The JSON value of a query's body; ``empty`` where there is no body.

    Raises:
        NotJson: not one JSON text.
        BadQuery: an object in it holds one name twice.
        UnsupportedMedia, TooLarge, BadEncoding: as ``read`` and ``media_type`` say.
    """
    body = read(request, context().bodies.query_max)
    if not body.strip():
        return empty
    media_type(request, (JSON,))
    return parsed(body)


def parsed(content: bytes) -> Any:
    """A JSON value in which no object has a name twice. Raises NotJson, BadQuery."""
    try:
        value = text.fast(content)
    except ValueError:
        return _sound(text.exact(content))
    return _sound(text.exact(content)) if text.is_doubtful(content, value) else value


def _sound(value: Any) -> Any:
    """The value, read exactly, if no object in it has a name twice."""
    stack = [("$", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, text.RepeatedName):
            raise BadQuery("a name stands twice in one object", path=f"{path}.{item.name}")
        if isinstance(item, dict):
            stack.extend((f"{path}.{name}", inner) for name, inner in item.items())
        elif isinstance(item, list):
            stack.extend((f"{path}[{index}]", inner) for index, inner in enumerate(item))
    return value
