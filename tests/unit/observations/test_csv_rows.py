"""CSV files: the header, the rows, and going on at a byte."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.observations.columns import NAMES, REQUIRED
from hub.observations.csv_rows import LINE_BYTES_MAX, Row, read

HEAD = [name for name in NAMES if name in REQUIRED] + ["ResultComment"]
HEADER = ",".join(HEAD)
COMMENT = len(HEAD) - 1


def line(comment: str) -> str:
    return ",".join(["x"] * COMMENT + [comment])


def file(*lines: str, end: str = "\n", start: bytes = b"") -> bytes:
    return start + "".join(text + end for text in lines).encode()


def rows(content: bytes, *, row: int = 1, offset: int = 0) -> list[Row]:
    return list(read(io.BytesIO(content), row=row, offset=offset).rows)


def comments(content: bytes) -> list[tuple[int, str]]:
    return [(row.number, row.cells["ResultComment"]) for row in rows(content)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_rows_are_read_whatever_the_line_ends_and_the_mark(end: str, start: bytes) -> None:
    assert comments(file(HEADER, line("a"), line("b"), end=end, start=start)) == [
        (2, "a"),
        (3, "b"),
    ]


def test_a_row_has_its_cells_by_column() -> None:
    (row,) = rows(file(HEADER, line("a")))
    assert row.cells == dict.fromkeys(HEAD, "x") | {"ResultComment": "a"}
    assert row.findings == []


def test_the_columns_may_stand_in_any_order() -> None:
    table = read(io.BytesIO(file(",".join(reversed(HEAD)), ",".join(map(str, range(len(HEAD)))))))
    assert table.findings == []
    assert next(table.rows).cells["ResultComment"] == "0"


def test_the_last_line_needs_no_end() -> None:
    assert comments(file(HEADER, line("a")).rstrip(b"\n")) == [(2, "a")]


def test_quotes_may_hold_commas_quotes_and_line_ends() -> None:
    content = file(HEADER, line('"a, ""b""\r\nc"'), line("d"))
    assert comments(content) == [(2, 'a, "b"\r\nc'), (3, "d")]


def test_blank_rows_are_left_out_and_counted() -> None:
    content = file(HEADER, line("a"), "", "," * COMMENT, line("b"))
    assert comments(content) == [(2, "a"), (5, "b")]


def test_the_offset_is_the_byte_after_the_row() -> None:
    content = file(HEADER, line("é"), line("b"), start=b"\xef\xbb\xbf")
    first, last = rows(content)
    assert content[first.offset :] == (line("b") + "\n").encode()
    assert last.offset == len(content)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (HEADER + ",Colour", [("Colour", "unknown_column")]),
        (HEADER + ",", [(None, "unknown_column")]),
        (HEADER + ",ResultComment", [("ResultComment", "repeated_column")]),
        (HEADER.replace("ActivityType,", ""), [("ActivityType", "missing_column")]),
        (HEADER.replace(",", ";"), [(None, "separator")]),
        (HEADER.replace(",", "\t"), [(None, "separator")]),
        (HEADER + ',"Res', [(None, "malformed")]),
        ("", [(None, "no_header")]),
    ],
)
def test_a_wrong_header_is_found_and_gives_no_rows(
    head: str, found: list[tuple[str | None, str]]
) -> None:
    table = read(io.BytesIO(file(head, line("a"))))
    assert [(f.column, f.rule) for f in table.findings] == found
    assert list(table.rows) == []


def test_an_unknown_column_is_told_the_nearest() -> None:
    table = read(io.BytesIO(file(HEADER + ",resultvalue")))
    assert "ResultValue" in table.findings[0].message


@pytest.mark.parametrize("content", [b"", file(HEADER).decode().encode("utf-16")])
def test_a_file_that_is_no_text_has_a_wrong_header(content: bytes) -> None:
    assert [f.severity for f in read(io.BytesIO(content)).findings] == ["error"]


@pytest.mark.parametrize("text", [line("a") + ",b", "x,y"])
def test_a_row_with_other_cells_than_the_header_is_found(text: str) -> None:
    bad, good = rows(file(HEADER, text, line("a")))
    assert [f.rule for f in bad.findings] == ["cells"]
    assert good.findings == []


def test_a_row_that_is_not_utf8_is_found_and_no_other() -> None:
    content = file(HEADER, line("a"), line("?"), line("b")).replace(b"?", b"\xe9")
    assert [[f.rule for f in row.findings] for row in rows(content)] == [[], ["encoding"], []]


@pytest.mark.parametrize(
    "text", [line('"a"b'), line('"never closed'), line("a" * (LINE_BYTES_MAX + 1))]
)
def test_after_what_is_no_csv_nothing_is_read(text: str) -> None:
    found = rows(file(HEADER, line("a"), text, line("b"), line("c")))
    assert [(row.number, [f.rule for f in row.findings]) for row in found] == [
        (2, []),
        (3, ["malformed"]),
    ]


def test_line_ends_of_old_macs_are_told_as_what_they_are() -> None:
    table = read(io.BytesIO(file(HEADER, line("a")).replace(b"\r\n", b"\n").replace(b"\n", b"\r")))
    assert [finding.message for finding in table.findings] == [
        "no CSV from here on: a line ends in CR alone"
    ]


def test_a_quote_that_is_never_closed_does_not_read_the_whole_file() -> None:
    content = file(HEADER, line('"open'), *[line("a")] * 200_000)
    stream = io.BytesIO(content)
    list(read(stream).rows)
    assert stream.tell() < len(content) / 4


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(CELLS, max_size=20), st.data())
def test_a_reader_goes_on_after_any_row(texts: list[str], data: st.DataObject) -> None:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEAD)
    writer.writerows(["x"] * COMMENT + [text] for text in texts)
    content = written.getvalue().encode()
    whole = rows(content)
    assert [row.cells["ResultComment"] for row in whole] == texts
    done = data.draw(st.integers(0, len(whole)))
    place = (whole[done - 1].number, whole[done - 1].offset) if done else (1, 0)
    assert rows(content, row=place[0], offset=place[1]) == whole[done:]
