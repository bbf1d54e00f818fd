"""Content encodings undone within bounds, and the types of which something is read."""

from __future__ import annotations

import gzip
import zlib

import pytest

from hub.errors import FetchFailed
from hub.fetching.content import kind_of, unpacked

TEXT = b"page " * 1000


def raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), "x-gzip"),
        (gzip.compress(TEXT[:10]) + gzip.compress(TEXT[10:]), "gzip"),
        (gzip.compress(TEXT) + gzip.compress(b"") * 63, "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
    ],
)
def test_what_is_packed(packed: bytes, encoding: str) -> None:
    assert unpacked(packed, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("packed", "encoding", "reason"),
    [
        (gzip.compress(TEXT), "gzip", "size"),
        (gzip.compress(b"a" * 3000) + gzip.compress(b"a" * 3000), "gzip", "size"),
        (zlib.compress(bytes(50_000_000)), "deflate", "size"),
        (gzip.compress(TEXT[:100])[:-4], "gzip", "answer"),
        (b"no gzip", "gzip", "encoding"),
        (gzip.compress(b"") * 65, "gzip", "encoding"),
        (gzip.compress(b"x") + b"junk", "gzip", "encoding"),
    ],
)
def test_what_is_not_unpacked(packed: bytes, encoding: str, reason: str) -> None:
    with pytest.raises(FetchFailed) as failure:
        unpacked(packed, encoding, len(TEXT) - 1)
    assert failure.value.detail["reason"] == reason


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("text/html", "html"),
        ("application/xhtml+xml", "html"),
        ("application/rss+xml", "xml"),
        ("application/ld+json", "json"),
        ("text/plain", "text"),
    ],
)
def test_what_is_read(media_type: str, kind: str) -> None:
    assert kind_of(media_type) == kind


@pytest.mark.parametrize(
    "media_type", ["", "image/png", "image/svg+xml", "application/octet-stream", "text/javascript"]
)
def test_what_is_not_read(media_type: str) -> None:
    with pytest.raises(FetchFailed):
        kind_of(media_type)
