"""Elements of pages, found by a process that knows nothing and lives shortly."""

from __future__ import annotations

import pytest

from hub.errors import FetchFailed, Invalid, OverBudget
from hub.fetching.content import Content, Kind
from hub.fetching.pages.reading import CHARS_MAX, MATCHES_MAX, Found, Look, found

PAGE = b"""<!doctype html><html><head><title>A
 shop</title><style>p {}</style></head><body>
<h1>Motor</h1><p id="price" data-value="42" Class="x">4 <b>2</b>&euro;<script>no()</script></p>
<p class=x>two<br>lines<p hidden>three<!-- no --> &amp; more</body></html>"""
FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x">
<title>News</title><entry x:lang="de"><title>One</title><link href="/1"/></entry>
<x:entry><title>Two</title></x:entry></feed>"""


def of(
    body: bytes, look: Look | None = None, *, kind: Kind = "html", charset: str | None = None
) -> Found:
    return found(Content("text/html", kind, charset, body), look or Look())


@pytest.mark.parametrize(
    ("selector", "attr", "values"),
    [
        ("#price", "data-value", ("42",)),
        ("#price", "DATA-VALUE", ("42",)),
        ("#price", None, ("4 2€",)),
        ("p", None, ("4 2€", "two lines", "three & more")),
        ("p", "class", ("x", "x")),
        ("p, h1", None, ("Motor", "4 2€", "two lines", "three & more")),
        ("P#price + p", None, ("two lines",)),
        ("script", None, ("no()",)),
        ("p:nth-of-type(2), p:not([id]):not([hidden])", None, ("two lines",)),
        ("table", None, ()),
        ("p", "href", ()),
        ("""p[id="'] | //*['"]""", None, ()),
    ],
)
def test_elements(selector: str, attr: str | None, values: tuple[str, ...]) -> None:
    assert of(PAGE, Look(selector, attr)) == Found("A shop", values, False)


def test_a_whole_page() -> None:
    assert of(PAGE).values == ("Motor 4 2€ two lines three & more",)


@pytest.mark.parametrize(
    ("selector", "attr", "values"),
    [
        ("entry > title", None, ("One", "Two")),
        ("link", "href", ("/1",)),
        ("entry", "lang", ("de",)),
        ("Entry", None, ()),
        (None, None, ("News One Two",)),
    ],
)
def test_a_feed(selector: str | None, attr: str | None, values: tuple[str, ...]) -> None:
    assert of(FEED, Look(selector, attr), kind="xml") == Found("News", values, False)


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<p>값é".encode(), None),
        ("<p>값é".encode(), "utf-8"),
        ("<p>값é".encode(), "no-such-charset"),
        ("\ufeff<p>값é".encode("utf-16-le"), "iso-8859-1"),
        ("\ufeff<p>값é".encode(), "iso-8859-1"),
    ],
)
def test_the_encoding_of_a_page(body: bytes, charset: str | None) -> None:
    assert of(body, Look("p"), charset=charset).values == ("값é",)


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<p>값똠".encode("cp949"), "euc-kr"),
        (b"<meta charset=euc-kr><p>" + "값".encode("euc-kr"), None),
        (b"<p>\x80\x93", "iso-8859-1"),
    ],
)
def test_what_servers_call_their_encodings(body: bytes, charset: str | None) -> None:
    assert of(body, Look("p"), charset=charset).values[0] in ("값똠", "값", "€“")


def test_no_more_than_so_many_and_so_long() -> None:
    many = of(b"<p>x</p>" * (MATCHES_MAX + 1), Look("p"))
    assert (len(many.values), many.more) == (MATCHES_MAX, True)
    assert len(of(b"<p>" + b"x" * 50_000, Look("p")).values[0]) == CHARS_MAX


def test_what_has_no_elements() -> None:
    assert of(b'{"a": 1}', kind="json").values == ('{"a": 1}',)
    assert of(b"\xff\xe9", kind="text", charset="latin-1").values == ("ÿé",)
    assert of(b"x" * (CHARS_MAX + 1), kind="text").more
    with pytest.raises(Invalid):
        of(b'{"a": 1}', Look("a"), kind="json")


@pytest.mark.parametrize("body", [b"", b"<!-- -->"])
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(FetchFailed) as failure:
        of(body, kind="xml")
    assert failure.value.detail == {"reason": "unreadable"}


@pytest.mark.parametrize(
    "declared",
    [
        b'<!ENTITY e SYSTEM "file:///etc/hostname">',
        b'<!ENTITY e SYSTEM "/etc/hostname">',
        b'<!ENTITY % p SYSTEM "file:///etc/hostname"> %p; <!ENTITY e "secret">',
    ],
)
def test_no_entity_is_looked_up(declared: bytes) -> None:
    body = b"<?xml version='1.0'?><!DOCTYPE a [" + declared + b"]><a><b>x&e;y</b></a>"
    text = of(body, Look("b"), kind="xml").values[0]
    assert text.replace(" ", "") in ("xy", "x&e;y")


def test_a_bomb_of_entities_does_not_go_off() -> None:
    levels = [b'<!ENTITY %c "%b">' % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(12)]
    body = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(levels) + b"]><a>&m;</a>"
    assert len(of(body, Look("a"), kind="xml").values[0]) < 100


def test_a_selector_that_takes_too_long_is_ended() -> None:
    with pytest.raises(OverBudget):
        of(b"<b></b>" * 200_000, Look("b ~ b ~ b ~ b"))


def test_a_page_of_nothing_but_depth() -> None:
    assert of(b"<div>" * 200_000, Look("div")).more
