"""Series for tests: documents stored as if they had arrived at given times, asked for over HTTP."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.settings import Settings
from hub.wiring import open_hub
from tests.conftest import Access

START = 1_600_000_000
FIELD = "wind.speed"
BLOCK = itertools.count()
"""Numbers the calls that store documents; it is in their ids, so that none comes twice."""
Points = list[tuple[int, Any]]


def store(database: Database, dataset: Access, points: Points, **more: Any) -> None:
    """Documents that arrived at given seconds, in the order given."""
    documents = [
        {
            "_id": ObjectId(at.to_bytes(4, "big") + place.to_bytes(8, "big")),
            "wind": {"speed": value},
            **more,
            "_datasetid": dataset.uuid,
            "_timestamp": at,
        }
        for place, (at, value) in enumerate(points, next(BLOCK) * 1_000_000)
    ]
    database.documents.insert_many(documents)


def ask(client: FlaskClient, dataset: Access, **params: Any) -> TestResponse:
    query = {"field": FIELD, **params}
    return client.get(f"{dataset.url}series/", query_string=query, auth=dataset.auth)


def told(client: FlaskClient, dataset: Access, **params: Any) -> dict[str, Any]:
    answer = ask(client, dataset, **params)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def shown(client: FlaskClient, dataset: Access, **params: Any) -> list[Any]:
    return [point["v"] for point in told(client, dataset, **params)["datapoints"]]


def random_points(kind: str, count: int = 3000, seed: int = 1) -> Points:
    """Times with duplicates and gaps, values with nulls, about a large offset where floats."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0, 1, 1, 7, 40], count)
    steps[rng.integers(0, count, 8)] = rng.integers(1000, 100_000, 8)
    at = (START + np.cumsum(steps)).tolist()
    if kind == "integers":
        values: list[Any] = (10**9 + rng.integers(-5, 5, count)).tolist()
    elif kind == "floats":
        values = (1e9 + rng.normal(size=count)).tolist()
    else:
        values = [int(v) if v % 2 else v / 10 for v in rng.integers(-99, 99, count).tolist()]
    for index in rng.integers(0, count, count // 20).tolist():
        values[index] = None
    return list(zip(at, values, strict=True))


def same(found: list[Any], wanted: list[Any]) -> None:
    """Equal datapoints: times, nulls and integers exactly, floats but for the last digits."""
    assert len(found) == len(wanted)
    for got, expected in zip(found, wanted, strict=True):
        assert got["t"] == expected["t"]
        if not isinstance(expected["v"], dict):
            assert (got["v"], type(got["v"])) == (expected["v"], type(expected["v"]))
            continue
        assert got["v"].keys() == expected["v"].keys()
        for letter, value in expected["v"].items():
            loose = {"rel": 1e-6, "abs": 1e-6} if letter == "d" else {"rel": 1e-12, "abs": 1e-9}
            close = pytest.approx(value, **loose) if type(value) is float else value
            assert got["v"][letter] == close, letter
            mixed = letter in "lu" and type(expected["v"].get("s")) is float
            assert mixed or type(got["v"][letter]) is type(value), letter


def truth(values: list[Any]) -> dict[str, Any]:
    """The seven downsamplers of some values, by exact or two-pass arithmetic."""
    numbers = [value for value in values if value is not None]
    if not numbers:
        return {"c": 0, **dict.fromkeys("dlmqsu")}
    whole = all(type(number) is int for number in numbers)
    squares = sum(n * n for n in numbers)
    return {
        "c": len(numbers),
        "s": sum(numbers) if whole else math.fsum(numbers),
        "m": math.fsum(numbers) / len(numbers),
        "l": min(numbers),
        "u": max(numbers),
        "q": squares if whole and squares < 2**63 else float(squares),
        "d": float(np.std(np.array(numbers) - numbers[0])),
    }


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def hub_with(settings: Settings, **changed: object) -> Iterator[FlaskClient]:
    """Another hub over the same database."""
    own = replace(settings, **changed)
    hub = open_hub(own)
    yield create_app(own, hub.services).test_client()
    hub.close()
