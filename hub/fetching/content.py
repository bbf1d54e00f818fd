"""The body of an answer: its type known, its size bounded before and after unpacking."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from http.client import HTTPException
from typing import Literal

from hub.errors import FetchFailed, FetchTimeout
from hub.fetching.wire import Response

Kind = Literal["html", "xml", "json", "text"]
KINDS: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/json": "json",
    "text/json": "json",
    "text/plain": "text",
    "text/csv": "text",
}
CHUNK = 16 * 1024
UNPACKED_CHUNK = 256 * 1024
"""So much is unpacked at once; each time what is still packed is copied."""
PARTS_MAX = 64
"""Packed parts one after another, where one is usual. Each costs a copy of what is still packed, so
very many empty ones would take a time that nothing bounds."""
WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, slots=True)
class Content:
    """``charset`` is what the answer's head says, if it does."""

    media_type: str
    kind: Kind
    charset: str | None
    body: bytes


def read(response: Response, bytes_max: int) -> Content:
    """The whole body of an answer whose head is read.

    Raises:
        FetchFailed: of a type or an encoding that is not taken, too large, or broken.
        FetchTimeout: it did not come in time.
    """
    media_type = response.headers.get_content_type() if response.headers["Content-Type"] else ""
    kind = kind_of(media_type)
    encoding = (response.headers["Content-Encoding"] or "identity").strip().lower()
    transfer = (response.headers["Transfer-Encoding"] or "chunked").strip().lower()
    if encoding not in ("identity", *WINDOWS) or transfer != "chunked":
        raise FetchFailed("the page is encoded in a way that is not taken", reason="encoding")
    if response.length is not None and response.length > bytes_max:
        raise too_large(bytes_max)
    try:
        sent = _bounded(response, bytes_max)
    except TimeoutError as exc:
        raise FetchTimeout("the page did not come in time") from exc
    except (OSError, HTTPException, ValueError) as exc:
        raise FetchFailed("the page breaks off", reason="answer") from exc
    body = sent if encoding == "identity" else unpacked(sent, encoding, bytes_max)
    return Content(media_type, kind, response.headers.get_content_charset(), body)


def kind_of(media_type: str) -> Kind:
    """Raises FetchFailed: a type of which nothing is read."""
    if found := KINDS.get(media_type):
        return found
    if media_type.startswith("application/") and media_type.endswith("+xml"):
        return "xml"
    if media_type.startswith("application/") and media_type.endswith("+json"):
        return "json"
    raise FetchFailed("the page is not of a type that is read", reason="type")


def unpacked(packed: bytes, encoding: str, bytes_max: int) -> bytes:
    """Undo a content encoding, never holding much more than ``bytes_max``.

    Raises:
        FetchFailed: broken, or too large.
    """
    window = WINDOWS[encoding]
    if encoding == "deflate" and not _has_zlib_head(packed):
        window = -zlib.MAX_WBITS
    parts: list[bytes] = []
    size = count = 0
    while packed:
        count += 1
        if count > PARTS_MAX:
            raise FetchFailed("the page is packed in too many parts", reason="encoding")
        stream = zlib.decompressobj(window)
        while not stream.eof:
            try:
                part = stream.decompress(packed, UNPACKED_CHUNK)
            except zlib.error as exc:
                raise FetchFailed("the page cannot be unpacked", reason="encoding") from exc
            packed = stream.unconsumed_tail
            size += len(part)
            if size > bytes_max:
                raise too_large(bytes_max)
            if not part and not packed and not stream.eof:
                raise FetchFailed("the page breaks off", reason="answer")
            parts.append(part)
        packed = stream.unused_data
    return b"".join(parts)


def too_large(bytes_max: int) -> FetchFailed:
    return FetchFailed(f"the page is over {bytes_max} bytes", reason="size", max=bytes_max)


def _bounded(response: Response, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    left = bytes_max
    while part := response.read(min(CHUNK, left + 1)):
        left -= len(part)
        if left < 0:
            raise too_large(bytes_max)
        parts.append(part)
    if response.length:
        raise FetchFailed("the page breaks off", reason="answer")
    return b"".join(parts)


def _has_zlib_head(packed: bytes) -> bool:
    """Servers say deflate also for what has no head of zlib."""
    return len(packed) > 1 and packed[0] & 0x0F == 8 and (packed[0] << 8 | packed[1]) % 31 == 0
