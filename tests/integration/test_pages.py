"""The files of the page of streams, as they are sent."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.api import pages

YEAR_S = 31_536_000


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    app = Flask("visited", static_folder=None)
    app.url_map.strict_slashes = False
    app.register_blueprint(pages.bp)
    return app.test_client()


def linked(visitor: FlaskClient) -> list[str]:
    text = visitor.get("/streams/").text
    return re.findall(r'(?:href|src)="([\w./]+/[\w.]+)"', text)


def test_the_page_runs_nothing_but_what_this_hub_serves(visitor: FlaskClient) -> None:
    policy = dict(
        part.split(" ", 1)
        for part in visitor.get("/streams/").headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")


def test_every_file_that_the_page_names_is_there_for_a_year(visitor: FlaskClient) -> None:
    found = linked(visitor)
    assert {name.rsplit("/", 1)[1] for name in found} >= {"page.js", "page.css", "plotly.min.js"}
    for name in found:
        answer = visitor.get(f"/streams/{name}")
        assert answer.status_code == 200, name
        assert f"max-age={YEAR_S}" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_library_is_packed_for_those_who_unpack(visitor: FlaskClient) -> None:
    (url,) = [f"/streams/{name}" for name in linked(visitor) if "plotly" in name]
    packed = visitor.get(url, headers={"Accept-Encoding": "br, gzip"})
    plain = visitor.get(url)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert b"plotly.js" in plain.data[:100]
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_the_page_is_not_sent_again_while_it_is_the_same(visitor: FlaskClient) -> None:
    etag = visitor.get("/streams/").headers["ETag"]
    assert visitor.get("/streams/", headers={"If-None-Match": etag}).status_code == 304


def test_the_address_ends_in_a_slash_for_what_is_relative_to_it(visitor: FlaskClient) -> None:
    answer = visitor.get("/streams")
    assert (answer.status_code, answer.location) == (308, "http://localhost/streams/")


@pytest.mark.parametrize("name", ["0000000000000000/page.js", "{now}/../pages.py", "{now}/none.js"])
def test_anything_else_is_not_there(visitor: FlaskClient, name: str) -> None:
    assert visitor.get(f"/streams/{name.format(now=pages.BUNDLE.digest)}").status_code == 404
