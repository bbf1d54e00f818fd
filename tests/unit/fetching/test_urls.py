"""URLs are taken apart in one way, and most strange ones not at all."""

from __future__ import annotations

import pytest

from hub.errors import FetchRefused
from hub.fetching.urls import Target, joined, target_of


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("http://a.example", Target("http", "a.example", 80, "/"), "a.example"),
        ("HTTPS://A.Example:443/x", Target("https", "a.example", 443, "/x"), "a.example"),
        ("https://a.example:80/", Target("https", "a.example", 80, "/"), "a.example:80"),
        ("http://a.example./?q=1#f", Target("http", "a.example", 80, "/?q=1"), "a.example"),
        ("http://a.example/a%20b/ü?ü=%C3", None, "a.example"),
        ("http://bücher.example/", Target("http", "xn--bcher-kva.example", 80, "/"), None),
        ("http://[::1]:8080/", Target("http", "::1", 8080, "/"), "[::1]:8080"),
        ("http://[0:0::ffff:1.2.3.4]/", Target("http", "::ffff:102:304", 80, "/"), None),
        ("http://2130706433/", Target("http", "2130706433", 80, "/"), "2130706433"),
        ("http://\uff11\uff12\uff17.0.0.1/", Target("http", "127.0.0.1", 80, "/"), "127.0.0.1"),
        ("http://a_b.example/", Target("http", "a_b.example", 80, "/"), None),
    ],
)
def test_what_is_asked(url: str, target: Target | None, authority: str | None) -> None:
    found = target_of(url)
    assert target is None or found == target
    assert authority is None or found.authority == authority
    assert found.path.isascii()


def test_a_path_is_encoded_once() -> None:
    assert target_of("http://a/a%20b/ü?x=ü&y=%C3").path == "/a%20b/%C3%BC?x=%C3%BC&y=%C3"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "/x",
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/_x",
        "data:text/html,x",
        "javascript:x",
        "unix:///run/docker.sock",
        "http:///x",
        "http://",
        "http:a.example",
        "http://user@a.example/",
        "http://user:secret@a.example/",
        "http://@a.example/",
        "http://a.example@b.example/",
        "http://a.example\\@b.example/",
        "http://a.example:x/",
        "http://a.example:65536/",
        "http://a.example:-1/",
        "http://a.example/\r\nX: y",
        "http://a.example/\tx",
        "http://a.exam\nple/",
        " http://a.example/",
        "http://a example/",
        "http://a.example/\x00",
        "http://a.example/\ud800",
        "http://a..example/",
        "http://.example/",
        "http://a.example,b.example/",
        "http://a%2eexample/",
        "http://[::1%25lo]/",
        "http://[fe80::1%lo]/",
        "http://[v1.a]/",
        "http://[::1/",
        "http://::1/",
        "http://" + "a" * 64 + ".example/",
        "http://a.example/" + "x" * 2048,
    ],
)
def test_what_is_never_fetched(url: str) -> None:
    with pytest.raises(FetchRefused):
        target_of(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/y", "https://a.example/y"),
        ("y?z#f", "https://a.example/b/y?z"),
        ("//b.example/y", "https://b.example/y"),
        ("http://b.example", "http://b.example/"),
        ("?q", "https://a.example/b/c?q"),
    ],
)
def test_where_a_redirect_leads(location: str, url: str) -> None:
    assert joined(target_of("https://a.example/b/c"), location).url == url


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://u@b.example/", "http://[::1/"])
def test_where_none_leads(location: str) -> None:
    with pytest.raises(FetchRefused):
        joined(target_of("https://a.example/"), location)
