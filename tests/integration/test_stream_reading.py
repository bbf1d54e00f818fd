"""The stream door, read: lists, sets, datapoints, pages, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.services import Services, scopes
from hub.values import Reach

ROOT = "/api/v1/stream/"
NINE = {
    "id",
    "resource_uri",
    "tags",
    "value_downsamplers",
    "time_downsamplers",
    "highest_granularity",
    "earliest_datapoint",
    "latest_datapoint",
    "value_type",
}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Max-Age": "3600",
}
Y2K_S = 946_684_800


@dataclass(frozen=True)
class Streams:
    """A client and a key that makes streams; ``mark`` is a tag of the test's own streams."""

    client: FlaskClient
    key: dict[str, str]
    mark: str

    def make(self, **wanted: Any) -> str:
        title = wanted.pop("title", uuid.uuid4().hex)
        tags = {"mark": self.mark, **wanted.pop("tags", {})}
        body = {"title": title, "public": True, "tags": tags, **wanted}
        made = self.client.post(ROOT, json=body, headers=self.key)
        assert made.status_code == 201, made.data
        return made.json["id"]

    def put(self, stream: str, points: list[dict[str, Any]]) -> None:
        put = self.client.put(f"{ROOT}{stream}/", json=points, headers=self.key)
        assert put.status_code == 201, put.data

    def hours(self, count: int, **wanted: Any) -> str:
        """A stream of one datapoint an hour, 0, 1, 2 and so on, from the year 2000 on."""
        stream = self.make(**wanted)
        self.put(stream, [{"t": Y2K_S + 3600 * i, "v": i} for i in range(count)])
        return stream

    def get(self, url: str = "", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(ROOT + url, headers=named)

    def list(self, query: str = "") -> dict[str, Any]:
        answer = self.get(f"?tags__mark={self.mark}&{query}")
        assert answer.status_code == 200, answer.data
        return answer.json


@pytest.fixture
def streams(client: FlaskClient, services: Services) -> Streams:
    issued = services.keys.create("writer", [scopes.STREAM_WRITE])
    return Streams(client, {"X-API-Key": issued.secret}, uuid.uuid4().hex)


def ids(told: dict[str, Any]) -> list[str]:
    return [stream["id"] for stream in told["objects"]]


def values(told: dict[str, Any]) -> list[Any]:
    return [point["v"] for point in told["datapoints"]]


def followed(client: FlaskClient, url: str, link: str) -> Iterator[dict[str, Any]]:
    """The answer of a URL, and those of the links from one to the next."""
    following: str | None = url
    while following:
        told = client.get(following).json
        yield told
        following = told["meta"][link]


def test_the_door_says_where_its_streams_are(client: FlaskClient) -> None:
    told = client.get("/api/v1/").json
    assert told == {"stream": {"list_endpoint": ROOT, "schema": f"{ROOT}schema/"}}
    assert client.get(told["stream"]["list_endpoint"]).status_code == 200
    assert client.get(told["stream"]["schema"]).json["default_limit"] == 20


def test_a_list_tells_streams_in_the_order_they_were_made(streams: Streams) -> None:
    made = [streams.make() for _ in range(3)]
    told = streams.list()
    assert ids(told) == made
    assert told["meta"] == {
        "total_count": 3, "limit": 20, "offset": 0, "next": None, "previous": None,
    }  # fmt: skip
    assert [set(stream) for stream in told["objects"]] == [NINE] * 3


def test_a_listed_stream_is_told_whole(streams: Streams) -> None:
    tags = {"title": uuid.uuid4().hex, "place": {"floor": 3, "rooms": ["a", "b"]}}
    made = streams.hours(3, title=tags["title"], tags=tags, highest_granularity="minutes")
    (told,) = streams.list()["objects"]
    assert {**told, "value_downsamplers": set(told["value_downsamplers"])} == {
        "id": made,
        "resource_uri": f"{ROOT}{made}/",
        "tags": {"mark": streams.mark, **tags},
        "value_downsamplers": {"mean", "sum", "min", "max", "sum_squares", "std_dev", "count"},
        "time_downsamplers": told["time_downsamplers"],
        "highest_granularity": "minutes",
        "earliest_datapoint": "2000-01-01T00:00:00Z",
        "latest_datapoint": "2000-01-01T02:00:00Z",
        "value_type": "numeric",
    }
    assert set(told["time_downsamplers"]) == {"mean", "first", "last"}


def test_an_empty_stream_has_no_ends(streams: Streams) -> None:
    streams.make()
    (told,) = streams.list()["objects"]
    assert (told["earliest_datapoint"], told["latest_datapoint"]) == (None, None)


def test_a_list_is_filtered_by_tags_and_by_nothing_else(streams: Streams) -> None:
    warm = streams.make(tags={"place": {"floor": 3}})
    cold = streams.make(tags={"place": {"floor": 0}})
    assert ids(streams.list("tags__place__floor__gte=1")) == [warm]
    assert ids(streams.list(f"id={warm}&highest_granularity=days")) == [warm, cold]


def test_a_list_is_read_page_by_page_in_both_directions(streams: Streams) -> None:
    made = [streams.make() for _ in range(5)]
    url = f"{ROOT}?tags__mark={streams.mark}&format=json&limit=2"
    forth = list(followed(streams.client, url, "next"))
    assert [ids(told) for told in forth] == [made[:2], made[2:4], made[4:]]
    back = list(followed(streams.client, f"{url}&offset=3", "previous"))
    assert [ids(told) for told in back] == [made[3:], made[1:3], made[:1]]
    assert back[-1]["meta"]["limit"] == 1


@pytest.mark.parametrize(("limit", "shown"), [(0, 1000), (1, 1), (1001, 1000)])
def test_a_list_tells_the_limit_in_effect(streams: Streams, limit: int, shown: int) -> None:
    streams.make()
    assert streams.list(f"limit={limit}")["meta"]["limit"] == shown


def test_a_set_tells_streams_by_id(streams: Streams) -> None:
    one, other = streams.make(), streams.make()
    told = streams.get(f"set/{other};{one};{other}/").json
    assert ids(told) == [other, one, other]
    assert told.keys() == {"objects"}


def test_a_set_with_an_unknown_stream_is_not_found(streams: Streams) -> None:
    known, unknown = streams.make(), str(uuid.uuid4())
    answer = streams.get(f"set/{known};{unknown}/")
    assert answer.status_code == 404
    assert answer.json == {"error_message": f"Stream '{unknown}' not found."}


def test_a_stream_is_told_with_its_datapoints(streams: Streams) -> None:
    made = streams.hours(3)
    told = streams.get(f"{made}/").json
    assert told.keys() == NINE | {"datapoints", "query_params", "meta"}
    assert told["datapoints"] == [
        {"t": "2000-01-01T00:00:00Z", "v": 0},
        {"t": "2000-01-01T01:00:00Z", "v": 1},
        {"t": "2000-01-01T02:00:00Z", "v": 2},
    ]
    assert told["query_params"] == {
        "granularity": "seconds",
        "start": "0001-01-01T00:00:00Z",
        "end": None,
        "start_exclusive": None,
        "end_exclusive": None,
        "reverse": False,
        "value_downsamplers": None,
        "time_downsamplers": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"start={Y2K_S + 3600}", [1, 2, 3]),
        (f"start_exclusive={Y2K_S + 3600}", [2, 3]),
        (f"end={Y2K_S + 3600}", [0, 1]),
        (f"e={Y2K_S + 3600}&r=1", [1, 0]),
        (f"end_exclusive={Y2K_S + 3600}", [0]),
        (f"start={Y2K_S + 3600}&end={Y2K_S}", []),
        ("start=-62135596800&end=253402300799", [0, 1, 2, 3]),
        ("start=9999999999", []),
        ("end=-9999999999", []),
        ("reverse=true&limit=2", [3, 2]),
        ("offset=9007199254740992", []),
        ("limit=0", []),
        ("downsample=lttb&points=4", [0, 1, 2, 3]),
        ("downsample=m4&points=100", [0, 1, 2, 3]),
        ("points=10", [0, 1, 2, 3]),
    ],
)
def test_a_range_is_read(streams: Streams, query: str, expected: list[int]) -> None:
    assert values(streams.get(f"{streams.hours(4)}/?{query}").json) == expected


