"""A headless Chromium for tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 120_000
"""How long a page may take over anything; the machine of a test may be slow."""
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str:
    """Where this machine has the browser; the test fails where there is none."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert found, "no Chromium: on Debian 'apt-get install chromium'; scripts/test does it as root"
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, closed in the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(), args=list(FLAGS), timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()
