"""One request over one connection to an address that was judged before."""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv6Address

from hub.errors import FetchFailed, FetchTimeout
from hub.fetching.addresses import Address
from hub.fetching.deadline import Deadline
from hub.fetching.urls import Target

AGENT = "hub"
ACCEPT = "text/html, application/xhtml+xml, application/xml, application/json, text/*;q=0.9"
HEADERS_BYTES_MAX = 128 * 1024


class Metered(io.RawIOBase):
    """What a socket receives: so many bytes at most, and none after the deadline.

    A timeout of the socket alone would begin anew with every byte that drips in.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, bytes_max: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._left = bytes_max

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left())
        got = self._sock.recv_into(buffer)
        self._left -= got
        if self._left < 0:
            raise FetchFailed("the page is too large", reason="size")
        return got


class Response(HTTPResponse):
    """The answer to a GET, whose head is read by ``begin``."""

    def __init__(self, sock: socket.socket, deadline: Deadline, bytes_max: int) -> None:
        super().__init__(sock, method="GET")
        self.fp.close()
        self.fp = io.BufferedReader(Metered(sock, deadline, bytes_max))


def connected(
    target: Target,
    addresses: Sequence[Address],
    *,
    tls: ssl.SSLContext,
    deadline: Deadline,
    connect_s: float,
) -> socket.socket:
    """A connection to the first of the addresses that takes one, within TLS for https.

    The certificate must be one of the host's name, whatever the address.

    Args:
        connect_s: how long one address, or the handshake, may take.

    Raises:
        FetchFailed: none takes one, or its certificate is not good.
        FetchTimeout: the deadline is over.
    """
    sock = _dialled(target.port, addresses, deadline, connect_s)
    if target.scheme == "http":
        return sock
    try:
        sock.settimeout(deadline.left(connect_s))
        return tls.wrap_socket(sock, server_hostname=target.host)
    except (OSError, ValueError) as exc:
        sock.close()
        if isinstance(exc, TimeoutError):
            raise FetchTimeout("the TLS handshake took too long") from exc
        raise FetchFailed("no TLS connection with a good certificate", reason="tls") from exc
    except BaseException:
        sock.close()
        raise


def asked(sock: socket.socket, target: Target, deadline: Deadline, bytes_max: int) -> Response:
    """Send the request, and read the head of the answer.

    Args:
        bytes_max: of the whole answer, as received.

    Raises:
        FetchFailed: what comes is not HTTP, or is too large.
        FetchTimeout: the deadline is over.
    """
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: {AGENT}",
        f"Accept: {ACCEPT}",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    try:
        sock.settimeout(deadline.left())
        sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        response = Response(sock, deadline, bytes_max + HEADERS_BYTES_MAX)
        response.begin()
    except TimeoutError as exc:
        raise FetchTimeout("the page did not come in time") from exc
    except (OSError, HTTPException, ValueError) as exc:
        raise FetchFailed("the host does not answer in HTTP", reason="answer") from exc
    return response


def _dialled(
    port: int, addresses: Sequence[Address], deadline: Deadline, connect_s: float
) -> socket.socket:
    late = False
    for address in addresses:
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue
        try:
            sock.settimeout(deadline.left(connect_s))
            sock.connect((str(address), port))
            return sock
        except OSError as exc:
            late = late or isinstance(exc, TimeoutError)
            sock.close()
        except BaseException:
            sock.close()
            raise
    if late:
        raise FetchTimeout("the host does not take a connection in time")
    raise FetchFailed("the host takes no connection", reason="connection")