def test_datapoints_are_read_page_by_page_in_both_directions(streams: Streams) -> None:
    url = f"{ROOT}{streams.hours(5)}/?v=m&v=c&l=2"
    forth = list(followed(streams.client, url, "next"))
    assert [values(told) for told in forth] == [[0, 1], [2, 3], [4]]
    back = list(followed(streams.client, f"{url}&o=3", "previous"))
    assert [values(told) for told in back] == [[3, 4], [1, 2], [0]]
    assert {told["meta"]["total_count"] for told in forth + back} == {5}


def test_a_page_of_nothing_still_counts(streams: Streams) -> None:
    told = streams.get(f"{streams.hours(3)}/?limit=0").json
    assert told["meta"] == {
        "total_count": 3, "limit": 0, "offset": 0, "next": None, "previous": None,
    }  # fmt: skip


def test_lower_granularities_have_letters(streams: Streams) -> None:
    made = streams.hours(50)
    told = streams.get(f"{made}/?granularity=days&v=mean,u&v=count&t=a&partial=true").json
    assert [set(point["t"]) for point in told["datapoints"]] == [{"a"}] * 3
    assert [point["v"] for point in told["datapoints"]] == [
        {"m": 11.5, "u": 23, "c": 24},
        {"m": 35.5, "u": 47, "c": 24},
        {"m": 48.5, "u": 49, "c": 2},
    ]
    params = told["query_params"]
    assert params["value_downsamplers"] == ["mean", "max", "count"]
    assert params["time_downsamplers"] == ["first"]


