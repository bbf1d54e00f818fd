"""A load generator that costs next to nothing: one thread, raw keep-alive sockets, epoll.

Requests are bytes built beforehand; of an answer only as much is parsed as is needed to find
its end. Each connection has one request under way at a time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RECV = 1 << 20
SPREAD_TRIES = 40
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
CHUNKED = -1


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server listens, and the processes that share its port."""

    port: int
    workers: tuple[int, ...] = ()


@dataclass(slots=True)
class Measured:
    """What one round gave: seconds an answer took, in order of arrival."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request_bytes(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """One HTTP/1.1 request, whole."""
    fields = {"Host": "bench", **(headers or {})}
    if body or method == "PUT":
        fields |= {"Content-Length": str(len(body))}
        fields.setdefault("Content-Type", "application/json")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Connection:
    """A keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self.status = 0
        self._head = bytearray()
        self._tail = b""
        self._left: int | None = None

    def send(self, request: bytes) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def take(self, buffer: memoryview) -> bool:
        """Read what is there; True when the answer is complete. ``status`` is then its status."""
        count = self.socket.recv_into(buffer)
        if not count:
            raise ConnectionError("the server closed the connection")
        if self._left is None:
            self._head += buffer[:count]
            end = self._head.find(HEAD_END)
            if end < 0:
                return False
            self._read_head(bytes(self._head[:end]).lower())
            self._tail = bytes(self._head[end + len(HEAD_END) :])
            self._left -= len(self._tail)
            self._head.clear()
        else:
            self._tail = (self._tail + bytes(buffer[max(0, count - 5) : count]))[-5:]
            self._left -= count
        if self._left > 0 or (self._left < 0 and not self._tail.endswith(LAST_CHUNK)):
            return False
        self._left = None
        return True

    def _read_head(self, head: bytes) -> None:
        self.status = int(head[9:12])
        _, stated, length = head.partition(b"content-length:")
        self._left = int(length.split(b"\r\n", 1)[0]) if stated else CHUNKED

    def owner(self, target: Target) -> int | None:
        """The worker process that accepted this connection, where /proc can tell."""
        inode = _server_inode(target.port, self.socket.getsockname()[1])
        wanted = f"socket:[{inode}]"
        for pid in target.workers if inode else ():
            with contextlib.suppress(OSError):
                for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        if os.readlink(descriptor) == wanted:
                            return pid
        return None


def _server_inode(port: int, peer: int) -> str | None:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        own = int(columns[1].split(":")[1], 16) == port
        if own and int(columns[2].split(":")[1], 16) == peer and columns[9] != "0":
            return columns[9]
    return None


@contextlib.contextmanager
def connected(target: Target, count: int) -> Iterator[list[Connection]]:
    """``count`` connections, the same number on each worker where the system can tell.

    The kernel deals connections to the sockets of a shared port by chance; with few connections
    that chance would be most of what a round measures.
    """
    kept: list[Connection] = []
    share = -(-count // max(1, len(target.workers)))
    held: Counter[int | None] = Counter()
    for tried in itertools.count():
        if len(kept) == count:
            break
        connection = Connection(target.port)
        owner = _accepted(connection, target) if target.workers else None
        if owner is None or held[owner] < share or tried > count * SPREAD_TRIES:
            held[owner] += 1
            kept.append(connection)
        else:
            connection.socket.close()
    try:
        yield kept
    finally:
        for connection in kept:
            connection.socket.close()


def _accepted(connection: Connection, target: Target) -> int | None:
    """Its worker, once it has accepted it; None where that is not to be seen."""
    for _ in range(100):
        if owner := connection.owner(target):
            return owner
        time.sleep(0.002)
    return None


def drive(
    connections: Sequence[Connection], requests: Sequence[bytes], seconds: float, wanted: int
) -> Measured:
    """Keep every connection busy for ``seconds``; answers other than ``wanted`` are failures."""
    supply = itertools.cycle(requests)
    buffer = memoryview(bytearray(RECV))
    by_number = {c.socket.fileno(): c for c in connections}
    measured = Measured()
    with select.epoll() as poll:
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        begun = time.perf_counter()
        until = begun + seconds
        for connection in connections:
            connection.send(next(supply))
        busy = len(connections)
        while busy:
            for number, _ in poll.poll():
                connection = by_number[number]
                if not connection.take(buffer):
                    continue
                now = time.perf_counter()
                measured.latencies.append(now - connection.sent)
                measured.failures += connection.status != wanted
                if now < until:
                    connection.send(next(supply))
                else:
                    busy -= 1
        measured.seconds = time.perf_counter() - begun
    return measured


def download(port: int, request: bytes) -> tuple[float, int]:
    """Read a streamed answer to its end and throw it away: (seconds, bytes).

    ``request`` must ask for ``Connection: close``. An answer that is not 200 or that breaks off
    ends the benchmark.
    """
    buffer = bytearray(RECV)
    view = memoryview(buffer)
    size, first, tail = 0, b"", b""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(request)
        while count := connection.recv_into(view):
            first = first or bytes(view[:12])
            tail = (tail + bytes(view[max(0, count - 5) : count]))[-5:]
            size += count
    seconds = time.perf_counter() - begun
    if first[9:12] != b"200" or tail != LAST_CHUNK:
        raise SystemExit(f"a stream failed: {first!r} … {tail!r}")
    return seconds, size
