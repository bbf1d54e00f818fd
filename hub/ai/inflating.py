"""Compressed files as joblib writes them, inflated up to a bound."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Final

from hub.ai.refusal import Unfit

LZMA_MEMORY_MAX: Final = 64 * 1024 * 1024


class _Zlib:
    """zlib's words for inflating, as those of the other modules."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(data, max_length)

    @property
    def eof(self) -> bool:
        return self._inner.eof


KINDS: Final[dict[bytes, Callable[[], Any]]] = {
    b"\x78": lambda: _Zlib(zlib.MAX_WBITS),
    b"\x1f\x8b": lambda: _Zlib(16 + zlib.MAX_WBITS),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY_MAX),
    b"\x5d\x00": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, LZMA_MEMORY_MAX),
}


def inflated(content: bytes, size_max: int) -> bytes:
    """A file as it was before it was compressed; as it is where it was not.

    Raises:
        Unfit: it is broken, or larger than ``size_max`` bytes.
    """
    kind = next((made for start, made in KINDS.items() if content.startswith(start)), None)
    if kind is None:
        return content
    try:
        machine = kind()
        found: bytes = machine.decompress(content, size_max + 1)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as exc:
        raise Unfit("is compressed, and broken") from exc
    if len(found) > size_max:
        raise Unfit(f"is over {size_max} bytes once it is inflated")
    if not machine.eof:
        raise Unfit("is compressed, and ends too early")
    return found
