"""The schema as data: what the files in ``data/`` hold, read once.

``columns.json``: the 42 columns in schema order, each with its kind and limits.
``enumerations.json``: names by enumeration. A ``closed`` one is known in full, and another name is
an error. The others are a selection of the names in use: another name is a warning, because a
laboratory may well have a unit or an equipment that nobody has listed here. Those who miss one
add it to the file.
``characteristics.json``: characteristics by group. It is not closed either; the groups are what
the rules ask for, so a characteristic outside the file escapes them.
``activity_groups.json``: the group of an activity type, by its name, else by how it begins.
``dependencies.json``, ``rules.json`` (errors) and ``quality.json`` (warnings): see
``hub.observations.rules``. Each rule has an ``id`` that stays, and a sentence for a person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

CHARACTERISTIC = "CharacteristicName"


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The names a column takes. ``folded`` finds one whatever its case, where only one is meant."""

    name: str
    closed: bool
    names: frozenset[str]
    folded: dict[str, str]


def load(name: str) -> Any:
    """The content of one data file."""
    return json.loads((files("hub.observations") / "data" / name).read_text("utf-8"))


def _enumeration(name: str, names: list[str], closed: bool) -> Enumeration:
    folded: dict[str, str] = {}
    ambiguous = set()
    for value in names:
        if folded.setdefault(value.casefold(), value) != value:
            ambiguous.add(value.casefold())
    unique = {key: value for key, value in folded.items() if key not in ambiguous}
    return Enumeration(name, closed, frozenset(names), unique)


GROUPS: dict[str, frozenset[str]] = {
    group: frozenset(names) for group, names in load("characteristics.json").items()
}
"""The known characteristics by group. One may be in several."""

ENUMERATIONS: dict[str, Enumeration] = {
    name: _enumeration(name, entry["values"], entry["closed"])
    for name, entry in load("enumerations.json").items()
}
ENUMERATIONS[CHARACTERISTIC] = _enumeration(
    CHARACTERISTIC, sorted(frozenset[str]().union(*GROUPS.values())), closed=False
)
