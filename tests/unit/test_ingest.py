"""Documents coming in: what is refused, where it stands, and that nothing is lost on the way."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadDocument, HubError, NotJson, TooLarge
from hub.ingest import read, rules
from hub.ingest.read import Bounds

BOUNDS = Bounds(depth_max=4, documents_max=5)

REFUSED = [
    (b'{"_x": 1}', "$._x", "'_'"),
    (b'{"a": {"$set": 1}}', "$.a.$set", "'$'"),
    (b'{"a": [0, {"": 1}]}', "$.a[1].", "empty"),
    (b'{"a\\u0000b": 1}', "$.a\\u0000b", "NUL"),
    (b'{"a.b": 1}', "$.a.b", "'.'"),
    (b'{"a": NaN}', "$.a", "NaN"),
    (b'{"a": [1, -Infinity]}', "$.a[1]", "Infinity"),
    (b'{"a": 1e999}', "$.a", "Infinity"),
    (b'{"a": 9223372036854775808}', "$.a", "64 bits"),
    (b'{"a": -9223372036854775809}', "$.a", "64 bits"),
    (b'{"a": 18446744073709551616}', "$.a", "64 bits"),
    (b'{"a": ' + b"9" * 5000 + b"}", "$.a", "64 bits"),
    (b'{"a": 1, "a": 2}', "$.a", "twice"),
    (b'{"o": {"a": 1, "b": 2, "a": 3}}', "$.o.a", "twice"),
    (b'{"a": 1, "a": "x", "b": "\\u003a"}', "$.a", "twice"),
    (b'{"a": 1, "\\u0061": 2}', "$.a", "twice"),
    (b'{"a": "\\ud800"}', "$.a", "surrogate"),
    (b'{"a": {"b": {"c": {"d": 1}}}}', "$.a.b.c", "deeper"),
    (b"[1]", "$", "object"),
    (b"5", "$", "object"),
    (b"NaN", "$", "object"),
]


@pytest.mark.parametrize(("body", "path", "words"), REFUSED)
def test_a_document_is_refused_with_its_path(body: bytes, path: str, words: str) -> None:
    bounds = Bounds(depth_max=3) if b'"d"' in body else Bounds()
    with pytest.raises(BadDocument, match=re.escape(words)) as refusal:
        read.one(body, bounds)
    assert refusal.value.detail["path"] == path


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": 01}', b'{"a": "\xff"}', b"{'a': 1}", b'{"a":1} {"b":2}', b"\xef\xbb\xbf{}"],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        read.one(body, BOUNDS)


@pytest.mark.parametrize("depth", [40, 1_000, 3_000, 500_000])
def test_a_deep_document_is_refused_in_no_time(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    with pytest.raises((BadDocument, NotJson), match=r"nested|read"):
        read.one(body, Bounds())


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 9223372036854775807, "b": -9223372036854775808}',
        b'{"a": 1e300, "b": 123456789012345678901234567890.5, "c": 0.12345678901234567890}',
        b'{"a": "x:y", "b": {"c:d": [1, ":"]}}',
        b'{"a": "\\u003a"}',
        b'{"a": "\\u0000 is fine in a value", "\xc3\xa4": null}',
        b"{}",
    ],
)
def test_what_looks_doubtful_and_is_not_is_taken_whole(body: bytes) -> None:
    assert read.one(body, Bounds()) == json.loads(body)


def test_a_batch_has_a_verdict_for_each_document() -> None:
    verdicts = read.array(b'[{"a": NaN}, {"b": 1}, 7, {"c": 1, "c": 2}]', BOUNDS)
    assert [isinstance(verdict, dict) for verdict in verdicts] == [False, True, False, False]


def test_lines_are_judged_one_by_one_and_blank_ones_are_skipped() -> None:
    verdicts = read.lines(b'{"a":1}\r\n\n{"b":\n  \n{"c":2},{"d":3}\n{"e":4}', BOUNDS)
    assert [type(verdict) for verdict in verdicts] == [dict, NotJson, NotJson, dict]


def test_lines_that_would_join_to_an_array_are_not_joined() -> None:
    verdicts = read.lines(b'{"a":1\n"b":2}\n{"c":1},{"d":2}', BOUNDS)
    assert not any(isinstance(verdict, dict) for verdict in verdicts)


@pytest.mark.parametrize("reader", [read.array, read.lines])
def test_a_batch_is_bounded(reader: object) -> None:
    body = b"[{},{},{},{},{},{}]" if reader is read.array else b"{}\n" * 6
    with pytest.raises(TooLarge) as refusal:
        reader(body, BOUNDS)  # type: ignore[operator]
    assert refusal.value.detail["max"] == 5


def test_a_batch_must_be_an_array() -> None:
    with pytest.raises(NotJson):
        read.array(b'{"a": 1}', BOUNDS)


NAMES = st.text(st.characters(exclude_characters="\0.", exclude_categories=["Cs"]), min_size=1)
GOOD_NAMES = NAMES.filter(lambda name: name[0] not in "_$")
SCALARS = (
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers(rules.INT_MIN, rules.INT_MAX) | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda value: st.lists(value, max_size=4) | st.dictionaries(GOOD_NAMES, value, max_size=4),
)
UNCHECKED = st.recursive(
    SCALARS | st.just(math.nan) | st.just(1 << 70),
    lambda value: st.lists(value) | st.dictionaries(st.text(max_size=3), value),
)


@given(st.dictionaries(GOOD_NAMES, VALUES, max_size=6), st.booleans())
def test_every_allowed_document_is_read_as_it_was_written(document: dict, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert read.one(body, Bounds()) == document


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0a1e9.NaIn_$ \n').map(str.encode))
def test_garbage_never_raises_anything_but_the_hubs_errors(body: bytes) -> None:
    for reader in (read.one, read.array, read.lines):
        try:
            found = reader(body, Bounds())
        except HubError:
            continue
        documents = (
            [found] if isinstance(found, dict) else [d for d in found if isinstance(d, dict)]
        )
        assert all(rules.fits(document, Bounds().depth_max) for document in documents)


@given(UNCHECKED)
def test_the_fast_rules_let_nothing_through_that_the_exact_ones_refuse(value: object) -> None:
    if rules.fits({"v": value}, 10):
        rules.explain({"v": value}, 10)
