"""The page on observations names every column and every rule there is."""

from __future__ import annotations

import re

from hub.observations.check import RULES
from hub.observations.columns import COLUMNS
from tests.live import ROOT

PAGE = (ROOT / "docs" / "observations.md").read_text("utf-8")
SOURCES = ("cells.py", "check.py", "csv_rows.py")
FINDING = re.compile(r'Finding\([^()]*?, "([a-z_]+)", (?:f?"|message)')


def table(heading: str) -> list[list[str]]:
    """The cells of the rows under a heading."""
    text = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def rules() -> dict[str, str]:
    """The severity of every rule on the page."""
    return {
        name.strip("` "): severity
        for names, severity, _ in table("Rules")
        for name in names.split(",")
    }


def test_every_column_stands_in_order_with_whether_it_is_needed():
    shown = [(cells[0].strip("`"), cells[2] == "yes") for cells in table("Columns")]
    assert shown == [(column.name, column.required) for column in COLUMNS]


def test_every_bound_of_text_stands():
    takes = {cells[0].strip("`"): cells[1] for cells in table("Columns")}
    for column in COLUMNS:
        if column.kind == "text":
            assert f"at most {column.length_max:,}" in takes[column.name]


def test_every_rule_between_columns_stands_with_its_severity():
    shown = rules()
    assert {rule.id: shown.get(rule.id) for rule in RULES} == {r.id: r.severity for r in RULES}


def test_every_other_rule_stands():
    folder = ROOT / "hub" / "observations"
    found = set()
    for name in SOURCES:
        found |= set(FINDING.findall((folder / name).read_text("utf-8")))
    assert len(found) > 12
    assert found <= rules().keys()
