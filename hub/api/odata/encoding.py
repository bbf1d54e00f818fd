"""How a query string is written: percent-encoded UTF-8, and nothing else."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from hub.errors import BadParameter
from hub.query.refusal import shown


def check_utf8(query: bytes) -> None:
    """Refuse letters of another encoding, that would be read as some letter and find nothing.

    Raises:
        BadParameter: one of the parameters is not in UTF-8; it is named.
    """
    for part in query.split(b"&"):
        try:
            unquote_to_bytes(part).decode()
        except UnicodeDecodeError as exc:
            name = unquote_to_bytes(part.partition(b"=")[0]).decode(errors="replace")
            raise BadParameter(
                f"{shown(name)} is not percent-encoded UTF-8", parameter=shown(name)
            ) from exc
