"""The query corpus, read from its files; the guard and the HTTP tests share it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Hostile:
    """A query that must be refused, even to an analyst.

    ``operator`` and ``path`` are what the error names; None when there is nothing to name.
    """

    name: str
    position: str
    query: Any
    operator: str | None
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """A query that must be accepted, and the documents it gives out of ``documents``."""

    name: str
    position: str
    query: Any
    analyst: bool
    expected: list[Any]


def read(name: str) -> Any:
    """One JSON file of this folder."""
    return json.loads((HERE / name).read_text("utf-8"))


def grown(value: Any) -> Any:
    """Write out the generators in a case.

    ``{"repeat": {"times": n, "wrap": w, "inside": x}}`` nests: each ``"@"`` in ``w`` is the
    step before, the first one ``x``. ``{"repeat": {"times": n, "item": x}}`` is an array of n
    items, ``{"repeat": {"times": n, "key": "k", "item": x}}`` an object of n keys ``k0…``, and
    ``{"repeat": {"times": n, "text": t}}`` a long string. Generators stand anywhere but inside
    another generator.
    """
    if isinstance(value, dict) and value.keys() == {"repeat"}:
        return _repeated(**value["repeat"])
    if isinstance(value, dict):
        return {key: grown(item) for key, item in value.items()}
    return [grown(item) for item in value] if isinstance(value, list) else value


def _repeated(times: int, **how: Any) -> Any:
    if "wrap" in how:
        value = how["inside"]
        for _ in range(times):
            value = _placed(how["wrap"], value)
        return value
    if "text" in how:
        return how["text"] * times
    if "key" in how:
        return {f"{how['key']}{at}": how["item"] for at in range(times)}
    return [how["item"]] * times


def _placed(wrap: Any, value: Any) -> Any:
    if wrap == "@":
        return value
    if isinstance(wrap, dict):
        return {key: _placed(item, value) for key, item in wrap.items()}
    return [_placed(item, value) for item in wrap] if isinstance(wrap, list) else wrap


def placed(position: str, example: Any) -> Any:
    """The query that holds an example: the filter itself, else a pipeline."""
    match position:
        case "query" | "stages":
            return example
        case "expressions":
            return [{"$project": {"value": example}}]
        case "group":
            return [{"$limit": 100}, {"$group": {"_id": "$station", "value": example}}]
        case _:
            return [{"$setWindowFields": {"sortBy": {"at": 1}, "output": {"value": example}}}]


def hostile() -> list[Hostile]:
    """Every hostile case, file by file."""
    return [
        Hostile(f"{file.stem}-{at}", **{**case, "query": grown(case["query"])})
        for file in sorted(HERE.glob("hostile/*.json"))
        for at, case in enumerate(json.loads(file.read_text("utf-8")))
    ]


def allowed() -> list[Allowed]:
    """Every allowed case, file by file."""
    return [
        Allowed(f"{file.stem}-{at}", **case)
        for file in sorted(HERE.glob("allowed/*.json"))
        for at, case in enumerate(json.loads(file.read_text("utf-8")))
    ]
