"""A page for people and its files: our own, and some out of packages that are installed or fetched.

Every file but the page itself stands under a digest of them all, so that a browser may keep it
for ever: another release has other addresses.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache, cached_property
from importlib.metadata import distribution
from pathlib import Path
from string import Template
from typing import Final

from flask import Response, abort, request

from hub.errors import PageUnavailable

STATIC: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load and do: only what this hub serves, nothing inline."""


class Bundle:
    """The files of one page.

    Args:
        name: of the folder with our own, among them ``index.html``.
        libraries: by file name, the package that each is taken from, and its path in there. It
            is found without importing the package.
        others: by file name, files that stand elsewhere.
        fetch: the command that fetches those of the others that are not there.
    """

    def __init__(
        self,
        name: str,
        libraries: Mapping[str, tuple[str, str]],
        *,
        others: Mapping[str, Path] | None = None,
        fetch: str = "",
    ) -> None:
        self._folder = STATIC / name
        self._libraries = libraries
        self._others = others or {}
        self._fetch = fetch
        self._packed = cache(lambda name: gzip.compress(self.files[name].read_bytes(), mtime=0))

    def page(self) -> Response:
        """The page, which is asked for again each time and answered from the browser where it
        can. ``$assets`` in it stands for the folder of the other files.

        Raises:
            PageUnavailable: some of them were not fetched.
        """
        text = Template((self._folder / "index.html").read_text("utf-8"))
        body = text.substitute(assets=self.digest).encode()
        response = sent(gzip.compress(body, mtime=0), "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "same-origin"
        return asked_again(response, body)

    def asset(self, version: str, name: str) -> Response:
        """A file of the page. One of another version is not here."""
        path = self.files.get(name)
        if path is None or version != self.digest:
            abort(404)
        response = sent(self._packed(name), TYPES[path.suffix])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    @cached_property
    def files(self) -> dict[str, Path]:
        """The files that are served, by name."""
        if not all(path.is_file() for path in self._others.values()):
            raise PageUnavailable(f"this page is not complete: {self._fetch} fetches what it needs")
        own = {path.name: path for path in self._folder.iterdir() if path.suffix in TYPES}
        installed = {
            name: Path(str(distribution(package).locate_file(path)))
            for name, (package, path) in self._libraries.items()
        }
        return own | installed | dict(self._others)

    @cached_property
    def digest(self) -> str:
        """A short digest of all files."""
        sums = [
            hashlib.sha256(path.read_bytes()).digest() for _, path in sorted(self.files.items())
        ]
        return hashlib.sha256(b"".join(sums)).hexdigest()[:16]


def asked_again(response: Response, body: bytes) -> Response:
    """An answer that is asked for each time, and is not sent while it is the same."""
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(hashlib.sha256(body).hexdigest()[:16], weak=True)
    response.make_conditional(request)
    return response


def sent(packed: bytes, content_type: str) -> Response:
    """An answer of compressed bytes, which are unpacked for those who take no gzip."""
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(packed if takes else gzip.decompress(packed), content_type=content_type)
    if takes:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
