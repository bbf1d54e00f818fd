"""URLs that may be fetched, taken apart in one way only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from hub.errors import FetchRefused

URL_CHARS_MAX = 2_048
HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?", re.ASCII)
KEPT = "%/:=&?~+!$,;'@()*[]|"
"""Characters of a path and a query that stand as they are; others are percent-encoded."""
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """``host`` is in small letters, ASCII, without brackets; ``path`` has the query with it."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def target_of(url: str) -> Target:
    """What a URL asks for; its fragment is dropped.

    Raises:
        FetchRefused: not http or https, a user or a password in it, or not well-formed.
    """
    if len(url) > URL_CHARS_MAX:
        raise _refused(f"it is over {URL_CHARS_MAX} characters")
    if re.search(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\ufffd]", url):
        raise _refused("it holds a character that no URL has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise _refused("it is not well-formed") from exc
    scheme = _scheme(parts.scheme)
    if scheme is None:
        raise _refused("its scheme is not http or https")
    if "@" in parts.netloc:
        raise _refused("it has a user in it")
    path = quote(parts.path or "/", safe=KEPT) + (
        f"?{quote(parts.query, safe=KEPT)}" if parts.query else ""
    )
    port = DEFAULT_PORTS[scheme] if port is None else port
    return Target(scheme, _host(host, bracketed="[" in parts.netloc), port, path)


def joined(target: Target, location: str) -> Target:
    """Where a redirect leads to. Raises FetchRefused as ``target_of`` does."""
    try:
        url = urljoin(target.url, location)
    except ValueError as exc:
        raise _refused("it is not well-formed") from exc
    return target_of(url)


def _scheme(text: str) -> Literal["http", "https"] | None:
    match text:
        case "http" | "https":
            return text
    return None


def _host(text: str, *, bracketed: bool) -> str:
    if bracketed:
        try:
            return str(IPv6Address(text)) if "%" not in text else _no_host()
        except ValueError:
            return _no_host()
    try:
        host = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        return _no_host()
    return host if HOST.fullmatch(host) and ".." not in host else _no_host()


def _no_host() -> str:
    raise _refused("its host is none")


def _refused(why: str) -> FetchRefused:
    return FetchRefused(f"this URL is not fetched: {why}")
