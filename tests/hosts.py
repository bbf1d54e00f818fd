"""Hosts on loopback that answer a request as a test wants, byte by byte if need be."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Say = Callable[[socket.socket, bytes], None]
"""Answers a request on a connection; gets the head as it came."""
HEAD_MAX = 64 * 1024
PATIENCE_S = 30.0


def page(
    body: bytes = b"<p id=price>42</p>",
    *,
    status: str = "200 OK",
    kind: str | None = "text/html",
    **headers: str,
) -> Say:
    """Says one page, whole."""
    given = {"Content-Length": str(len(body))} | ({"Content-Type": kind} if kind else {})
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items())]
    sent = "\r\n".join([*lines, "", ""]).encode() + body
    return lambda connection, head: connection.sendall(sent)


def redirect(to: str, status: int = 302, **headers: str) -> Say:
    return page(b"", status=f"{status} Elsewhere", Location=to, **headers)


class Host:
    """A listening socket whose connections are answered one after the other.

    ``heads`` are the requests that came, ``connections`` how many were begun, ``names`` those
    that TLS asked for.
    """

    def __init__(
        self, say: Say, *, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family)
        self.address, self.port = address, int(self._listener.getsockname()[1])
        self.heads: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._say = say
        self._tls = tls
        self.over = threading.Event()
        if tls:
            tls.sni_callback = lambda sock, name, context: self.names.append(name)

    def url(self, host: str | None = None, path: str = "/") -> str:
        named = host or (f"[{self.address}]" if ":" in self.address else self.address)
        return f"{'https' if self._tls else 'http'}://{named}:{self.port}{path}"

    @property
    def listed(self) -> str:
        """Its entry in an operator's list."""
        named = f"[{self.address}]" if ":" in self.address else self.address
        return f"{named}:{self.port}"

    def __enter__(self) -> Host:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2 * PATIENCE_S)
        assert not self._thread.is_alive(), "the host does not end"

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE_S)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self._tls:
            with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                self._say(wrapped, self._head(wrapped))
        else:
            self._say(connection, self._head(connection))

    def _head(self, connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX:
            part = connection.recv(4096)
            if not part:
                break
            head += part
            if not head.startswith(b"GET "):
                break
        self.heads.append(head)
        return head


def dripping(host: Callable[[], Host], parts: bytes, start: bytes = b"") -> Say:
    """Says a byte of ``parts`` every 50 ms, over and over, until the test is over."""

    def say(connection: socket.socket, head: bytes) -> None:
        connection.sendall(start)
        at = 0
        while not host().over.wait(0.05):
            connection.sendall(parts[at % len(parts) :][:1])
            at += 1

    return say
