"""The datapoints of a stream over strict OData: what the Streams door gives, as entities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.services import Services
from hub.values import Place, Reach, Stream
from tests.streams import Streams

START = datetime(2026, 5, 1, tzinfo=UTC)
POINTS = 25


def at(second: int) -> str:
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


@pytest.fixture(scope="module")
def stream(streams: Streams) -> Stream:
    """A stream with a datapoint every ten seconds, and two at 50."""
    found = streams.new(tags={"title": "t", "odd tag": 1})
    rows = [(at(10 * n), n) for n in range(POINTS)]
    streams.append(found, [*rows[:6], (at(50), 5.5), *rows[6:]])
    return found


@pytest.fixture(scope="module")
def secret(services: Services) -> str:
    return services.keys.create("k", ["stream:read"]).secret


@pytest.fixture
def ask(client: FlaskClient, stream: Stream, secret: str):
    def ask(query: str = "", **headers: str) -> TestResponse:
        url = f"/odata/v4/Streams({stream.id})/{query}"
        return client.get(url, auth=(secret, ""), headers=headers, buffered=True)

    return ask


def values(answer: TestResponse) -> list[float]:
    assert answer.status_code == 200, answer.data
    return [row["Value"] for row in answer.json["value"]]


ALL = [0, 1, 2, 3, 4, 5, 5.5, *range(6, POINTS)]


def test_the_streams_are_a_set(client: FlaskClient, stream: Stream, secret: str) -> None:
    url = f"/odata/v4/Streams({stream.id})"
    row = client.get(url, auth=(secret, ""), buffered=True).json
    assert (row["Uuid"], row["ValueType"], row["Public"]) == (stream.uuid, "numeric", True)
    assert row["Tags"] == {"title": "t", "odd_x0020_tag": 1}
    found = client.get(
        "/odata/v4/Streams?$filter=Tags/title eq 't' and Public&$select=Id",
        auth=(secret, ""),
        buffered=True,
    )
    assert stream.id in [one["Id"] for one in found.json["value"]]


def test_all_values_in_order(ask) -> None:
    answer = ask("Values?$count=true")
    assert answer.json["value"][0] == {"Time": at(0), "Value": 0}
    assert answer.json["@odata.count"] == len(ALL)
    assert values(answer) == ALL


def test_a_stream_is_a_service_of_its_own(ask) -> None:
    assert [one["url"] for one in ask("").json["value"]] == ["Values"]
    told = ask("$metadata", Accept="application/json").json["Hub"]["Datapoint"]
    assert told["$Key"] == ["Time"]
    assert told["Value"] == {"$Type": "Edm.Double", "$Nullable": True}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"$filter=Time ge {at(200)}", [20, 21, 22, 23, 24]),
        (f"$filter=Time gt {at(200)}", [21, 22, 23, 24]),
        (f"$filter=Time lt {at(20)}", [0, 1]),
        (f"$filter=Time le {at(20)}", [0, 1, 2]),
        (f"$filter=Time eq {at(50)}", [5, 5.5]),
        (f"$filter=Time ge {at(10)} and Time lt {at(30)}", [1, 2]),
        (f"$filter=Time gt {at(30)} and Time lt {at(20)}", []),
        (f"$filter=Time gt {at(200)[:-1]}.5Z", [21, 22, 23, 24]),
        (f"$filter=Time lt {at(20)[:-1]}.5Z", [0, 1, 2]),
        (f"$filter=Time eq {at(20)[:-1]}.5Z", []),
        (f"$filter=Time ne {at(0)} and Value lt 3", [1, 2]),
        (f"$filter=Time eq {at(0)} or Time ge {at(230)}", [0, 23, 24]),
        ("$filter=Time lt 2026-05-01", []),
        (f"$filter=Time ge {at(50)} and Value gt 5 and Value lt 7", [5.5, 6]),
        ("$filter=Value in (3,5.5,99)", [3, 5.5]),
        ("$filter=not (Value gt 1)", [0, 1]),
        ("$filter=Value eq null", []),
        ("$filter=Value ge 22&$orderby=Time desc&$top=2", [24, 23]),
        ("$top=2", [0, 1]),
        ("$skip=24", [23, 24]),
        ("$skip=99", []),
        ("$skip=3&$top=2", [3, 4]),
        ("$filter=Value gt 3&$skip=2&$top=2", [5.5, 6]),
        ("$orderby=Time desc&$top=2", [24, 23]),
        (f"$orderby=Time desc&$filter=Time lt {at(60)}&$skip=1&$top=2", [5, 4]),
        ("$orderby=Time asc&$top=1", [0]),
        ("$top=0", []),
    ],
)
def test_questions_choose_and_order(ask, query: str, found: list[float]) -> None:
    assert values(ask(f"Values?{query}")) == found


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 26), (f"?$filter=Time ge {at(200)}", 5), ("?$filter=Value gt 20", 4),
     (f"?$filter=Time gt {at(30)} and Time lt {at(20)}", 0)],
)  # fmt: skip
def test_values_are_counted(ask, query: str, count: int) -> None:
    assert ask(f"Values/$count{query}").data == str(count).encode()


@pytest.mark.parametrize("order", ["", "&$orderby=Time desc"])
@pytest.mark.parametrize("test", ["", "&$filter=Value ne 3"])
@pytest.mark.parametrize("size", [1, 4, 25])
def test_pages_are_the_whole(
    ask, client: FlaskClient, secret: str, order: str, test: str, size: int
) -> None:
    answer = ask(f"Values?$select=Value&$top=20&$skip=1{order}{test}", Prefer=f"maxpagesize={size}")
    found = values(answer)
    while link := answer.json.get("@odata.nextLink"):
        answer = client.get(
            link, auth=(secret, ""), headers={"Prefer": f"maxpagesize={size}"}, buffered=True
        )
        found += values(answer)
    every = [value for value in ALL if not test or value != 3]
    assert found == (every[::-1] if order else every)[1:21]


def test_newest_pages_stay_right_while_values_arrive(
    streams: Streams, client: FlaskClient, secret: str
) -> None:
    growing = streams.new()
    streams.append(growing, [(at(n), n) for n in range(10)])
    url = f"/odata/v4/Streams({growing.id})/Values?$orderby=Time desc"
    prefer = {"Prefer": "maxpagesize=3"}
    answer = client.get(url, auth=(secret, ""), headers=prefer, buffered=True)
    found = values(answer)
    later = 100
    while link := answer.json.get("@odata.nextLink"):
        streams.append(growing, [(at(later), later)])
        later += 1
        answer = client.get(link, auth=(secret, ""), headers=prefer, buffered=True)
        found += values(answer)
    assert found == list(range(9, -1, -1))


def test_one_datapoint_by_its_time(ask) -> None:
    entity = ask(f"Values({at(30)})").json
    assert (entity["Time"], entity["Value"]) == (at(30), 3)
    assert ask(f"Values(Time={at(30)})/Value/$value").data == b"3"
    assert ask(f"Values({at(31)})").status_code == 404
    assert ask("Values(5)").status_code == 400
    full = ask("Values?$top=1", Accept="application/json;odata.metadata=full").json["value"][0]
    assert ask(full["@odata.id"]).json["Value"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "$orderby=Value", "$search=x", "$compute=Value mul 2 as d", "$apply=aggregate($count as n)",
        "$filter=Value mul 2 gt 4", "$filter=year(Time) eq 2026", "$filter=Time lt now()",
    ],
)  # fmt: skip
def test_what_cannot_be_done_by_going_through_is_refused(ask, query: str) -> None:
    answer = ask(f"Values?{query}")
    assert answer.status_code == 501
    assert answer.json["error"]["innererror"]["name"]


def test_values_are_those_of_the_streams_door(
    ask, client: FlaskClient, stream: Stream, secret: str
) -> None:
    url = f"/api/v1/stream/{stream.uuid}/?start={int(START.timestamp()) + 40}&limit=5"
    told = client.get(url, auth=(secret, ""), headers={"Accept": "application/json"})
    points = [{"Time": one["t"], "Value": one["v"]} for one in told.json["datapoints"]]
    assert ask(f"Values?$filter=Time ge {at(40)}&$top=5").json["value"] == points


def test_a_coarse_stream_begins_where_it_is_asked_to(
    streams: Streams, client: FlaskClient, secret: str
) -> None:
    coarse = streams.new(highest="minutes")
    streams.append(coarse, [(at(n), n) for n in range(0, 300, 15)])

    def asked(query: str) -> list[float]:
        url = f"/odata/v4/Streams({coarse.id})/Values?{query}"
        return values(client.get(url, auth=(secret, ""), buffered=True))

    every = asked("$top=100")
    times = [at(30), at(60), at(75)]
    for moment in times:
        url = f"/odata/v4/Streams({coarse.id})/Values?$count=true&$filter=Time ge {moment}"
        answer = client.get(url, auth=(secret, ""), buffered=True)
        expected = [row for row in _rows(client, coarse, secret) if row["Time"] >= moment]
        assert answer.json["value"] == expected
        assert answer.json["@odata.count"] == len(expected)
        backwards = asked(f"$filter=Time ge {moment}&$orderby=Time desc")
        assert backwards == [row["Value"] for row in expected][::-1]
    assert every


def _rows(client: FlaskClient, stream: Stream, secret: str) -> list[dict]:
    url = f"/odata/v4/Streams({stream.id})/Values"
    return client.get(url, auth=(secret, ""), buffered=True).json["value"]


def test_values_that_are_no_numbers_are_texts(
    streams: Streams, client: FlaskClient, secret: str
) -> None:
    named = streams.new(value_type="nominal", value_downsamplers=())
    streams.append(named, [(at(0), "on"), (at(1), 5), (at(2), True), (at(3), None)])
    url = f"/odata/v4/Streams({named.id})/Values"
    answer = client.get(url, auth=(secret, ""), buffered=True)
    assert values(answer) == ["on", "5", "true", None]
    for query, found in (
        ("Value eq 'on'", ["on"]), ("startswith(Value,'t')", ["true"]), ("Value eq null", [None]),
    ):  # fmt: skip
        answer = client.get(f"{url}?$filter={query}", auth=(secret, ""), buffered=True)
        assert values(answer) == found


def test_a_private_stream_is_for_who_may_read_it(
    streams: Streams, services: Services, client: FlaskClient, secret: str
) -> None:
    private = streams.new(public=False)
    streams.append(private, [(at(0), 1)])
    nobodys = services.keys.create("k", ["odata:read"]).secret
    elsewhere = Reach(streams=frozenset({999_999}))
    others = services.keys.create("k", ["stream:read"], reach=elsewhere).secret
    url = f"/odata/v4/Streams({private.id})"

    def statuses(key: str) -> tuple[int, int]:
        one = client.get(url, auth=(key, ""), buffered=True).status_code
        return one, client.get(f"{url}/Values", auth=(key, ""), buffered=True).status_code

    assert statuses(secret) == (200, 200)
    assert statuses(nobodys) == (404, 403)
    assert statuses(others) == (404, 404)


@pytest.mark.parametrize("named", [None, (), (0,), (0, 2)], ids=str)
@pytest.mark.parametrize("devices", [None, (), (7,), (7, 8)], ids=str)
def test_the_set_holds_the_public_streams_and_those_that_a_key_opens(
    streams: Streams,
    services: Services,
    client: FlaskClient,
    named: tuple[int, ...] | None,
    devices: tuple[int, ...] | None,
) -> None:
    made = [streams.new(public=False, place=Place(device=n)) for n in (None, 7, 8, 9)]
    shown = streams.new(public=True, place=Place(device=9))
    reach = Reach(
        datasets=frozenset({"d"}),
        streams=None if named is None else frozenset(made[place].id for place in named),
        devices=None if devices is None else frozenset(devices),
    )
    key = services.keys.create("k", ["stream:read"], reach=reach).secret
    url = f"/odata/v4/Streams?$select=Id&$filter=Id ge {made[0].id}"
    answer = client.get(url, auth=(key, ""), buffered=True)
    opened = {one.id for one in made if reach.opens_stream(one.id, one.device)}
    assert {row["Id"] for row in answer.json["value"]} == opened | {shown.id}