def test_the_open_bucket_is_shown_only_when_asked_for(streams: Streams) -> None:
    made = streams.hours(50)
    partial = streams.get(f"{made}/?g=d&v=c&partial=1").json
    complete = streams.get(f"{made}/?g=d&v=c").json
    assert partial["meta"]["total_count"] == 3
    assert complete["datapoints"] == partial["datapoints"][: len(complete["datapoints"])]
    assert complete["meta"]["total_count"] < 3


@pytest.mark.parametrize(
    ("stream", "status", "told"),
    [
        ("00000000-0000-4000-8000-000000000000", 404,
            {"error_message": "Stream '00000000-0000-4000-8000-000000000000' not found."}),
        ("{known}/?granularity=<x>\"'", 400,
            {"error": "Invalid granularity: '&lt;x&gt;\"''"}),
        ("{known}/?start=1.5", 400, {"error": "Invalid time range start value: '1.5'"}),
        ("?limit=x", 400,
            {"error": "Invalid limit 'x' provided. Please provide a positive integer."}),
        ("?callback=1", 400, {"error": "JSONP callback name is invalid."}),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_the_words_of_the_door(
    streams: Streams, stream: str, status: int, told: dict[str, str]
) -> None:
    path, _, query = stream.replace("{known}", streams.make()).partition("?")
    answer = streams.get(f"{path.rstrip('/')}/?{query}".lstrip("/"))
    assert (answer.status_code, answer.json) == (status, told)
    assert answer.headers["Content-Type"] == "application/json"
    assert CORS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    "url",
    [
        "x/", "1/", "%00/", "set/x/", "set/;/", "00000000-0000-4000-8000-00000000000/",
        "?tags=1", "?tags__place__mod=1", "?tags__=1",
    ],
)  # fmt: skip
def test_a_malformed_id_or_filter_is_the_clients_mistake(streams: Streams, url: str) -> None:
    answer = streams.get(url)
    assert answer.status_code == 400
    assert list(answer.json) == ["error"]


def test_an_unknown_stream_comes_before_a_bad_parameter(streams: Streams) -> None:
    assert streams.get(f"{uuid.uuid4()}/?granularity=x").status_code == 404


@pytest.mark.parametrize("url", ["", "schema/", "{known}/", "set/{known}/", "{known}/?start=x"])
def test_every_origin_may_read(streams: Streams, url: str) -> None:
    answer = streams.get(url.format(known=streams.make()))
    assert CORS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("url", "methods"),
    [
        ("", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("set/1;2/", {"GET", "HEAD", "OPTIONS"}),
        ("00000000-0000-4000-8000-000000000000/", {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}),
    ],
)
def test_the_methods_are_told(streams: Streams, url: str, methods: set[str]) -> None:
    answer = streams.client.options(ROOT + url)
    assert answer.status_code == 200
    assert set(answer.allow) == methods
    assert answer.get_data(as_text=True) == ", ".join(sorted(methods))
    assert CORS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("url", "method"), [("", "PATCH"), ("", "DELETE"), ("schema/", "POST"), ("set/1;2/", "PUT")]
)
def test_another_method_is_not_allowed(streams: Streams, url: str, method: str) -> None:
    answer = streams.client.open(ROOT + url, method=method)
    assert answer.status_code == 405
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.allow)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("url", ["", "schema/", "{known}/", "set/{known}/"])
def test_head_answers_as_get_without_a_body(streams: Streams, url: str) -> None:
    url = ROOT + url.format(known=streams.hours(2))
    get, head = streams.client.get(url), streams.client.head(url)
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize(
    "url", ["/api/v1", "/api/v1/stream", "/api/v1/stream/schema", "/api/v1/stream/{known}"]
)
def test_without_its_slash_a_url_leads_to_the_one_with_it(streams: Streams, url: str) -> None:
    url = url.format(known=streams.make())
    answer = streams.client.get(f"{url}?start=+7&v=m&v=%25")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{url}/?start=+7&v=m&v=%25"
    assert streams.client.get(url).headers["Location"] == f"{url}/"


