"""Names of hosts to addresses, within a time that the system's resolver does not keep."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from hub.errors import FetchTimeout
from hub.fetching.deadline import Deadline

Resolve = Callable[[str, int], list[str]]
"""The addresses of a host, as text, for a port. Raises OSError or ValueError: there are none."""
WAITING_MAX = 32
_waiting = threading.BoundedSemaphore(WAITING_MAX)
"""Lookups that the system has not answered yet, of this process; those given up on, too."""


def system(host: str, port: int) -> list[str]:
    """As the machine resolves it, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def resolved(resolve: Resolve, host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a host; empty where there are none.

    Raises:
        FetchTimeout: the resolver took too long, or too many wait for it.
    """
    if not _waiting.acquire(timeout=deadline.left()):
        raise FetchTimeout("the resolver of host names is busy")
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def look() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, ValueError):
            answers.put([])
        finally:
            _waiting.release()

    threading.Thread(target=look, name="resolving", daemon=True).start()
    try:
        return answers.get(timeout=deadline.left())
    except Empty:
        raise FetchTimeout("the host's name was not resolved in time") from None
