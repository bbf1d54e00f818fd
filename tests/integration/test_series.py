"""A dataset's field as a series: its datapoints, against those of a stream and against NumPy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from bson import Decimal128, Int64, ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.series.levels import LEVELS, ROLLUPS, Level
from hub.services import Services
from hub.services.streams.reading.readings import ReadLimits
from hub.settings import Settings
from tests.conftest import Access
from tests.series import (
    FIELD,
    START,
    Points,
    ask,
    hub_with,
    iso,
    random_points,
    same,
    shown,
    store,
    told,
    truth,
)
from tests.streams import Streams


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


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
