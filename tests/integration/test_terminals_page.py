"""The files of the page with a terminal, as they are sent, and what is told without them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.api import errors, terminals
from hub.api.bundle import POLICY, Bundle

LIBRARY = {"page.css", "xterm.css", "xterm.mjs", "addon-fit.mjs"}


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    app = Flask("visited", static_folder=None)
    app.register_blueprint(terminals.bp)
    return app.test_client()


def test_the_page_is_under_the_policy_of_the_others(visitor: FlaskClient) -> None:
    assert visitor.get("/terminal/").headers["Content-Security-Policy"] == POLICY


def test_every_file_that_the_page_names_or_imports_is_there(visitor: FlaskClient) -> None:
    text = visitor.get("/terminal/").text
    left = re.findall(r'(?:href|src)="([\w./-]+/[\w.-]+)"', text)
    seen: set[str] = set()
    while left:
        url = left.pop()
        folder, name = url.rsplit("/", 1)
        answer = visitor.get(f"/terminal/{url}")
        assert answer.status_code == 200, url
        own = name.endswith(".js") and name not in seen
        left += [f"{folder}/{other}" for other in re.findall(r'"\./([\w.-]+)"', answer.text) if own]
        seen.add(name)
    assert seen >= LIBRARY | {path.name for path in terminals.BUNDLE.files.values()}


def test_modules_of_the_library_are_scripts(visitor: FlaskClient) -> None:
    answer = visitor.get(f"/terminal/{terminals.BUNDLE.digest}/xterm.mjs")
    assert answer.mimetype == "text/javascript"
    assert b"export{" in answer.data


def test_without_its_library_the_page_says_what_fetches_it(tmp_path: Path) -> None:
    """And it is there once that was done, without another start."""
    library = tmp_path / "xterm.mjs"
    bundle = Bundle("terminal", {}, others={library.name: library}, fetch="scripts/terminal-page")
    app = Flask("bare", static_folder=None)
    errors.register(app)
    app.add_url_rule("/", "page", bundle.page)
    answer = app.test_client().get("/")
    assert answer.status_code == 503
    assert answer.get_json()["error"] == {
        "code": "page_unavailable",
        "message": "this page is not complete: scripts/terminal-page fetches what it needs",
        "detail": {},
    }
    library.write_text("")
    assert app.test_client().get("/").status_code == 200
