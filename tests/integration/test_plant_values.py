"""Values over HTTP: made and changed at their time, listed, shown, refused, who sees which."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services
from hub.values import Derivation, Source
from tests.plant import Door, code, door, faults, reach
from tests.streams import Streams

NOON = datetime(2026, 4, 28, 12, tzinfo=UTC)
NOON_MS = 1_777_377_600_000


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def at(seconds: float) -> str:
    """So many seconds after noon, as it is told."""
    moment = NOON + timedelta(seconds=seconds)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def put(plant: Door, data: int, seconds: float, value: Any) -> dict[str, Any]:
    answer = plant.post(f"data/{data}/value/", timestamp=at(seconds), value=value)
    assert answer.status_code == 201, answer.json
    return answer.json


def filled(plant: Door, *seconds: float) -> int:
    """A data stream with a value at so many seconds after noon, each of that number."""
    data = plant.data()
    for one in seconds:
        put(plant, data, one, one)
    return data


def rows(plant: Door, url: str) -> list[dict[str, Any]]:
    answer = plant.get(url)
    assert answer.status_code == 200, answer.json
    return answer.json


def told(plant: Door, url: str) -> list[Any]:
    return [row["value"] for row in rows(plant, url)]


def test_a_value_is_told_as_the_interface_shows_it(plant: Door) -> None:
    data = plant.data()
    row = {"data": data, "timestamp": "2026-04-28T12:00:00Z", "value": 1200.5}
    body = {"timestamp": "2026-04-28T12:00:00Z", "value": 1200.5}
    answer = plant.post(f"data/{data}/value/", **body)
    assert (answer.status_code, answer.json) == (201, row)
    assert rows(plant, f"data/{data}/value/?limit=2") == [row]
    assert list(rows(plant, f"data/{data}/value/?from=0")[0].items()) == list(row.items())
    with_id = {"id": f"{data}-{NOON_MS}", **row}
    assert answer.headers["Location"] == f"/api/value/{data}-{NOON_MS}/"
    assert rows(plant, f"value/{data}-{NOON_MS}/") == with_id
    for query in ("", "&from=0"):
        assert rows(plant, f"value/?data={data}{query}") == [with_id]


def test_a_value_of_the_same_moment_takes_the_place_of_the_other(plant: Door) -> None:
    data = filled(plant, 0, 1)
    put(plant, data, 0, 7)
    assert told(plant, f"data/{data}/value/?from=0") == [7, 1]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-04-28T12:00:00", at(0)),
        ("2026-04-28T14:00:00+02:00", at(0)),
        (1_777_377_600, at(0)),
        ("1777377600", at(0)),
        (1_777_377_600.25, at(0.25)),
        ("2026-04-28T12:00:00.2509Z", at(0.25)),
    ],
)
def test_when_it_was(plant: Door, given: Any, shown: str) -> None:
    data = plant.data()
    answer = plant.post(f"data/{data}/value/", timestamp=given, value=1)
    assert answer.json["timestamp"] == shown
    for query in ("", "?from=0"):
        assert rows(plant, f"data/{data}/value/{query}")[0]["timestamp"] == shown
    batch = plant.ask("POST", "value/", [{"data": data, "timestamp": given, "value": 2}])
    assert batch.json["stored"] == 1
    assert told(plant, f"data/{data}/value/") == [2]


@pytest.mark.parametrize("value", [0, -5, 1200.5, 1e300, 2**62, None])
def test_what_is_a_value(plant: Door, value: Any) -> None:
    data = plant.data()
    assert put(plant, data, 0, value)["value"] == value
    for query in ("", "?from=0"):
        assert told(plant, f"data/{data}/value/{query}") == [value]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"data": 987_654}, "data"),
        ({"quality": 1}, "quality"),
        ({"Value": 1}, "Value"),
    ],
)
def test_fields_that_are_refused_by_name(plant: Door, changes: Any, field: str) -> None:
    data = plant.data()
    body = {"timestamp": at(0), "value": 1} | changes
    assert list(faults(plant.ask("POST", f"data/{data}/value/", body))) == [field]
    assert rows(plant, f"data/{data}/value/") == []


@pytest.mark.parametrize("body", [{"timestamp": at(0)}, {"value": 1}])
def test_both_fields_are_needed(plant: Door, body: Any) -> None:
    missing = {"timestamp", "value"} - body.keys()
    answer = plant.ask("POST", f"data/{plant.data()}/value/", body)
    assert faults(answer).keys() == missing


@pytest.mark.parametrize("value", ["1", True, {"a": 1}, [1]])
def test_what_the_data_stream_does_not_take(plant: Door, value: Any) -> None:
    answer = plant.post(f"data/{plant.data()}/value/", timestamp=at(0), value=value)
    assert code(answer) == (400, "bad_datapoint")
    assert answer.json["error"]["detail"]["path"].startswith("value")


@pytest.mark.parametrize("timestamp", ["1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z"])
def test_times_that_streams_do_not_have(plant: Door, timestamp: str) -> None:
    answer = plant.post(f"data/{plant.data()}/value/", timestamp=timestamp, value=1)
    assert code(answer) == (400, "bad_datapoint")
    assert answer.json["error"]["detail"]["path"] == "timestamp"


def test_a_derived_stream_takes_none(plant: Door, streams: Streams) -> None:
    source = streams.new()
    derivation = Derivation("sum", (Source(source.id, "seconds"),), {})
    derived = streams.new(derivation=derivation)
    answer = plant.post(f"data/{derived.id}/value/", timestamp=at(0), value=1)
    assert code(answer) == (409, "conflict")


def test_without_a_range_a_hundred_and_the_newest_first(plant: Door) -> None:
    data = plant.data()
    body = [{"data": data, "timestamp": at(n), "value": n} for n in range(101)]
    assert plant.ask("POST", "value/", body).json["stored"] == 101
    for url in (f"data/{data}/value/?", f"value/?data={data}&"):
        assert told(plant, url) == list(range(100, 0, -1))
        assert told(plant, f"{url}limit=3") == [100, 99, 98]
        assert told(plant, f"{url}limit=10000") == list(range(100, -1, -1))
        assert told(plant, f"{url}from=0") == list(range(101))


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (f"from={at(1)}", [1, 5, 9]),
        (f"from={at(1)}&to={at(5)}", [1, 5]),
        (f"to={at(4)}", [0, 1]),
        (f"to={at(0)}", [0]),
        (f"from={at(9)}&to={at(9)}", [9]),
        (f"from={at(2)}&to={at(4)}", []),
        (f"from={at(0)}&limit=2", [0, 1]),
        (f"from={at(0)}&limit=4", [0, 1, 5, 9]),
        ("from=2026-04-28T14:00:01%2B02:00&to=1777377605", [1, 5]),
        ("from=1777377601.001", [5, 9]),
        ("to=1777377608.999", [0, 1, 5]),
        ("from=0001-01-01&to=9999-12-31", [0, 1, 5, 9]),
    ],
)
def test_a_range_is_inclusive_and_in_order_of_time(
    plant: Door, query: str, values: list[int]
) -> None:
    data = filled(plant, 5, 1, 9, 0)
    for url in (f"data/{data}/value/?", f"value/?data={data}&"):
        assert told(plant, url + query) == values


def test_values_across_data_streams(client: FlaskClient, services: Services, plant: Door) -> None:
    one, two, three = filled(plant, 0, 2), filled(plant, 1, 2), filled(plant, 7)
    some = door(client, services, within=reach(devices=[], streams=[one, two, three]))
    newest = [(three, 7), (two, 2), (one, 2), (two, 1), (one, 0)]
    assert [(row["data"], row["value"]) for row in rows(some, "value/")] == newest
    assert [(row["data"], row["value"]) for row in rows(some, "value/?limit=2")] == newest[:2]
    in_order = [(one, 0), (two, 1), (one, 2), (two, 2), (three, 7)]
    found = rows(some, f"value/?from={at(0)}")
    assert [(row["data"], row["value"]) for row in found] == in_order
    assert found == [rows(some, f"value/{row['id']}/") for row in found]
    found = rows(some, f"value/?from={at(1)}&to={at(2)}&limit=2")
    assert [(row["data"], row["value"]) for row in found] == in_order[1:3]


def test_several_values_of_one_moment_have_ids_of_their_own(plant: Door, streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(NOON_MS / 1000, 1), (NOON_MS / 1000, 2), (NOON_MS / 1000, "x")])
    found = rows(plant, f"value/?data={stream.id}&from=0")
    first = f"{stream.id}-{NOON_MS}"
    assert [row["id"] for row in found] == [first, f"{first}-1"]
    assert found == rows(plant, f"value/?data={stream.id}")[::-1]
    assert [rows(plant, f"value/{row['id']}/") for row in found] == found


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("nominal", ["a,b", 'c"],[', "é\u2028", True, None, ["x", {"y": 1.5}], 7]),
        ("numeric", [1, None, 2.5, -0.0, 2**62, 5e-324]),
    ],
)
def test_any_value_is_text_as_it_is(
    plant: Door, streams: Streams, kind: Any, values: list[Any]
) -> None:
    stream = streams.new(value_type=kind, value_downsamplers=(), late="replace")
    moments = [n * 40_000 + n / 4 for n in range(len(values))]
    for seconds, value in zip(moments, values, strict=True):
        put(plant, stream.id, seconds, value)
    assert rows(plant, f"data/{stream.id}/value/?from=0") == [
        {"data": stream.id, "timestamp": at(seconds), "value": value}
        for seconds, value in zip(moments, values, strict=True)
    ]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=10001", "limit=x", "from=yesterday", "from=2&to=1", "kind=a",
     "limit=1&limit=2", "fields=mean", "From=0"],
)  # fmt: skip
def test_parameters_that_are_refused(plant: Door, query: str) -> None:
    for url in (f"data/{plant.data()}/value/?", "value/?"):
        assert code(plant.get(url + query)) == (400, "bad_parameter")


@pytest.mark.parametrize("query", ["data=0", "data=x", "data=1&data=2", "data=1,2"])
def test_data_streams_that_cannot_be(plant: Door, query: str) -> None:
    assert code(plant.get(f"value/?{query}")) == (400, "bad_parameter")


def test_a_data_stream_in_the_url_is_no_parameter(plant: Door) -> None:
    data = plant.data()
    assert code(plant.get(f"data/{data}/value/?data={data}")) == (400, "bad_parameter")
    assert code(plant.post(f"data/{data}/value/?limit=1")) == (400, "bad_parameter")


def test_a_data_stream_that_is_not_there(plant: Door) -> None:
    for query in ("", "?from=0"):
        answer = plant.get(f"data/987654/value/{query}")
        assert code(answer) == (404, "stream_not_found")
    answer = plant.post("data/987654/value/", timestamp=at(0), value=1)
    assert code(answer) == (404, "stream_not_found")
    for query in ("", "&from=0"):
        assert rows(plant, f"value/?data=987654{query}") == []


@pytest.mark.parametrize("record", ["987654-0", "1-0-0", "x", "5", "1-1-1-1", "-1-5"])
def test_a_record_that_is_not_there(plant: Door, record: str) -> None:
    assert code(plant.get(f"value/{record}/")) == (404, "not_found")


def test_a_deleted_data_stream_has_none(plant: Door) -> None:
    data = filled(plant, 0)
    assert plant.delete(f"data/{data}/").status_code == 204
    assert plant.get(f"data/{data}/value/").status_code == 404
    assert code(plant.get(f"value/{data}-{NOON_MS}/")) == (404, "not_found")
    assert data not in {row["data"] for row in rows(plant, "value/?limit=10000")}
    body = [{"data": data, "timestamp": at(0), "value": 1}]
    assert plant.ask("POST", "value/", body).json["refused"] == 1


def test_a_restricted_key_sees_and_writes_its_own(
    client: FlaskClient, services: Services, plant: Door
) -> None:
    device = plant.device()
    mine, other = filled(plant, 0), filled(plant, 0)
    of_device = plant.data(device=device)
    put(plant, of_device, 1, 1)
    narrow = door(client, services, within=reach(devices=[device], streams=[mine]))
    for query in ("", f"?from={at(0)}&to={at(9)}"):
        assert {row["data"] for row in rows(narrow, f"value/{query}")} == {mine, of_device}
        assert code(narrow.get(f"data/{other}/value/{query}")) == (404, "stream_not_found")
    for query in ("", "&from=0"):
        assert rows(narrow, f"value/?data={other}{query}") == []
    assert code(narrow.get(f"value/{other}-{NOON_MS}/")) == (404, "not_found")
    there = narrow.get(f"value/{other}-{NOON_MS}/").json["error"]["message"]
    assert there == narrow.get(f"value/987654-{NOON_MS}/").json["error"]["message"]
    assert rows(narrow, f"value/{mine}-{NOON_MS}/")["value"] == 0
    assert code(narrow.post(f"data/{other}/value/", timestamp=at(0), value=9))[0] == 404
    body = [{"data": one, "timestamp": at(2), "value": 2} for one in (mine, other, of_device)]
    answer = narrow.ask("POST", "value/", body)
    assert [each["status"] for each in answer.json["verdicts"]] == ["stored", "refused", "stored"]
    assert code(narrow.ask("POST", "value/", body[1])) == (404, "stream_not_found")
    assert told(plant, f"data/{other}/value/?from=0") == [0]


def test_a_key_for_no_data_stream_sees_none(
    client: FlaskClient, services: Services, plant: Door
) -> None:
    filled(plant, 0)
    narrow = door(client, services, within=reach(devices=[], streams=[]))
    assert rows(narrow, "value/") == rows(narrow, "value/?from=0") == []


def test_the_other_door_reads_what_was_written(plant: Door) -> None:
    data = filled(plant, 0, 1)
    uuid = plant.get(f"data/{data}/").json["uuid"]
    answer = plant.client.get(f"/api/v1/stream/{uuid}/?g=seconds", auth=(plant.secret, ""))
    assert [point["v"] for point in answer.json["datapoints"]] == [0, 1]


def test_ranges_that_are_cut_anywhere_are_one(plant: Door, streams: Streams) -> None:
    stream = streams.new(widths=((0, 10_000),), late="replace")
    streams.append(stream, [(NOON_MS / 1000 + n * 1.5, n) for n in range(60)])
    whole = rows(plant, f"data/{stream.id}/value/?from=0")
    assert [row["value"] for row in whole] == list(range(60))
    for cut in (whole[0], whole[17], whole[59]):
        moment = datetime.fromisoformat(cut["timestamp"])
        before = moment - timedelta(milliseconds=1)
        url = f"data/{stream.id}/value/?"
        first = rows(plant, f"{url}to={before.timestamp()}")
        assert first + rows(plant, f"{url}from={moment.timestamp()}") == whole


def batch(plant: Door, content: bytes, kind: str, **headers: str) -> Any:
    return plant.ask("POST", "value/", data=content, content_type=kind, headers=headers)


def test_a_batch_over_many_data_streams_and_a_verdict_each(plant: Door) -> None:
    one, two = plant.data(), plant.data()
    items = [
        {"data": one, "timestamp": at(0), "value": 1},
        {"data": two, "timestamp": 1_777_377_600.5, "value": 2.5},
        {"data": one, "timestamp": at(0), "value": "x"},
        {"data": 987_654, "timestamp": at(0), "value": 1},
        {"data": one, "timestamp": at(0), "value": 3, "unit": "K"},
        {"data": one, "timestamp": "never", "value": 3},
        {"data": "1", "timestamp": at(0), "value": 3},
        {"timestamp": at(0), "value": 3},
        7,
        {"data": one, "timestamp": at(0), "value": 4},
    ]
    answer = plant.ask("POST", "value/", items)
    assert (answer.status_code, answer.json["stored"], answer.json["refused"]) == (207, 3, 7)
    verdicts = answer.json["verdicts"]
    assert [verdict["index"] for verdict in verdicts] == list(range(10))
    assert [verdict.get("id") or verdict["error"]["code"] for verdict in verdicts] == [
        f"{one}-{NOON_MS}", f"{two}-{NOON_MS + 500}", "bad_datapoint", "stream_not_found",
        "bad_field", "bad_field", "bad_field", "bad_field", "bad_field", f"{one}-{NOON_MS}",
    ]  # fmt: skip
    named = [list(verdict["error"]["detail"]["fields"]) for verdict in verdicts[4:9]]
    assert named == [["unit"], ["timestamp"], ["data"], ["data"], []]
    assert told(plant, f"data/{one}/value/?from=0") == [4]
    assert told(plant, f"data/{two}/value/?from=0") == [2.5]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/ndjson"])
def test_a_batch_in_lines(plant: Door, kind: str) -> None:
    data = plant.data()
    lines = [
        json.dumps({"data": data, "timestamp": at(0), "value": 1}),
        "",
        "{no json",
        json.dumps({"data": data, "timestamp": at(1), "value": 2}),
    ]
    answer = batch(plant, "\n".join(lines).encode(), kind)
    told_of = [each.get("id") or each["error"]["code"] for each in answer.json["verdicts"]]
    assert answer.status_code == 207
    assert told_of == [f"{data}-{NOON_MS}", "not_json", f"{data}-{NOON_MS + 1000}"]


def test_a_single_value_with_its_data_stream(plant: Door) -> None:
    data = plant.data()
    answer = plant.post("value/", data=data, timestamp=at(0), value=5)
    row = {"id": f"{data}-{NOON_MS}", "data": data, "timestamp": at(0), "value": 5}
    assert (answer.status_code, answer.json) == (201, row)
    assert answer.headers["Location"] == f"/api/value/{row['id']}/"
    assert list(faults(plant.post("value/", data=data, value=5))) == ["timestamp"]
    answer = plant.post("value/", data=987_654, timestamp=at(0), value=5)
    assert code(answer) == (404, "stream_not_found")


def test_whoever_wants_it_hears_of_refused_ones_only(plant: Door) -> None:
    data = plant.data()
    items = [{"data": data, "timestamp": at(n), "value": "x" if n == 1 else n} for n in range(3)]
    answer = batch(plant, json.dumps(items).encode(), "application/json", Prefer="return=minimal")
    assert answer.headers["Preference-Applied"] == "return=minimal"
    assert [verdict["index"] for verdict in answer.json["verdicts"]] == [1]
    assert answer.json["stored"] == 2


@pytest.mark.parametrize(
    ("items", "status"), [([], 201), ([{"value": 1}], 400), ([{"data": 987_654}], 400)]
)
def test_the_status_of_a_batch(plant: Door, items: list[Any], status: int) -> None:
    assert plant.ask("POST", "value/", items).status_code == status


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"[1, 2", "application/json", (400, "not_json")),
        (b"", "application/json", (400, "not_json")),
        (b'"x"', "application/json", (400, "bad_field")),
        (b"[]", "text/csv", (415, "unsupported_media_type")),
    ],
)
def test_a_body_that_cannot_be_read(
    plant: Door, content: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert code(batch(plant, content, kind)) == expected


def test_a_name_that_stands_twice_refuses_its_value_alone(plant: Door) -> None:
    data = plant.data()
    good = b'{"data": %d, "timestamp": 1777377600, "value": 1}' % data
    twice = b'{"data": %d, "timestamp": 1777377601, "value": 1, "value": 2}' % data
    answer = batch(plant, b"[" + good + b"," + twice + b"]", "application/json")
    assert answer.json["verdicts"][1]["error"]["detail"]["fields"].keys() == {"value"}
    assert told(plant, f"data/{data}/value/") == [1]
    answer = batch(plant, twice, "application/json")
    assert list(faults(answer)) == ["value"]


def test_digits_are_not_lost_in_a_batch(plant: Door) -> None:
    data = plant.data()
    content = b'[{"data": %d, "timestamp": 1777377600, "value": 9007199254740993}]' % data
    assert batch(plant, content, "application/json").status_code == 201
    assert told(plant, f"data/{data}/value/") == [9007199254740993]


def test_too_many_at_once(client: FlaskClient, plant: Door, services: Services) -> None:
    most = services.records.batch_max
    content = b"[" + b",".join(itertools.repeat(b"1", most + 1)) + b"]"
    assert code(batch(plant, content, "application/json")) == (413, "too_large")
    lines = b"1\n" * (most + 1)
    assert code(batch(plant, lines, "application/x-ndjson")) == (413, "too_large")


def test_a_batch_that_is_large(plant: Door) -> None:
    made = [plant.data() for _ in range(20)]
    items = [
        {"data": made[n % 20], "timestamp": 1_777_377_600 + n // 20, "value": n}
        for n in range(4_000)
    ]
    answer = plant.ask("POST", "value/", items)
    assert (answer.status_code, answer.json["stored"]) == (201, 4_000)
    for index, data in enumerate(made):
        assert told(plant, f"data/{data}/value/?from=0") == list(range(index, 4_000, 20))
