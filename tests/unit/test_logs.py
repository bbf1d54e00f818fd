"""What a log looks like, whoever wrote the text in it."""

from __future__ import annotations

import logging
import sys

import pytest

from hub.logs import Indented

MOMENT = 1_700_000_000.0
HEAD = "2023-11-14T22:13:20Z WARNING hub.api"


def record(text: str) -> logging.LogRecord:
    made = logging.LogRecord("hub.api", logging.WARNING, "", 0, "refused: %s", (text,), None)
    made.created = MOMENT
    return made


def written(text: str) -> str:
    return Indented().format(record(text))


def test_a_record_begins_with_its_moment_in_utc_its_level_and_who_says_it() -> None:
    assert written("a text") == f"{HEAD} refused: a text"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nERROR b", "a\n\tERROR b"),
        ("a\r\nb", "a\\r\n\tb"),
        ("a\rb", "a\\rb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a\\x0bb\\x0cc\\x85d\\u2028e\\u2029f"),
        ("\u202etxt", "\\u202etxt"),
        ("\ud800", "\\ud800"),
        ("a\tb 25 °C 온도 🌡", "a\tb 25 °C 온도 🌡"),
    ],
)
def test_text_from_outside_begins_no_line_and_steers_no_terminal(text: str, shown: str) -> None:
    assert written(text) == f"{HEAD} refused: {shown}"


def test_a_traceback_belongs_to_its_record() -> None:
    made = record("x")
    try:
        raise ValueError("a\n2023-11-14T22:13:21Z ERROR hub.api forged")
    except ValueError:
        made.exc_info = sys.exc_info()
    first, *rest = Indented().format(made).split("\n")
    assert first == f"{HEAD} refused: x"
    assert any("forged" in line for line in rest)
    assert all(line.startswith("\t") for line in rest)
