"""Statistics over HTTP: computed and posted ones, their fields, buckets of any duration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.jobs.streams import downsample
from hub.services import Services
from tests.figures import FIELDS, exact
from tests.live import wait_until
from tests.plant import Door, code, door, faults, reach
from tests.streams import Streams

NOON = datetime(2026, 4, 28, 12, tzinfo=UTC)
NOON_MS = 1_777_377_600_000
VALUES = {0: 4, 10: 1, 59: 7.5, 60: 2, 61: 2, 200: -3}
"""By seconds after noon: three windows of a minute."""


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def at(seconds: float) -> str:
    moment = NOON + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def filled(plant: Door, values: dict[int, Any] | None = None) -> int:
    data = plant.data()
    items = [
        {"data": data, "timestamp": at(seconds), "value": value}
        for seconds, value in (values or VALUES).items()
    ]
    assert plant.ask("POST", "value/", items).status_code == 201
    return data


def rows(plant: Door, url: str) -> list[dict[str, Any]]:
    answer = plant.get(url)
    assert answer.status_code == 200, answer.json
    return answer.json


def post(plant: Door, data: int, seconds: float, **told: Any) -> dict[str, Any]:
    answer = plant.post(f"data/{data}/statistic/", timestamp=at(seconds), **told)
    assert answer.status_code == 201, answer.json
    return answer.json


def window(seconds: int) -> dict[str, float]:
    """What the minute that begins then comes to."""
    return exact([value for second, value in VALUES.items() if 0 <= second - seconds < 60])


def test_only_the_mean_is_told_by_default(plant: Door) -> None:
    data = filled(plant)
    expected = [
        {"data": data, "timestamp": at(start), "mean": window(start)["mean"]}
        for start in (0, 60, 180)
    ]
    assert rows(plant, f"data/{data}/statistic/?from=0") == expected
    assert rows(plant, f"data/{data}/statistic/") == expected[::-1]
    assert rows(plant, f"data/{data}/statistic/?limit=2") == expected[:0:-1]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("mean", ["mean"]),
        ("rms", ["mean", "rms"]),
        ("max,min", ["mean", "min", "max"]),
        ("q1,q3,median", ["mean", "median", "q1", "q3"]),
        ("rms,median,min,max,q1,q3", [name for name in FIELDS if name != "count"]),
        ("count", ["count", "mean"]),
        ("all", list(FIELDS)),
        ("all,rms", list(FIELDS)),
    ],
)
def test_fields_that_are_asked_for(plant: Door, asked: str, names: list[str]) -> None:
    data = filled(plant)
    expected = [
        {"data": data, "timestamp": at(start)} | {name: window(start)[name] for name in names}
        for start in (0, 60, 180)
    ]
    found = rows(plant, f"data/{data}/statistic/?from=0&fields={asked}")
    assert found == [pytest.approx(row) for row in expected]
    assert list(found[0]) == ["data", "timestamp", *names]
    assert rows(plant, f"data/{data}/statistic/?fields={asked}") == found[::-1]
    with_id = rows(plant, f"statistic/?data={data}&from=0&fields={asked}")
    assert with_id == [
        {"id": f"{data}-{NOON_MS + start * 1000}", **row}
        for start, row in zip((0, 60, 180), found, strict=True)
    ]
    assert rows(plant, f"statistic/?data={data}&fields={asked}") == with_id[::-1]


def test_a_record_by_its_id(plant: Door) -> None:
    data = filled(plant)
    (first, *_) = rows(plant, f"statistic/?data={data}&from=0&fields=all")
    assert rows(plant, f"statistic/{first['id']}/") == first


@pytest.mark.parametrize("record", ["{}-1", "{}-1777377600000-1", "987654-0", "x"])
def test_a_record_that_is_not_there(plant: Door, record: str) -> None:
    url = f"statistic/{record.format(filled(plant))}/"
    assert code(plant.get(url)) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        (f"from={at(0)}&to={at(60)}", [0, 60]),
        (f"from={at(1)}", [60, 180]),
        (f"to={at(179)}", [0, 60]),
        (f"from={at(0)}&limit=2", [0, 60]),
        (f"from={at(61)}&to={at(179)}", []),
    ],
)
def test_a_range_is_inclusive_and_in_order_of_time(
    plant: Door, query: str, starts: list[int]
) -> None:
    data = filled(plant)
    for url in (f"data/{data}/statistic/?", f"statistic/?data={data}&"):
        assert [row["timestamp"] for row in rows(plant, url + query)] == list(map(at, starts))


def test_what_the_worker_keeps_is_what_a_reader_computes(
    plant: Door, services: Services, database: Database[Any]
) -> None:
    data = filled(plant)
    url = f"data/{data}/statistic/?from=0&fields=all"
    before = rows(plant, url)
    wait_until(lambda: downsample(services, 1, Event()), "all is carried up")
    assert database.statistics.count_documents({"_id.s": data}) == 3
    assert rows(plant, url) == before


def test_a_posted_record_is_made_and_then_changed(plant: Door) -> None:
    data = plant.data()
    assert post(plant, data, 5, mean=2, max=9.5) == {
        "data": data, "timestamp": at(5), "mean": 2, "max": 9.5,
    }  # fmt: skip
    answer = plant.post(f"data/{data}/statistic/", timestamp=NOON.timestamp() + 5, mean=3, min=1)
    assert answer.json == {
        "data": data, "timestamp": at(5), "mean": 3, "min": 1, "max": 9.5,
    }  # fmt: skip
    found = plant.client.get(answer.headers["Location"], auth=(plant.secret, "")).json
    told = {"mean": 3, "min": 1, "max": 9.5}
    assert found == {
        "id": f"{data}-{NOON_MS + 5000}", "data": data, "timestamp": at(5),
        **{name: told.get(name) for name in FIELDS},
    }  # fmt: skip
    assert rows(plant, f"data/{data}/statistic/?fields=rms") == [
        {"data": data, "timestamp": at(5), "mean": 3, "rms": None}
    ]


def test_a_posted_record_stands_before_a_computed_one(plant: Door) -> None:
    data = filled(plant)
    post(plant, data, 60, mean=77)
    found = rows(plant, f"data/{data}/statistic/?from=0")
    assert [row["mean"] for row in found] == [window(0)["mean"], 77, -3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp"),
        ({"data": 987_654}, "data"),
        ({"variance": 1}, "variance"),
        ({"mean": "1"}, "mean"),
        ({"mean": True}, "mean"),
        ({"mean": None}, "mean"),
        ({"rms": -1}, "rms"),
        ({"count": 1.5}, "count"),
        ({"min": 3, "max": 2}, "min"),
        ({"min": 2, "mean": 1}, "mean"),
    ],
)
def test_fields_that_are_refused_by_name(plant: Door, changes: Any, field: str) -> None:
    data = plant.data()
    body = {"timestamp": at(0), "mean": 2.5} | changes
    assert list(faults(plant.ask("POST", f"data/{data}/statistic/", body))) == [field]
    assert rows(plant, f"data/{data}/statistic/") == []


def test_a_record_without_fields(plant: Door) -> None:
    answer = plant.post(f"data/{plant.data()}/statistic/", timestamp=at(0))
    assert code(answer) == (400, "bad_field")


def test_a_data_stream_of_words_has_no_statistics(plant: Door, streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=())
    assert rows(plant, f"data/{stream.id}/statistic/") == []
    assert rows(plant, f"data/{stream.id}/statistic/?from=0") == []
    answer = plant.post(f"data/{stream.id}/statistic/", timestamp=at(0), mean=1)
    assert code(answer) == (400, "bad_field")
    answer = plant.get(f"data/{stream.id}/statistic/?from=0&to=1&step=PT1H")
    assert code(answer) == (400, "invalid")
    span = f"from={at(0)}&to={at(999)}&step=PT1H"
    assert stream.id not in {row["data"] for row in rows(plant, f"statistic/?{span}")}


def test_a_step_makes_buckets_of_mean_min_and_max(plant: Door) -> None:
    data = filled(plant)
    url = f"data/{data}/statistic/?from={at(0)}&to={at(300)}&step=PT1M40S"
    found = rows(plant, url)
    assert found == [
        {"data": data, "timestamp": at(0), "mean": 16.5 / 5, "min": 1, "max": 7.5},
        {"data": data, "timestamp": at(200), "mean": -3, "min": -3, "max": -3},
    ]
    assert list(found[0]) == ["data", "timestamp", "mean", "min", "max"]
    assert rows(plant, f"{url}&limit=1") == found[:1]
    assert rows(plant, f"{url}&fields=all") == rows(plant, f"{url}&fields=max") == found
    top = f"statistic/?data={data}&from={at(0)}&to={at(300)}&step=PT1M40S"
    assert rows(plant, top) == found


def test_the_end_of_a_step_is_inclusive(plant: Door) -> None:
    data = filled(plant)
    url = f"data/{data}/statistic/?from={at(0)}&step=PT60S&to="
    assert [row["max"] for row in rows(plant, url + at(60))] == [7.5, 2]
    assert [row["max"] for row in rows(plant, url + at(59))] == [7.5]


def test_steps_of_calendar_months(plant: Door) -> None:
    data = plant.data()
    for month, value in ((1, 1), (2, 3), (3, 8)):
        body = {"timestamp": f"2026-{month:02}-28T00:00:00Z", "value": value}
        assert plant.ask("POST", f"data/{data}/value/", body).status_code == 201
    url = f"data/{data}/statistic/?from=2026-01-01&to=2026-12-31&step=P1M"
    assert [(row["timestamp"], row["mean"]) for row in rows(plant, url)] == [
        ("2026-01-01T00:00:00Z", 1),
        ("2026-02-01T00:00:00Z", 3),
        ("2026-03-01T00:00:00Z", 8),
    ]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("step=PT1H", "step"),
        ("step=PT1H&from=0", "step"),
        ("step=PT1H&to=1", "step"),
        ("from=0&to=1&step=1h", "step"),
        ("from=0&to=1&step=PT0S", "step"),
        ("from=0&to=1&step=-PT1H", "step"),
        ("from=0&to=1&step=PT1H&fields=rms", "fields"),
        ("from=2&to=1&step=PT1H", "from"),
    ],
)
def test_steps_that_are_refused(plant: Door, query: str, parameter: str) -> None:
    for url in (f"data/{plant.data()}/statistic/?", "statistic/?"):
        answer = plant.get(url + query)
        assert code(answer) == (400, "bad_parameter")
        assert answer.json["error"]["detail"]["parameter"] == parameter


@pytest.mark.parametrize(
    "query",
    ["fields=,", "fields=variance", "fields=mean,", "fields=MEAN", "kind=a", "limit=0",
     "limit=10001", "from=x", "fields=rms&fields=min"],
)  # fmt: skip
def test_parameters_that_are_refused(plant: Door, query: str) -> None:
    for url in (f"data/{plant.data()}/statistic/?", "statistic/?"):
        assert code(plant.get(url + query)) == (400, "bad_parameter")


def test_statistics_across_data_streams(
    client: FlaskClient, services: Services, plant: Door
) -> None:
    one, two = filled(plant), filled(plant, {60: 5, 240: 6})
    some = door(client, services, within=reach(devices=[], streams=[one, two]))
    expected = [(one, 0), (one, 60), (two, 60), (one, 180), (two, 240)]
    shown = [(data, at(start)) for data, start in expected]
    for query, wanted in (
        (f"from={at(0)}", shown),
        (f"from={at(60)}&to={at(180)}&limit=2", shown[1:3]),
        ("", shown[::-1]),
        ("limit=3", shown[:1:-1]),
    ):
        found = rows(some, f"statistic/?{query}")
        assert [(row["data"], row["timestamp"]) for row in found] == wanted
    url = f"statistic/?from={at(0)}&to={at(299)}&step=PT5M"
    assert [(row["data"], row["max"]) for row in rows(some, url)] == [(one, 7.5), (two, 6)]


def test_a_restricted_key_sees_and_posts_its_own(
    client: FlaskClient, services: Services, plant: Door
) -> None:
    mine, other = filled(plant), filled(plant)
    narrow = door(client, services, within=reach(devices=[], streams=[mine]))
    span = f"from={at(0)}&to={at(300)}"
    for query in ("", span, f"{span}&step=PT1M"):
        assert {row["data"] for row in rows(narrow, f"statistic/?{query}")} == {mine}
        assert rows(narrow, f"statistic/?data={other}&{query}") == []
        answer = narrow.get(f"data/{other}/statistic/?{query}")
        assert code(answer) == (404, "stream_not_found")
    assert rows(narrow, f"statistic/{mine}-{NOON_MS}/")["data"] == mine
    assert code(narrow.get(f"statistic/{other}-{NOON_MS}/")) == (404, "not_found")
    answer = narrow.post(f"data/{other}/statistic/", timestamp=at(0), mean=1)
    assert code(answer) == (404, "stream_not_found")
    assert rows(plant, f"data/{other}/statistic/?from=0&limit=1")[0]["mean"] == window(0)["mean"]


def test_a_long_range_is_whole(plant: Door, streams: Streams) -> None:
    stream = streams.new(late="replace")
    streams.append(stream, [(NOON.timestamp() + 60 * n, n) for n in range(2_500)])
    url = f"data/{stream.id}/statistic/?from=0"
    found = rows(plant, url)
    assert [row["mean"] for row in found] == list(range(2_500))
    for limit in (499, 500, 501, 1_200):
        assert rows(plant, f"{url}&limit={limit}") == found[:limit]


def window_of(plant: Door, data: int) -> Any:
    return plant.get(f"data/{data}/policy/statistic/").json


def test_windows_are_a_minute_where_nobody_says(plant: Door) -> None:
    data = plant.data()
    assert window_of(plant, data) == {
        "data": data,
        "window_seconds": 60,
        "windows": [{"from": "1970-01-01T00:00:00Z", "window_seconds": 60}],
    }


def test_another_length_of_windows(plant: Door) -> None:
    data = plant.data()
    answer = plant.put(f"data/{data}/policy/statistic/", window_seconds=300)
    assert answer.status_code == 200
    assert answer.json == window_of(plant, data)
    assert answer.json["window_seconds"] == 300
    for second in (0, 61, 301):
        plant.post(f"data/{data}/value/", timestamp=second, value=second)
    found = rows(plant, f"data/{data}/statistic/?from=0&to=600")
    assert [(row["timestamp"], row["mean"]) for row in found] == [
        ("1970-01-01T00:00:00Z", 30.5),
        ("1970-01-01T00:05:00Z", 301),
    ]


def test_windows_of_what_has_values_change_at_a_whole_hour(plant: Door) -> None:
    data = filled(plant, {0: 1.0})
    told = plant.put(f"data/{data}/policy/statistic/", window_seconds=10).json
    (first, second) = told["windows"]
    assert first == {"from": "1970-01-01T00:00:00Z", "window_seconds": 60}
    assert second["from"].endswith(":00:00Z")
    assert second["from"] > "2026"


@pytest.mark.parametrize("seconds", [-1, 7, 0.5, 7200, "x", None])
def test_a_length_that_cannot_be(plant: Door, seconds: Any) -> None:
    data = plant.data()
    answer = plant.put(f"data/{data}/policy/statistic/", window_seconds=seconds)
    assert code(answer) == (400, "bad_field")
    assert list(faults(answer)) == ["window_seconds"]
    assert window_of(plant, data)["window_seconds"] == 60
