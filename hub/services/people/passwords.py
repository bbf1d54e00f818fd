"""Passwords: kept as salted slow hashes, compared in the same time for whoever is asked for."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.security import check_password_hash, generate_password_hash

from hub.errors import Invalid, TooMany

CHARS = (10, 1000)
METHOD = "scrypt:32768:8:3"
"""N, r and p of scrypt: 32 MB and some 0.3 s a password."""
NOBODY = f"{METHOD}${'0' * 16}${'0' * 128}"
"""A hash that no password has."""
AT_ONCE = 2
WAITING = 4


class Passwords:
    """Of one process: ``AT_ONCE`` are worked on, ``WAITING`` wait, the others are sent away.

    So logins, however many, take neither its memory nor its threads.
    """

    def __init__(self) -> None:
        self._queue = threading.BoundedSemaphore(AT_ONCE + WAITING)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def hashed(self, password: str) -> str:
        """The hash to keep.

        Raises:
            Invalid: it is too short or too long.
            TooMany: too many are waiting.
        """
        shortest, longest = CHARS
        if not shortest <= len(password) <= longest:
            raise Invalid(f"a password has {shortest} to {longest} characters")
        with self._place():
            return generate_password_hash(_plain(password), METHOD)

    def is_right(self, password: str, kept: str | None) -> bool:
        """Whether the hash is this password's; without one it takes as long, and it is not.

        Raises:
            TooMany: too many are waiting.
        """
        with self._place():
            return check_password_hash(kept or NOBODY, _plain(password))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise TooMany("too many logins at once", limit="logins", retry_after_s=1)
        try:
            with self._places:
                yield
        finally:
            self._queue.release()


def is_outdated(kept: str) -> bool:
    """Whether a hash was made by another method than is used now."""
    return not kept.startswith(f"{METHOD}$")


def _plain(password: str) -> str:
    """One form of each character, however it was typed; what is no character becomes ``?``."""
    return unicodedata.normalize("NFC", password.encode("utf-8", "replace").decode())
