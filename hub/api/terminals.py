"""The page with a terminal: its own files, and the terminal's out of npm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response

from hub.api.bundle import STATIC, Bundle
from hub.api.openapi.told import untold
from hub.api.opening import public

bp = Blueprint("terminals", __name__, url_prefix="/terminal")

FETCHED: Final = Path(__file__).parent / "parts" / "node_modules" / "@xterm"
OTHERS: Final = {
    "page.css": STATIC / "streams" / "page.css",
    "xterm.css": FETCHED / "xterm" / "css" / "xterm.css",
    "xterm.mjs": FETCHED / "xterm" / "lib" / "xterm.mjs",
    "addon-fit.mjs": FETCHED / "addon-fit" / "lib" / "addon-fit.mjs",
}
BUNDLE: Final = Bundle("terminal", {}, others=OTHERS, fetch="scripts/terminal-page")


@bp.get("/", strict_slashes=True)
@untold
@public
def page() -> Response:
    return BUNDLE.page()


@bp.get("/<version>/<name>")
@untold
@public
def asset(version: str, name: str) -> Response:
    return BUNDLE.asset(version, name)
