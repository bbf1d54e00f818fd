"""The formats of the stream door: which is chosen, and how each is written."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask, Response, request
from hypothesis import given
from hypothesis import strategies as st

from hub.api.streams import forms, sending, xml
from hub.errors import BadParameter

APP = Flask("formats")
POINTS = [
    {"t": {"a": "2000-01-01T00:00:00Z", "m": "2000-01-01T00:30:00Z"}, "v": {"c": 2, "m": 1.5}},
    {"t": {"a": "2000-01-01T01:30:00Z", "m": "2000-01-01T01:30:00Z"}, "v": {"c": 0, "m": None}},
]
COLUMNS = ("t.a", "t.m", "v.c", "v.m", "v.x")
TOLD = forms.Told({"datapoints": POINTS, "meta": {"next": "/next?a=1&b"}}, COLUMNS)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def chosen(query: str, accept: str | None, *, rows: bool = True) -> str:
    headers = {} if accept is None else {"Accept": accept}
    with APP.test_request_context(f"/?{query}", headers=headers):
        return forms.chosen(request, rows=rows).name


def answered(
    query: str = "", *, lasting: bool = False, told: Any = TOLD, **headers: str
) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with APP.test_request_context(f"/?{query}", headers=named):
        form = forms.chosen(request, rows=True)
        return sending.answer(request, form, told, lasting=lasting)


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", None, "json"),
        ("", "*/*", "json"),
        ("", "application/json", "json"),
        ("", "application/json, text/javascript, */*; q=0.01", "json"),
        ("", "application/xml", "xml"),
        ("", "text/xml;q=0.5, application/json;q=0.2", "xml"),
        ("", "text/csv", "csv"),
        ("", "application/x-ndjson", "ndjson"),
        ("", "application/jsonl", "ndjson"),
        ("", "text/javascript", "jsonp"),
        ("", "image/png", "json"),
        ("", "application/json;q=0", "json"),
        ("", BROWSER, "html"),
        ("format=json", BROWSER, "json"),
        ("format=xml", "application/json", "xml"),
        ("format=yaml", "application/xml", "xml"),
        ("format=", None, "json"),
        ("format=html", None, "json"),
        ("format=jsonp", None, "jsonp"),
        ("callback=show", "application/json", "jsonp"),
        ("callback", None, "jsonp"),
        ("callback=show&format=json", None, "json"),
        ("callback=show&format=yaml", None, "jsonp"),
        ("format=csv", None, "csv"),
        ("format=ndjson", BROWSER, "ndjson"),
    ],
)
def test_a_request_chooses(query: str, accept: str | None, expected: str) -> None:
    assert chosen(query, accept) == expected


@pytest.mark.parametrize("query", ["format=csv", "format=ndjson"])
def test_an_answer_without_datapoints_has_no_rows(query: str) -> None:
    assert chosen(query, "application/xml", rows=False) == "xml"


@pytest.mark.parametrize(
    ("query", "content_type"),
    [
        ("", "application/json"),
        ("format=xml", "application/xml; charset=utf-8"),
        ("format=jsonp", "text/javascript"),
        ("format=csv", "text/csv"),
        ("format=ndjson", "application/x-ndjson"),
    ],
)
def test_the_content_type_is_stated(query: str, content_type: str) -> None:
    assert answered(query).headers["Content-Type"] == content_type


def test_a_browser_is_told_what_to_append() -> None:
    told = answered(Accept=BROWSER)
    assert told.mimetype == "text/plain"
    assert "?format=json" in told.get_data(as_text=True)


@pytest.mark.parametrize("name", ["show", "$", "$in", "_a1", "a.b.c", "a[0].b", 'a["b"]'])
def test_jsonp_calls_the_function(name: str) -> None:
    text = answered(f"callback={name}").get_data(as_text=True)
    assert text.startswith(f"{name}(")
    assert json.loads(text[len(name) + 1 : -1]) == TOLD.body


def test_jsonp_without_a_name_has_one() -> None:
    assert answered("format=jsonp").get_data().startswith(b"callback({")


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "alert(1)//", "a.", "a..b", "a[", "a;b", "č", "function", "a.delete",
             "x" * 200, "a\n"],
)  # fmt: skip
def test_jsonp_calls_nothing_else(name: str) -> None:
    with APP.test_request_context("/", query_string={"callback": name}):
        form = forms.chosen(request, rows=True)
        with pytest.raises(BadParameter, match="JSONP callback name is invalid"):
            form.write(TOLD, request.args)


def test_jsonp_is_a_script_in_any_engine() -> None:
    told = forms.Told({"text": "a\u2028b\u2029c"})
    content = answered("format=jsonp", told=told).get_data()
    assert content == b'callback({"text":"a\\u2028b\\u2029c"})'


def test_csv_has_the_columns_asked_for() -> None:
    text = answered("format=csv").get_data(as_text=True)
    assert text.endswith("\r\n")
    lines = list(csv.reader(io.StringIO(text, newline="")))
    assert lines == [
        list(COLUMNS),
        ["2000-01-01T00:00:00Z", "2000-01-01T00:30:00Z", "2", "1.5", ""],
        ["2000-01-01T01:30:00Z", "2000-01-01T01:30:00Z", "0", "", ""],
    ]


def test_csv_quotes_what_is_no_number() -> None:
    points = [{"t": "2000-01-01T00:00:00Z", "v": value} for value in ('a,"b"', {"x": [1]}, None)]
    told = forms.Told({"datapoints": points, "meta": {"next": None}}, ("t", "v"))
    lines = list(csv.reader(io.StringIO(answered("format=csv", told=told).get_data(as_text=True))))
    assert [cells[1] for cells in lines] == ["v", 'a,"b"', '{"x":[1]}', ""]


def test_csv_without_datapoints_is_its_header() -> None:
    told = forms.Told({"datapoints": [], "meta": {"next": None}}, ("t", "v"))
    assert answered("format=csv", told=told).get_data() == b"t,v\r\n"


def test_ndjson_is_a_datapoint_a_line() -> None:
    lines = answered("format=ndjson").get_data().splitlines()
    assert [json.loads(line) for line in lines] == POINTS


@pytest.mark.parametrize(
    ("query", "link"),
    [
        ("format=csv", '</next?a=1&b>; rel="next"'),
        ("format=ndjson", '</next?a=1&b>; rel="next"'),
        ("format=json", None),
    ],
)
def test_rows_have_the_next_page_in_a_header(query: str, link: str | None) -> None:
    assert answered(query).headers.get("Link") == link


LONG = forms.Told({"datapoints": [], "text": "ab" * 1000, "meta": {"next": None}})


def test_a_long_answer_is_packed_for_who_asks() -> None:
    packed = answered(told=LONG, Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.get_data())) == LONG.body


@pytest.mark.parametrize(
    ("told", "encoding"), [(TOLD, "gzip"), (LONG, "br"), (LONG, "gzip;q=0"), (LONG, "identity")]
)
def test_other_answers_are_not_packed(told: forms.Told, encoding: str) -> None:
    answer = answered(told=told, Accept_Encoding=encoding)
    assert "Content-Encoding" not in answer.headers
    assert json.loads(answer.get_data()) == told.body


def test_caches_are_told_what_an_answer_depends_on() -> None:
    assert {"Accept", "Accept-Encoding"} <= set(answered().vary)


def test_an_ajax_answer_is_not_cached() -> None:
    answer = answered(X_Requested_With="XMLHttpRequest")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Cache-Control" not in answered().headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_a_client_has_is_not_sent_again(encoding: str) -> None:
    first = answered(lasting=True, told=LONG, Accept_Encoding=encoding)
    tag = first.headers["ETag"]
    again = answered(lasting=True, told=LONG, Accept_Encoding=encoding, If_None_Match=tag)
    assert (again.status_code, again.headers["ETag"]) == (304, tag)
    assert "Content-Encoding" not in again.headers


def test_another_answer_has_another_tag() -> None:
    tags = {
        answered(lasting=True, told=told, Accept_Encoding=encoding).headers["ETag"]
        for told in (TOLD, LONG)
        for encoding in ("gzip", "identity")
    }
    assert len(tags) == 3
    stale = answered(lasting=True, If_None_Match='"old"')
    assert (stale.status_code, json.loads(stale.get_data())) == (200, TOLD.body)


def test_an_answer_that_may_change_has_no_tag() -> None:
    assert "ETag" not in answered().headers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "<response />"),
        ({"b": 1, "a": "x"}, '<response><a>x</a><b type="integer">1</b></response>'),
        ({"a": 1.5}, '<response><a type="float">1.5</a></response>'),
        ({"a": True, "b": None},
            '<response><a type="boolean">True</a><b type="null" /></response>'),
        ({"a": {"b": "<&>"}},
            '<response><a type="hash"><b>&lt;&amp;&gt;</b></a></response>'),
        ({"a": ["y", "x"]},
            '<response><a type="list"><value>y</value><value>x</value></a></response>'),
        ({"a": ["y", {}]},
            '<response><a type="list"><object type="hash" /><value>y</value></a></response>'),
        ({"a": [[]]},
            '<response><a type="list"><objects type="list" /></a></response>'),
        ({"a b": "x"}, '<response><entry key="a b">x</entry></response>'),
        ({"": 'q"'}, '<response><entry key="">q"</entry></response>'),
        ({"1": "x"}, '<response><entry key="1">x</entry></response>'),
        ({"a:b": "x"}, '<response><entry key="a:b">x</entry></response>'),
        ({"višina": "\x00\ud800"}, "<response><višina>\ufffd\ufffd</višina></response>"),
    ],
)  # fmt: skip
def test_json_has_a_form_in_xml(value: Any, expected: str) -> None:
    declaration, _, text = xml.dumps(value).decode().partition("\n")
    assert declaration == "<?xml version='1.0' encoding='utf-8'?>"
    assert text == expected


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.from_regex(r"\w[\w.:-]*", fullmatch=True), JSON_VALUES))
def test_xml_is_always_well_formed(value: dict[str, Any]) -> None:
    root = ElementTree.fromstring(xml.dumps(value))
    assert len(root) == len(value)
