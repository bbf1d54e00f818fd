"""From a URL to the page behind it, redirects followed with the same care."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

from hub.errors import FetchFailed, FetchRefused
from hub.fetching import content, resolving
from hub.fetching.addresses import Address
from hub.fetching.allowing import AllowList, leads_inwards
from hub.fetching.deadline import Deadline
from hub.fetching.urls import Target, joined, target_of
from hub.fetching.wire import Response, asked, connected

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX: Final = 3
BYTES_MAX_MAX: Final = 16 * 1024 * 1024
TIMEOUT_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What may be fetched, and how much of it.

    Attributes:
        allow: hosts and networks beside the public web, as ``AllowList.of`` reads them.
        connect_s: for a connection to one address, and for the TLS handshake.
        timeout_s: for everything together, names of hosts and redirects too.
        bytes_max: of a page, as it is sent and unpacked.

    Raises:
        ValueError: the list is malformed, or a limit is beyond its ceiling.
    """

    allow: str | None = None
    connect_s: float = 5.0
    timeout_s: float = 10.0
    bytes_max: int = 2 * 1024 * 1024

    def __post_init__(self) -> None:
        try:
            AllowList.of(self.allow)
        except ValueError as exc:
            raise ValueError(f"ALLOW: {exc}") from exc
        if self.timeout_s > TIMEOUT_S_MAX:
            raise ValueError(f"TIMEOUT_S: over {TIMEOUT_S_MAX:g}")
        if self.bytes_max > BYTES_MAX_MAX:
            raise ValueError(f"BYTES_MAX: over {BYTES_MAX_MAX}")


@dataclass(frozen=True, slots=True)
class Page:
    """``url`` is where it was found in the end."""

    url: str
    status: int
    content: content.Content


class Fetcher:
    """Args:
    resolve: gives the addresses of a host; called once for each URL.
    tls: which certificates are good; None for those that the system trusts.
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        resolve: resolving.Resolve = resolving.system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._allowed = AllowList.of(limits.allow)
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()

    def fetch(self, url: str, deadline: Deadline) -> Page:
        """Get a page. Nothing is sent along: no cookie, no credential, by no proxy.

        Raises:
            FetchRefused: the URL, or one that it redirects to, may not be fetched.
            FetchFailed: it could not be, or is not what is read; ``reason`` in ``detail``.
            FetchTimeout: it did not come in time.
        """
        target, before = target_of(url), list[Address]()
        for _ in range(REDIRECTS_MAX + 1):
            addresses = self._addresses(target, deadline)
            if before and leads_inwards(before, addresses):
                raise FetchRefused("a redirect from outside leads to a host that is listed")
            found = self._got(target, addresses, deadline)
            if isinstance(found, Page):
                return found
            target, before = joined(target, found), addresses
        raise FetchFailed(
            f"more than {REDIRECTS_MAX} redirects", reason="redirects", max=REDIRECTS_MAX
        )

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """All of a host's addresses, judged. One error for what is unknown and what is not
        allowed, so that nobody learns the names of the plant."""
        found = resolving.resolved(self._resolve, target.host, target.port, deadline)
        judged = self._allowed.judge(target.host, target.port, found)
        if judged is None:
            raise FetchRefused("this host and port are not known, or may not be fetched from")
        return judged

    def _got(self, target: Target, addresses: list[Address], deadline: Deadline) -> Page | str:
        """The page, or where it is said to be."""
        limits = self._limits
        sock = connected(
            target, addresses, tls=self._tls, deadline=deadline, connect_s=limits.connect_s
        )
        with sock, asked(sock, target, deadline, limits.bytes_max) as response:
            if response.status in REDIRECTS:
                return _location(response)
            if not 200 <= response.status < 300:
                raise FetchFailed(
                    f"the host answers {response.status}", reason="status", status=response.status
                )
            page = content.read(response, limits.bytes_max)
        return Page(target.url, response.status, page)


def _location(response: Response) -> str:
    location: str | None = response.headers["Location"]
    if not location:
        raise FetchFailed("a redirect leads nowhere", reason="redirects")
    return location.encode("latin-1", "replace").decode("utf-8", "replace").strip()
