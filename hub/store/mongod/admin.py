"""One admin command to the server, over its own short connection.

The supervisor forks, and must have no threads; a ``MongoClient`` starts three. This is MongoDB's
OP_MSG in its simplest form, little-endian::

    int32 length | int32 request | int32 answer to | int32 2013 | uint32 flags | byte 0 | BSON
"""

from __future__ import annotations

import socket
import struct
from io import BufferedReader
from pathlib import Path
from typing import Any

import bson

OP_MSG = 2013
HEADER = struct.Struct("<iiiiIB")
TIMEOUT_S = 10


def command(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The server's answer, good or bad (``ok`` tells).

    Raises:
        OSError: there is no server, or it does not answer.
    """
    body = bson.encode({**document, "$db": "admin"})
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(TIMEOUT_S)
        link.connect(str(path))
        link.sendall(HEADER.pack(HEADER.size + len(body), 1, 0, OP_MSG, 0, 0) + body)
        with link.makefile("rb") as answer:
            size = HEADER.unpack(_exactly(HEADER.size, answer))[0]
            return bson.decode(_exactly(size - HEADER.size, answer))


def _exactly(size: int, answer: BufferedReader) -> bytes:
    got = answer.read(size)
    if len(got) < size:
        raise ConnectionResetError("the server closed the connection")
    return got
