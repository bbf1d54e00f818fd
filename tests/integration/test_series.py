"""A dataset's field as a series: against a stream of the same datapoints, NumPy, and attacks."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from bson import Decimal128, Int64, ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.series.levels import LEVELS, ROLLUPS, Level
from hub.series.names import STORED_VALUES, VALUE_LETTERS
from hub.services import Services, scopes
from hub.services.permits import Allowance
from hub.services.queries import Budgets
from hub.services.streams.readings import ReadLimits
from hub.settings import Settings
from hub.values import Reach
from hub.wiring import open_hub
from tests.conftest import Access
from tests.streams import Streams

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


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


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


def of_a_stream(
    streams: Streams, client: FlaskClient, points: Points, params: dict[str, Any], **changes: Any
) -> dict[str, Any]:
    """What a stream answers that was given the same datapoints."""
    stream = streams.new(**changes)
    streams.append(stream, points)
    answer = client.get(f"/api/v1/stream/{stream.uuid}/", query_string=params)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


KINDS = ["integers", "floats", "mixed"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", ROLLUPS, ids=lambda level: level.name)
def test_every_level_is_that_of_a_stream_whose_datapoints_are_one_level_finer(
    client: FlaskClient, database: Database, dataset: Access, streams: Streams,
    kind: str, level: Level,
) -> None:  # fmt: skip
    points = random_points(kind)
    store(database, dataset, points)
    params = {"granularity": level.name, "limit": 10_000}
    highest = LEVELS[level.rank - 1].name
    wanted = of_a_stream(streams, client, points, params, highest=highest)
    found = told(client, dataset, **params)
    same(found["datapoints"], wanted["datapoints"])
    assert len(found["datapoints"]) > 0
    assert found["meta"]["total_count"] == wanted["meta"]["total_count"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_every_level_has_the_values_of_a_stream_in_seconds(
    client: FlaskClient, database: Database, dataset: Access, streams: Streams,
    kind: str, level: Level,
) -> None:  # fmt: skip
    points = random_points(kind, seed=2)
    store(database, dataset, points)
    params = {"granularity": level.letter, "limit": 10_000}
    wanted = of_a_stream(streams, client, points, params)
    found = told(client, dataset, **params)
    if level.rank > 1:
        for point in (*found["datapoints"], *wanted["datapoints"]):
            del point["t"]["a"], point["t"]["m"], point["t"]["z"]
    same(found["datapoints"], wanted["datapoints"])
    assert {**found["query_params"], "granularity": level.name} == wanted["query_params"]


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", ROLLUPS, ids=lambda level: level.name)
def test_every_level_is_what_numpy_computes(
    client: FlaskClient, database: Database, dataset: Access, kind: str, level: Level
) -> None:
    points = random_points(kind, seed=3)
    store(database, dataset, points)
    at = np.array([time for time, _ in points])
    width = level.width_ms // 1000
    first, last = int(at[0] // width), int(at[-1] // width)
    numbers = range(first, min(last, first + 10_000))
    found = told(client, dataset, granularity=level.name, limit=10_000)
    assert found["meta"]["total_count"] == last - first
    wanted = []
    for number in numbers:
        chosen = np.flatnonzero(at // width == number).tolist()
        counted = [points[index][0] for index in chosen if points[index][1] is not None]
        middle = number * width + width // 2
        times = {
            "a": points[chosen[0]][0] if chosen else middle,
            "m": sum(counted) // len(counted) if counted else middle,
            "z": points[chosen[-1]][0] if chosen else middle,
        }
        t = {letter: iso(time) for letter, time in times.items()}
        wanted.append({"t": t, "v": truth([points[index][1] for index in chosen])})
    same(found["datapoints"], wanted)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


CALENDAR = [
    ("weeks", "UTC"), ("months", "UTC"), ("days", "Europe/Ljubljana"),
    ("months", "Asia/Kathmandu"), ("weeks", "America/St_Johns"),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "zone"), CALENDAR)
def test_days_weeks_and_months_follow_a_calendar(
    client: FlaskClient, database: Database, dataset: Access, unit: str, zone: str
) -> None:
    rng = np.random.default_rng(4)
    at = np.sort(START + rng.integers(0, 120 * 86_400, 2000)).tolist()
    points = list(zip(at, rng.integers(0, 99, 2000).tolist(), strict=True))
    store(database, dataset, points)

    def bucket(time: int) -> Any:
        local = datetime.fromtimestamp(time, ZoneInfo(zone))
        return {
            "days": local.date(),
            "weeks": tuple(local.isocalendar())[:2],
            "months": (local.year, local.month),
        }[unit]

    held: dict[Any, Points] = {}
    for time, value in points:
        held.setdefault(bucket(time), []).append((time, value))
    finished = list(held.values())[:-1]
    found = told(client, dataset, granularity=unit, tz=zone, limit=1000)["datapoints"]
    assert [p["v"] for p in found] == [
        pytest.approx(truth([v for _, v in own]), rel=1e-9) for own in finished
    ]
    assert [p["t"]["m"] for p in found] == [iso(sum(t for t, _ in o) // len(o)) for o in finished]


def test_a_calendar_bucket_without_documents_is_its_middle(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    at = [int(datetime(2025, month, 5, tzinfo=UTC).timestamp()) for month in (1, 3)]
    store(database, dataset, [(time, 1) for time in at])
    found = told(client, dataset, granularity="months")["datapoints"]
    assert found[1] == {
        "t": dict.fromkeys("amz", "2025-02-15T00:00:00Z"),
        "v": {"c": 0, **dict.fromkeys("dlmqsu")},
    }


RANGES: list[dict[str, Any]] = [
    {},
    {"start": START + 125},
    {"start": START + 120, "end": START + 600},
    {"end": START + 599},
    {"start_exclusive": START + 125, "end_exclusive": START + 600},
    {"start_exclusive": START, "end": START},
    {"start": 0, "end": 2**37},
    {"start": -5, "end_exclusive": START},
    {"start": START + 10**7},
    {"start": START + 700, "end": START + 600},
    {"start": START + 125, "reverse": "true", "limit": 7},
    {"limit": 5, "offset": 12},
    {"limit": 5, "offset": 12, "reverse": "yes"},
    {"limit": 0},
    {"limit": 10, "offset": 10**6},
    {"limit": 10, "offset": 2**53},
    {"start": START + 125, "partial": "true"},
]


@pytest.fixture(scope="module")
def twins(services: Services, database: Database, streams: Streams) -> tuple[Access, str]:
    """A dataset and a stream of the same datapoints, none of them open to doubt."""
    made = services.datasets.create("a twin")
    dataset = Access(made.dataset.uuid, made.access.secret)
    points = [(START + 7 * n, None if n % 11 == 3 else n) for n in range(400)]
    points = [point for point in points if not START + 200 < point[0] < START + 420]
    store(database, dataset, points)
    stream = streams.new()
    streams.append(stream, points)
    return dataset, stream.uuid


@pytest.mark.parametrize("params", RANGES, ids=lambda params: urlencode(params) or "everything")
@pytest.mark.parametrize("granularity", ["seconds", "10seconds", "days"])
def test_a_range_and_a_page_are_those_of_a_stream(
    client: FlaskClient, twins: tuple[Access, str], params: dict[str, Any], granularity: str
) -> None:
    dataset, stream = twins
    asked = {"granularity": granularity, **params}
    wanted = json.loads(client.get(f"/api/v1/stream/{stream}/", query_string=asked).data)
    found = told(client, dataset, **asked)
    if granularity == "days":
        for point in (*found["datapoints"], *wanted["datapoints"]):
            del point["t"]
            point["t"] = {}
    same(found["datapoints"], wanted["datapoints"])
    assert found["query_params"] == wanted["query_params"]
    counts = ("total_count", "limit", "offset")
    assert [found["meta"][k] for k in counts] == [wanted["meta"][k] for k in counts]
    for link in ("next", "previous"):
        assert (found["meta"][link] is None) == (wanted["meta"][link] is None)


def test_the_answer_has_the_keys_of_a_stream_that_a_field_has(
    client: FlaskClient, twins: tuple[Access, str]
) -> None:
    dataset, stream = twins
    answer = told(client, dataset)
    of_stream = json.loads(client.get(f"/api/v1/stream/{stream}/").data)
    assert set(answer) - set(of_stream) == {"dataset", "field"}
    assert set(of_stream) - set(answer) == {"id", "resource_uri", "tags"}
    assert (answer["dataset"], answer["field"]) == (dataset.uuid, FIELD)
    for name in ("earliest_datapoint", "latest_datapoint", "highest_granularity", "value_type"):
        assert answer[name] == of_stream[name]


@pytest.mark.parametrize("granularity", ["seconds", "10seconds"])
@pytest.mark.parametrize("reverse", ["true", "false"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_pages_join_to_the_whole(
    client: FlaskClient, twins: tuple[Access, str], granularity: str, reverse: str, slash: str
) -> None:
    dataset, _ = twins
    params = {"field": FIELD, "granularity": granularity, "reverse": reverse}
    url = f"{dataset.url}series{slash}?{urlencode(params)}&limit=37"
    joined = []
    while url:
        page = json.loads(client.get(url, auth=dataset.auth).data)
        joined += page["datapoints"]
        url = page["meta"]["next"]
    assert joined == told(client, dataset, **params, limit=10_000)["datapoints"]
    assert len(joined) == page["meta"]["total_count"] > 200


def test_datapoints_of_one_second_stand_in_the_order_of_arrival(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    store(database, dataset, [(START, n) for n in range(30)])
    assert shown(client, dataset) == list(range(30))
    assert shown(client, dataset, reverse="1", limit=3, offset=2) == [27, 26, 25]


class Missing:
    """Stands for a document without the field."""


ODD: list[tuple[Any, Any]] = [
    (3, 3), (2.5, 2.5), (Int64(2**62), 2**62), (Decimal128("1.5"), 1.5),
    (Decimal128("1E-6000"), 0.0), (None, None), ("7", Missing), ("", Missing), (True, Missing),
    (False, Missing), ([1, 2], Missing), ([], Missing), ([None], Missing), ({"x": 1}, Missing),
    (datetime(2025, 1, 1, tzinfo=UTC), Missing), (ObjectId(), Missing), (float("nan"), Missing),
    (float("inf"), Missing), (-float("inf"), Missing), (Decimal128("NaN"), Missing),
    (Decimal128("1E+6000"), Missing),
]  # fmt: skip


@pytest.mark.parametrize(("stored", "value"), ODD, ids=lambda value: repr(value)[:20])
def test_a_datapoint_is_a_number_or_null_and_nothing_else(
    client: FlaskClient, database: Database, dataset: Access, stored: Any, value: Any
) -> None:
    store(database, dataset, [(START, 1), (START + 1, stored), (START + 2, 3), (START + 60, 4)])
    values = [1, 3, 4] if value is Missing else [1, value, 3, 4]
    found = told(client, dataset)
    assert [point["v"] for point in found["datapoints"]] == values
    assert found["meta"]["total_count"] == len(values)
    (minute,) = shown(client, dataset, granularity="minutes", end=START)
    assert minute == pytest.approx(truth(values[:-1]), rel=1e-12)


@pytest.mark.parametrize(
    "wind",
    [{}, 5, None, [], [{"speed": 1}], [{"speed": 1}, {"speed": 2}], {"Speed": 1}, {"speed": {}}],
    ids=repr,
)
def test_a_document_without_the_field_is_no_datapoint(
    client: FlaskClient, database: Database, dataset: Access, wind: Any
) -> None:
    store(database, dataset, [(START, 1)])
    store(database, dataset, [(START + 5, 0)], wind=wind)
    store(database, dataset, [(START + 60, 2)])
    assert shown(client, dataset) == [1, 2]
    (minute,) = shown(client, dataset, granularity="minutes", end=START)
    assert minute["c"] == 1


def test_the_ends_are_those_of_the_field_not_of_the_dataset(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    store(database, dataset, [(START - 999, "no number"), (START + 999, [1])])
    store(database, dataset, [(START, None), (START + 30, 1)])
    answer = told(client, dataset, granularity="10seconds")
    assert answer["earliest_datapoint"] == iso(START)
    assert answer["latest_datapoint"] == iso(START + 30)
    assert [point["v"]["c"] for point in answer["datapoints"]] == [0, 0, 0]


@pytest.mark.parametrize("granularity", ["seconds", "minutes", "weeks"])
def test_a_field_that_no_document_has_is_empty(
    client: FlaskClient, database: Database, dataset: Access, granularity: str
) -> None:
    store(database, dataset, [(START, "a text")])
    answer = told(client, dataset, granularity=granularity)
    assert (answer["datapoints"], answer["meta"]["total_count"]) == ([], 0)
    assert (answer["earliest_datapoint"], answer["latest_datapoint"]) == (None, None)


def test_only_finished_buckets_are_given_unless_the_open_one_is_asked_for(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    store(database, dataset, [(START, 1), (START + 10, 2)])
    assert [v["c"] for v in shown(client, dataset, granularity="S")] == [1]
    assert [v["c"] for v in shown(client, dataset, granularity="S", partial="true")] == [1, 1]


def test_a_silence_of_ten_years_is_counted_and_not_read(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    later = START + 10 * 365 * 86_400
    store(database, dataset, [(START, 1), (later, 2), (later + 10, 3)])
    answer = told(client, dataset, granularity="10seconds", limit=3, offset=10 * 365 * 8640 - 2)
    assert answer["meta"]["total_count"] == 10 * 365 * 8640 + 1
    assert [point["v"]["s"] for point in answer["datapoints"]] == [None, None, 2]


COMPUTED = ["median", "most_often", "least_often", "frequencies"]
INTERVALS = [f"intervals_{what}" for what in ("mean", "min", "max", "sum_squares", "std_dev")]


def test_downsamplers_that_do_not_merge_are_those_of_a_stream(
    client: FlaskClient, database: Database, dataset: Access, streams: Streams
) -> None:
    points = [(at, v if v is None else v % 5) for at, v in random_points("integers", seed=5)]
    store(database, dataset, points)
    params = {
        "granularity": "minutes", "limit": 10_000, "value_downsamplers": ",".join(COMPUTED),
        "time_downsamplers": ",".join(INTERVALS),
    }  # fmt: skip
    had = {"value_downsamplers": (*COMPUTED, "count"), "time_downsamplers": tuple(INTERVALS)}
    wanted = of_a_stream(streams, client, points, params, **had)
    assert told(client, dataset, **params)["datapoints"] == wanted["datapoints"]


@pytest.mark.parametrize("letters", ["m", "c,l", "n"])
def test_only_the_downsamplers_asked_for_are_given(
    client: FlaskClient, twins: tuple[Access, str], letters: str
) -> None:
    params = {"granularity": "m", "v": letters, "t": "a"}
    for point in told(client, twins[0], **params)["datapoints"]:
        assert (set(point["t"]), set(point["v"])) == ({"a"}, set(letters.split(",")))


@contextmanager
def hub_with(settings: Settings, **changed: object) -> Iterator[FlaskClient]:
    """Another hub over the same database."""
    own = replace(settings, **changed)
    hub = open_hub(own)
    yield create_app(own, hub.services).test_client()
    hub.close()


def test_a_downsampler_that_needs_too_many_documents_is_refused_by_name(
    settings: Settings, twins: tuple[Access, str]
) -> None:
    with hub_with(settings, stream=ReadLimits(raw_points_max=100)) as client:
        answer = ask(client, twins[0], granularity="days", v="median", partial="true")
        error = answer.json["error"]
        assert (answer.status_code, error["code"]) == (400, "bad_parameter")
        assert (error["detail"]["parameter"], error["detail"]["max"]) == ("median", 100)
        assert ask(client, twins[0], granularity="m", v="median", limit=3).status_code == 200
        assert ask(client, twins[0], granularity="days", v="mean").status_code == 200


HUGE = [
    [2**62] * 3, [-(2**63), 2**63 - 1], [2**40, 3], [1e200, -1e200], [5e-324, 1],
    [2**53 + 1, 2**53 + 2], [0.1] * 10, [-0.0, 0],
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("values", HUGE, ids=repr)
def test_sums_beyond_64_bits_are_floats_and_below_they_are_exact(
    client: FlaskClient, database: Database, dataset: Access, values: list[Any]
) -> None:
    store(database, dataset, [(START, v) for v in values] + [(START + 60, 0)])
    (minute,) = shown(client, dataset, granularity="minutes", end=START)
    total = sum(values)
    assert minute["c"] == len(values)
    if type(total) is int and abs(total) < 2**63:
        assert (minute["s"], minute["l"], minute["u"]) == (total, min(values), max(values))
        assert type(minute["s"]) is int
    else:
        assert minute["s"] == pytest.approx(total)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"station": "roof"}, [0, 2, 4]),
        ({"station": {"$in": ["roof", "cellar"]}}, [0, 1, 2, 3, 4, 5]),
        ({"_timestamp": {"$gte": START + 4}}, [4, 5]),
        ({"$or": [{"wind.speed": 1}, {"wind.speed": 4}]}, [1, 4]),
        ({"station": "nowhere"}, []),
        ({}, [0, 1, 2, 3, 4, 5]),
    ],
    ids=repr,
)
def test_a_filter_chooses_documents(
    client: FlaskClient, database: Database, dataset: Access, query: Any, values: list[int]
) -> None:
    for n in range(6):
        store(database, dataset, [(START + n, n)], station="cellar" if n % 2 else "roof")
    asked = {"filter": json.dumps(query)}
    assert shown(client, dataset, **asked) == values
    days = shown(client, dataset, **asked, granularity="days", partial="true")
    assert [day["s"] for day in days] == ([sum(values)] if values else [])


@pytest.mark.parametrize(
    "query",
    [
        lambda uuid: {"_datasetid": uuid},
        lambda uuid: {"$or": [{"wind.speed": 1}, {"_datasetid": uuid}]},
        lambda uuid: {"$nor": [{"_datasetid": "x"}]},
        lambda uuid: {"_datasetid": {"$in": [uuid]}},
    ],
)
def test_no_filter_reaches_another_dataset(
    client: FlaskClient, database: Database, dataset: Access, twins: tuple[Access, str], query: Any
) -> None:
    store(database, dataset, [(START, 1)])
    found = shown(client, dataset, filter=json.dumps(query(twins[0].uuid)), limit=10_000)
    assert found in ([], [1])


HOSTILE_FILTERS = [
    '{"$where": "true"}', '{"a": {"$where": "1"}}', '{"$expr": {"$function": {}}}', "[]", "5",
    '"x"', "null", '[{"$match": {}}]', '{"$jsonSchema": {}}', '{"a": NaN}', '{"a":1,"a":2}',
    '{"a": {"$gt": 1}, "$out": "keys"}', '{"": {"$oid": "x"}}', '{"a": 9999999999999999999999}',
    '{"a":' * 60 + "1" + "}" * 60,
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE_FILTERS, ids=lambda text: text[:24])
def test_a_hostile_filter_is_refused(client: FlaskClient, dataset: Access, query: str) -> None:
    answer = ask(client, dataset, filter=query)
    assert answer.status_code == 400, answer.text
    assert answer.json["error"]["code"] in {"bad_query", "query_too_complex"}


@pytest.mark.parametrize("query", ["", "{", "{'a': 1}", "{} {}", "a=1", "\ud800", "[" * 100_000])
def test_a_filter_that_is_no_json_is_refused(
    client: FlaskClient, dataset: Access, query: str
) -> None:
    url = f"{dataset.url}series/?field=a&filter={query.encode('utf-8', 'surrogatepass')!r}"
    answer = client.get(url, auth=dataset.auth)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "not_json")


@pytest.mark.parametrize("operator", [{"a": {"$regex": "^a"}}, {"$expr": {"$gt": ["$a", 1]}}])
def test_an_analysts_operators_need_the_scope(
    client: FlaskClient, services: Services, dataset: Access, operator: Any
) -> None:
    reach = Reach.of_dataset(dataset.uuid)
    reader = services.keys.create("reader", [scopes.READ], reach=reach)
    plain = Access(dataset.uuid, reader.secret)
    answer = ask(client, plain, filter=json.dumps(operator))
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")
    analyst = services.keys.create("analyst", [scopes.READ, scopes.ANALYZE], reach=reach)
    allowed = ask(client, Access(dataset.uuid, analyst.secret), filter=json.dumps(operator))
    assert allowed.status_code == 200


HOSTILE_FIELDS = [
    "", "$where", "$$ROOT", "$$NOW.x", "a.$b", "a..b", ".a", "a.", "a\0b", "$", "a.$function",
    ".".join("a" * 40), "x" * 5000, "$expr",
]  # fmt: skip


@pytest.mark.parametrize("field", HOSTILE_FIELDS, ids=lambda text: repr(text)[:20])
@pytest.mark.parametrize("granularity", ["seconds", "days"])
def test_a_hostile_field_is_refused(
    client: FlaskClient, dataset: Access, field: str, granularity: str
) -> None:
    answer = ask(client, dataset, field=field, granularity=granularity)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_parameter")
    assert error["detail"]["parameter"] == "field"


@pytest.mark.parametrize(
    "field", ["v", "at", "_id", "a b", "a$b", "ROOT", "é", "0", "a-b", "{}", "v.at", "count"]
)
@pytest.mark.parametrize("granularity", ["seconds", "minutes", "months"])
def test_any_other_name_is_only_a_name(
    client: FlaskClient, database: Database, dataset: Access, field: str, granularity: str
) -> None:
    if field != "_id":
        document: Any = 5
        for step in reversed(field.split(".")):
            document = {step: document}
        hub = {"_datasetid": dataset.uuid, "_timestamp": START}
        database.documents.insert_one({**document, **hub})
    found = shown(client, dataset, field=field, granularity=granularity, partial="true")
    sums = [value["s"] if isinstance(value, dict) else value for value in found]
    assert sums == ([] if field == "_id" else [5])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "field"),
        ("field=a&field=b", "field"),
        ("field=a&limit=1&limit=2", "limit"),
        ("field=a&order=up", "order"),
        ("field=a&points=5", "points"),
        ("field=a&downsample=lttb", "downsample"),
        ("field=a&callback=f", "callback"),
        ("field=a&format=jsonp", "format"),
        ("field=a&format=", "format"),
        ("field=a&granularity=2seconds", "granularity"),
        ("field=a&granularity=", "granularity"),
        ("field=a&start=now", "start"),
        ("field=a&start=1&start_exclusive=2", "start"),
        ("field=a&end=1&end_exclusive=2", "end"),
        ("field=a&limit=-1", "limit"),
        ("field=a&offset=x", "offset"),
        ("field=a&value_downsamplers=mode", "value_downsamplers"),
        ("field=a&time_downsamplers=e", "time_downsamplers"),
        ("field=a&g=s&granularity=m", "granularity"),
        ("field=a&tz=Nowhere", "tz"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(
    client: FlaskClient, dataset: Access, query: str, parameter: str
) -> None:
    answer = client.get(f"{dataset.url}series/?{query}", auth=dataset.auth)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_parameter")
    assert error["detail"]["parameter"] == parameter


def test_every_refusal_of_a_stranger_is_the_same(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    other = services.datasets.create("another").access.secret
    revoked = services.keys.create("gone", [scopes.READ], reach=Reach.of_dataset(dataset.uuid))
    services.keys.revoke(revoked.key.id)
    url = f"{dataset.url}series/?field=a"
    answers = [
        client.get(url),
        client.get(url, auth=(other, "")),
        client.get(url, auth=(revoked.secret, "")),
        client.get(url, auth=("hub_no_key", "")),
        client.get(url, auth=(dataset.secret, "a password")),
        client.get(f"/api/dataset/{ObjectId()}/series/?field=a", auth=dataset.auth),
        client.get(f"{dataset.url}series/?field=$where&filter=x&nonsense=1", auth=(other, "")),
    ]
    assert [answer.status_code for answer in answers] == [401] * 7
    assert len({answer.data for answer in answers}) == 1


def test_a_key_without_the_scope_is_told_which(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    made = services.keys.create("of streams", [scopes.STREAM_WRITE])
    answer = ask(client, Access(dataset.uuid, made.secret))
    assert (answer.status_code, answer.json["error"]["detail"]["scope"]) == (403, scopes.READ)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_series_is_only_read(client: FlaskClient, dataset: Access, method: str) -> None:
    answer = getattr(client, method)(f"{dataset.url}series/?field=a", auth=dataset.auth)
    assert answer.status_code == 405


def test_csv_has_the_columns_that_were_asked_for(
    client: FlaskClient, twins: tuple[Access, str]
) -> None:
    params = {"granularity": "minutes", "limit": 2, "v": "m,c", "format": "csv"}
    answer = ask(client, twins[0], **params)
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["t.a", "t.m", "t.z", "v.c", "v.m"]
    assert len(rows) == 3
    assert f"/api/dataset/{twins[0].uuid}/series/?" in answer.headers["Link"]
    raw = ask(client, twins[0], limit=2, format="csv")
    assert raw.text == f"t,v\r\n{iso(START)},0\r\n{iso(START + 7)},1\r\n"


def test_lines_and_xml_hold_the_same_datapoints(
    client: FlaskClient, twins: tuple[Access, str]
) -> None:
    params = {"granularity": "minutes", "limit": 3}
    wanted = told(client, twins[0], **params)["datapoints"]
    lines = ask(client, twins[0], **params, format="ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == wanted
    tree = ElementTree.fromstring(ask(client, twins[0], **params, format="xml").data)
    counts = [int(point.findtext("v/c") or "") for point in tree.iterfind("datapoints/object")]
    assert counts == [point["v"]["c"] for point in wanted]


def test_no_page_of_anybody_can_run_the_answer_as_a_script(
    client: FlaskClient, twins: tuple[Access, str]
) -> None:
    url, accept = f"{twins[0].url}series/?field={FIELD}", {"Accept": "text/javascript"}
    answer = client.get(url, headers=accept, auth=twins[0].auth)
    assert answer.content_type == "application/json"
    assert answer.data.startswith(b"{")


def test_a_series_that_did_not_change_is_not_sent_again(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    store(database, dataset, [(START, 1)])
    seen = {"If-None-Match": ask(client, dataset).headers["ETag"]}
    url = f"{dataset.url}series/?field={FIELD}"
    assert client.get(url, headers=seen, auth=dataset.auth).status_code == 304
    store(database, dataset, [(START + 1, 2)])
    assert client.get(url, headers=seen, auth=dataset.auth).status_code == 200


@contextmanager
def profiled(database: Database) -> Iterator[list[dict[str, Any]]]:
    """What the server did for each query on documents, filled in at the end."""
    done: list[dict[str, Any]] = []
    database.command("profile", 2)
    try:
        yield done
    finally:
        database.command("profile", 0)
        done += database["system.profile"].find({"command.aggregate": "documents"})
        database["system.profile"].drop()


@pytest.fixture(scope="module")
def long(services: Services, database: Database) -> Access:
    """A dataset of 30,000 documents, one a second, between two others of the same time."""
    made = [services.datasets.create("long") for _ in range(3)]
    datasets = [Access(each.dataset.uuid, each.access.secret) for each in made]
    for each in datasets:
        store(database, each, [(START + n, n) for n in range(30_000)])
    return datasets[1]


@pytest.mark.parametrize(
    ("params", "most"),
    [
        ({"granularity": "minutes", "limit": 5, "offset": 200}, 300),
        ({"granularity": "minutes", "limit": 5, "offset": 200, "reverse": "true"}, 300),
        ({"granularity": "minutes", "start": START + 20_000, "limit": 5}, 300),
        ({"granularity": "minutes", "limit": 0}, 0),
        ({"granularity": "10seconds", "end": START + 500}, 520),
        ({"granularity": "minutes", "limit": 5, "v": "median"}, 600),
        ({"granularity": "hours", "tz": "Asia/Kathmandu", "limit": 1}, 3600),
        ({"start": START + 20_000, "end": START + 20_099, "limit": 1000}, 101),
        ({"start": START + 20_000, "end": START + 20_099, "limit": 10}, 112),
        ({"start": START + 40_000}, 0),
    ],
    ids=repr,
)
def test_a_page_reads_only_its_own_range_of_the_index(
    client: FlaskClient, database: Database, long: Access, params: dict[str, Any], most: int
) -> None:
    with profiled(database) as done:
        told(client, long, **params)
    assert {each["planSummary"] for each in done} == {
        "IXSCAN { _datasetid: 1, _timestamp: 1, _id: 1 }"
    }
    ends = 2
    assert sum(each["keysExamined"] for each in done) <= most + 2 * ends
    assert sum(each["docsExamined"] for each in done) <= most + ends


@pytest.mark.parametrize(
    "query", [{}, {"_timestamp": {"$gte": START}}, {"$or": [{"a": 1}, {"wind.speed": {"$gte": 0}}]}]
)
def test_a_filter_keeps_the_bounds_of_the_index(
    client: FlaskClient, database: Database, long: Access, query: Any
) -> None:
    with profiled(database) as done:
        told(client, long, granularity="minutes", limit=5, offset=200, filter=json.dumps(query))
    assert sum(each["docsExamined"] for each in done) <= 302


def test_thousands_of_documents_a_bucket_stay_in_the_database(
    client: FlaskClient, long: Access
) -> None:
    told(client, long, granularity="hours")
    tracemalloc.start()
    try:
        assert len(told(client, long, granularity="hours")["datapoints"]) == 8
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_series_has_the_time_of_a_query(settings: Settings, long: Access) -> None:
    with hub_with(settings, answer=Budgets(find_ms=1, report_ms=1)) as client:
        answer = ask(client, long, granularity="days", partial="true")
        assert (answer.status_code, answer.json["error"]["code"]) == (408, "over_budget")


def test_a_place_is_given_back_whatever_comes_of_it(settings: Settings, long: Access) -> None:
    narrow = {"concurrency": Allowance(total=1, per_key=1, heavy=1, wait_s=0.05)}
    with hub_with(settings, stream=ReadLimits(raw_points_max=1), **narrow) as client:
        for _ in range(3):
            assert ask(client, long, granularity="days", v="median", partial="1").status_code == 400
            assert ask(client, long, field="$x").status_code == 400
            assert ask(client, long, granularity="days").status_code == 200


def test_a_put_document_is_a_datapoint_at_its_arrival(client: FlaskClient, dataset: Access) -> None:
    for value in (1, 2.5, None):
        body = {"wind": {"speed": value}}
        put = client.put(dataset.url, json=body, auth=dataset.auth)
        assert put.status_code == 201
    answer = told(client, dataset)
    assert [point["v"] for point in answer["datapoints"]] == [1, 2.5, None]
    assert answer["datapoints"][-1]["t"] == iso(put.json["_timestamp"])


def test_every_stored_downsampler_is_given_by_default(
    client: FlaskClient, twins: tuple[Access, str]
) -> None:
    letters = {VALUE_LETTERS[name] for name in STORED_VALUES}
    for point in told(client, twins[0], granularity="minutes")["datapoints"]:
        assert set(point["v"]) == letters