def test_writing_needs_no_slash(streams: Streams) -> None:
    body = {"title": streams.mark, "public": True}
    assert streams.client.post(ROOT[:-1], json=body, headers=streams.key).status_code == 201


def test_all_formats_tell_the_same_datapoints(streams: Streams) -> None:
    url = f"{streams.hours(50)}/?granularity=days&partial=true&format="
    told = streams.get(f"{url}json").json["datapoints"]
    lines = streams.get(f"{url}ndjson").get_data(as_text=True).splitlines()
    assert [json.loads(line) for line in lines] == told
    script = streams.get(f"{url}jsonp&callback=a.b").get_data(as_text=True)
    assert json.loads(script.removeprefix("a.b(").removesuffix(")"))["datapoints"] == told
    table = csv.DictReader(io.StringIO(streams.get(f"{url}csv").get_data(as_text=True)))
    cells = [
        {
            f"{key}.{letter}": str(value)
            for key in ("t", "v")
            for letter, value in point[key].items()
        }
        for point in told
    ]
    assert list(table) == cells
    root = ElementTree.fromstring(streams.get(f"{url}xml").data)
    means = [mean.text for mean in root.findall("datapoints/object/v/m")]
    assert means == [str(point["v"]["m"]) for point in told]


def test_rows_lead_to_the_next_page(streams: Streams) -> None:
    answer = streams.get(f"{streams.hours(3)}/?format=csv&limit=2")
    link = answer.headers["Link"]
    assert answer.data == b"t,v\r\n2000-01-01T00:00:00Z,0\r\n2000-01-01T01:00:00Z,1\r\n"
    following = streams.client.get(link[link.index("<") + 1 : link.index(">")])
    assert following.data == b"t,v\r\n2000-01-01T02:00:00Z,2\r\n"
    assert "Link" not in following.headers


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_finished_range_is_not_sent_twice(streams: Streams, encoding: str) -> None:
    url = f"{streams.hours(40)}/?end={Y2K_S + 3600 * 30}"
    tag = streams.get(url, Accept_Encoding=encoding).headers["ETag"]
    again = streams.get(url, Accept_Encoding=encoding, If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert CORS.items() <= dict(again.headers).items()


def test_a_tag_ends_with_what_it_stands_for(streams: Streams) -> None:
    made = streams.hours(2)
    tag = streams.get(f"{made}/").headers["ETag"]
    streams.put(made, [{"t": Y2K_S + 90_000, "v": 9}])
    assert streams.get(f"{made}/", If_None_Match=tag).status_code == 200


@pytest.mark.parametrize("url", ["{known}/?partial=true", "", "set/{known}/"])
def test_what_may_change_has_no_tag(streams: Streams, url: str) -> None:
    assert "ETag" not in streams.get(url.format(known=streams.make())).headers


def test_a_private_stream_is_read_with_a_key(streams: Streams, services: Services) -> None:
    made = streams.make(public=False)
    reader = {"X-API-Key": services.keys.create("r", [scopes.STREAM_READ]).secret}
    for url in (f"{ROOT}{made}/", f"{ROOT}set/{made}/"):
        assert streams.client.get(url).status_code == 401
        assert streams.client.get(url, headers=reader).status_code == 200
    assert ids(streams.list()) == []
    listed = streams.client.get(f"{ROOT}?tags__mark={streams.mark}", headers=reader)
    assert ids(listed.json) == [made]


def test_a_refusal_is_told_in_the_words_of_the_hub(streams: Streams, services: Services) -> None:
    made = streams.make(public=False)
    other = services.keys.create("d", [scopes.READ]).secret
    for headers, status, code in (
        ({}, 401, "unauthorized"),
        ({"X-API-Key": "hub_wrong"}, 401, "unauthorized"),
        ({"X-API-Key": other}, 403, "forbidden"),
    ):
        refused = streams.client.get(f"{ROOT}{made}/", headers=headers)
        assert (refused.status_code, refused.json["error"]["code"]) == (status, code)
        assert CORS.items() <= dict(refused.headers).items()


def test_a_stream_beyond_a_keys_reach_is_not_found(streams: Streams, services: Services) -> None:
    made = streams.make(public=False)
    reach = Reach(datasets=frozenset(), devices=frozenset(), streams=frozenset({0}))
    key = {"X-API-Key": services.keys.create("r", [scopes.STREAM_READ], reach=reach).secret}
    answer = streams.client.get(f"{ROOT}{made}/", headers=key)
    assert answer.status_code == 404
    assert answer.json == {"error_message": f"Stream '{made}' not found."}


def test_a_wrong_key_is_refused_where_none_is_needed(streams: Streams) -> None:
    made = streams.make()
    assert streams.get(f"{made}/", X_API_Key="hub_wrong").status_code == 401
    assert streams.get(f"?tags__mark={streams.mark}", X_API_Key="hub_wrong").status_code == 401


def test_a_script_from_another_page_does_not_use_the_browsers_key(streams: Streams) -> None:
    made = streams.make(public=False)
    secret = (streams.key["X-API-Key"], "")
    url = f"{ROOT}{made}/?format=jsonp"
    assert streams.client.get(url, auth=secret).status_code == 401
    assert streams.client.get(url.replace("jsonp", "json"), auth=secret).status_code == 200


def test_a_browser_is_told_what_to_append(streams: Streams) -> None:
    answer = streams.get(f"{streams.make()}/", Accept="text/html,*/*;q=0.8")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert b"?format=json" in answer.data


def test_a_link_is_a_path(streams: Streams) -> None:
    link = streams.get(f"{streams.hours(3)}/?limit=1").json["meta"]["next"]
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("", "")
