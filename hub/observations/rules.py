"""Rules between the columns of a row: a small vocabulary, read from data, run as functions.

A rule is ``{"id", "when": [condition …], "then": demand, "message"}`` and may state its
``severity``. Its conditions hold together; each is one of

* ``{"column", "is": name}``, ``{"column", "in": [name …]}``
* ``{"column", "group": [group …]}``: the column holds a characteristic of one of these groups
* ``{"column", "present": true}``, ``{"column", "absent": true}``

and its demand one of

* ``{"requires": [column …]}``, ``{"forbids": [column …]}``: a finding for each that offends
* ``{"one_of": [column …]}``: exactly one of them is there
* ``{"any_of": [[column …] …]}``: one of these sets is complete
* ``{"among": {"column", "values"}}``, ``{"range": {"column", "minimum"?, "maximum"?}}``: where
  the column is there (a range: and is a number)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.observations.columns import BY_NAME
from hub.observations.findings import Finding, Severity
from hub.observations.tables import GROUPS, load

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Demand = Callable[[Row], list[Finding]]
Report = Callable[[str | None, Any], Finding]

NO_FINDINGS: list[Finding] = []


@dataclass(frozen=True, slots=True)
class Condition:
    """``values`` is what the column may hold; without it ``present`` is what is asked."""

    column: str
    values: frozenset[str] | None = None
    present: bool = True

    def holds(self, row: Row) -> bool:
        if self.values is None:
            return (self.column in row) is self.present
        return row.get(self.column) in self.values


@dataclass(frozen=True, slots=True)
class Rule:
    """``demand`` is asked where every condition holds."""

    id: str
    severity: Severity
    message: str
    conditions: tuple[Condition, ...]
    demand: Demand


def read(name: str, severity: Severity = "error") -> tuple[Rule, ...]:
    """The rules of one data file, of this severity where they state none."""
    return tuple(parsed(entry, severity) for entry in load(name))


def parsed(entry: dict[str, Any], severity: Severity = "error") -> Rule:
    """One rule as a function.

    Raises:
        ValueError: it uses a word, a column or a group that there is not.
    """
    level: Severity = entry.get("severity", severity)
    id_, message = entry["id"], entry["message"]

    def report(column: str | None, value: Any) -> Finding:
        return Finding(column, value, id_, message, level)

    conditions = tuple(_condition(each) for each in entry["when"])
    return Rule(id_, level, message, conditions, _demand(entry["then"], report))


def _condition(entry: dict[str, Any]) -> Condition:
    column = _known(entry["column"])
    match entry:
        case {"is": value}:
            return Condition(column, frozenset([value]))
        case {"in": values}:
            return Condition(column, frozenset(values))
        case {"group": groups}:
            return Condition(column, frozenset[str]().union(*(_group(each) for each in groups)))
        case {"present": True}:
            return Condition(column)
        case {"absent": True}:
            return Condition(column, present=False)
        case _:
            raise ValueError(f"no condition: {entry}")


def _demand(entry: dict[str, Any], report: Report) -> Demand:
    match entry:
        case {"requires": columns}:
            return _requires([_known(each) for each in columns], report)
        case {"forbids": columns}:
            return _forbids([_known(each) for each in columns], report)
        case {"one_of": columns}:
            return _one_of([_known(each) for each in columns], report)
        case {"any_of": sets}:
            return _any_of([frozenset(map(_known, each)) for each in sets], report)
        case {"among": {"column": column, "values": values}}:
            return _among(_known(column), frozenset(values), report)
        case {"range": bounds}:
            return _range(_known(bounds["column"]), bounds, report)
        case _:
            raise ValueError(f"no demand: {entry}")


def _known(column: str) -> str:
    if column not in BY_NAME:
        raise ValueError(f"no column: {column}")
    return column


def _group(name: str) -> frozenset[str]:
    if name not in GROUPS:
        raise ValueError(f"no group: {name}")
    return GROUPS[name]


def _requires(columns: list[str], report: Report) -> Demand:
    return lambda row: [report(column, None) for column in columns if column not in row]


def _forbids(columns: list[str], report: Report) -> Demand:
    return lambda row: [report(column, row[column]) for column in columns if column in row]


def _one_of(columns: list[str], report: Report) -> Demand:
    def demand(row: Row) -> list[Finding]:
        there = [column for column in columns if column in row]
        if len(there) == 1:
            return NO_FINDINGS
        return [report(column, row[column]) for column in there[1:]] or [report(columns[0], None)]

    return demand


def _any_of(sets: list[frozenset[str]], report: Report) -> Demand:
    first = sorted(sets[-1])[0]

    def demand(row: Row) -> list[Finding]:
        if any(row.keys() >= each for each in sets):
            return NO_FINDINGS
        return [report(first, None)]

    return demand


def _among(column: str, values: frozenset[str], report: Report) -> Demand:
    def demand(row: Row) -> list[Finding]:
        if column not in row or row[column] in values:
            return NO_FINDINGS
        return [report(column, row[column])]

    return demand


def _range(column: str, bounds: Mapping[str, float], report: Report) -> Demand:
    low, high = bounds.get("minimum", float("-inf")), bounds.get("maximum", float("inf"))

    def demand(row: Row) -> list[Finding]:
        value = row.get(column)
        if type(value) not in (int, float) or low <= value <= high:  # type: ignore[operator]
            return NO_FINDINGS
        return [report(column, value)]

    return demand


class Engine:
    """Runs rules, looking only at those whose first condition may hold."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_value: dict[str, dict[str, list[Rule]]] = {}
        self._others: list[Rule] = []
        for rule in rules:
            self._place(rule)

    def _place(self, rule: Rule) -> None:
        first = next((each for each in rule.conditions if each.values is not None), None)
        if first is None or first.values is None:
            self._others.append(rule)
            return
        by_value = self._by_value.setdefault(first.column, {})
        for value in first.values:
            by_value.setdefault(value, []).append(rule)

    def findings(self, row: Row) -> list[Finding]:
        """What the rules find in a row whose values are hashable, in the order of the files."""
        found: list[Finding] = []
        for rule in self._others:
            if all(each.holds(row) for each in rule.conditions):
                found += rule.demand(row)
        for column, by_value in self._by_value.items():
            for rule in by_value.get(row.get(column), ()):  # type: ignore[arg-type]
                if all(each.holds(row) for each in rule.conditions):
                    found += rule.demand(row)
        return found
