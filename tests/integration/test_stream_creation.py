"""Streams made and deleted over HTTP: what is answered, what is refused, and to whom."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.errors import StreamNotFound
from hub.services import Services, scopes
from hub.values import Reach
from tests.conftest import Access

URL = "/api/v1/stream/"
FACTS = {
    "id", "resource_uri", "number", "title", "tags", "value_type", "highest_granularity",
    "value_downsamplers", "time_downsamplers", "public", "late", "dataset", "derived_from",
    "backfill",
}  # fmt: skip
Ask = Callable[..., TestResponse]


def fresh() -> str:
    return f"stream {uuid.uuid4()}"


def code(answer: TestResponse) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status_code, error["code"], error["detail"].get("path")


@pytest.fixture
def secret(services: Services) -> Callable[..., str]:
    """A new key: every scope and everything, unless it is said otherwise."""

    def made(*of: str, reach: Reach | None = None) -> str:
        return services.keys.create("k", of or scopes.SCOPES, reach=reach or Reach()).secret

    return made


@pytest.fixture
def post(client: FlaskClient, secret: Callable[..., str]) -> Ask:
    auth = (secret(), "")

    def asked(**body: Any) -> TestResponse:
        return client.post(URL, json={"title": fresh()} | body, auth=auth)

    return asked


@pytest.fixture
def delete(client: FlaskClient, secret: Callable[..., str]) -> Ask:
    auth = (secret(), "")
    return lambda stream: client.delete(f"{URL}{stream}/", auth=auth)


def test_a_stream_that_was_made_is_shown(post: Ask, services: Services):
    answer = post(title="river", tags={"unit": "m", "at": {"floor": 2}}, query_tags={"x": fresh()})
    facts = answer.json
    assert (answer.status_code, facts.keys()) == (201, FACTS)
    stream = services.streams.of(facts["number"])
    assert facts == {
        "id": stream.uuid,
        "resource_uri": f"{URL}{stream.uuid}/",
        "number": stream.id,
        "title": "river",
        "tags": {"x": facts["tags"]["x"], "unit": "m", "at": {"floor": 2}, "title": "river"},
        "value_type": "numeric",
        "highest_granularity": "seconds",
        "value_downsamplers": list(stream.value_downsamplers),
        "time_downsamplers": ["mean", "first", "last"],
        "public": False,
        "late": "keep",
        "dataset": None,
        "derived_from": None,
        "backfill": None,
    }
    assert answer.headers["Location"] == facts["resource_uri"]


def test_a_stream_that_is_there_is_shown_again(post: Ask):
    title = fresh()
    first = post(title=title)
    again = post(title=title, highest_granularity="d", tags={"n": 1})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json | {"tags": {"title": title, "n": 1}}


def test_a_fed_stream_says_where_its_values_come_from(post: Ask, dataset: Access):
    query = {"ok": True, "since": {"$gte": {"$date": "2026-01-01T00:00:00Z"}}}
    feed = {"dataset": dataset.uuid, "field": "air.t", "filter": query, "time_field": "at"}
    answer = post(dataset=feed)
    assert (answer.status_code, answer.json["dataset"]) == (201, feed)
    again = post(title=answer.json["title"], dataset=answer.json["dataset"])
    assert (again.status_code, again.json) == (200, answer.json)


def test_a_derived_stream_says_what_it_is_derived_from(post: Ask):
    resets = post(value_type="nominal", highest_granularity="m").json["id"]
    counter = post(highest_granularity="s").json["id"]
    answer = post(
        highest_granularity="h",
        derive_op="counter_derivative",
        derive_from=[
            {"name": "reset", "stream": resets},
            {"stream": counter, "granularity": "M"},
        ],
        derive_args={"max_value": 255},
    )
    assert answer.status_code == 201
    assert answer.json["derived_from"] == {
        "op": "counter_derivative",
        "args": {"max_value": 255},
        "sources": [
            {"stream": resets, "granularity": "minutes", "name": "reset"},
            {"stream": counter, "granularity": "10minutes", "name": None},
        ],
        "after": None,
    }


def test_without_backprocessing_only_data_to_come_counts(post: Ask, services: Services):
    source = post().json["id"]
    body = {"derive_op": "derivative", "derive_from": [source], "derive_backprocess": False}
    made = post(**body).json
    stream = services.streams.of(made["number"])
    assert stream.derivation is not None
    assert stream.derivation.after_ms == round(stream.created.timestamp() * 1000)
    assert made["derived_from"]["after"] is not None


def test_derivations_may_be_chained(post: Ask):
    source = post().json["id"]
    first = post(derive_op="derivative", derive_from=[source]).json["id"]
    assert post(derive_op="sum", derive_from=[first, source]).status_code == 201


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"nonsense": 1}, (400, "bad_stream", "$.nonsense")),
        ({"tags": {"stream_id": 1}}, (400, "bad_stream", "$.tags.stream_id")),
        ({"tags": {"a": {"b__c": 1}}}, (400, "bad_stream", "$.tags.a.b__c")),
        ({"tags": {"a": 1 << 64}}, (400, "bad_stream", "$.tags.a")),
        ({"tags": {"a": "x" * 70_000}}, (400, "bad_stream", "$.tags")),
        (
            {"derive_op": "derivative", "derive_from": [str(uuid.uuid4())]},
            (404, "stream_not_found", "$.derive_from[0].stream"),
        ),
        (
            {"derive_op": "derivative", "derive_from": ["7"]},
            (400, "bad_stream_id", "$.derive_from[0].stream"),
        ),
        (
            {"dataset": {"dataset": str(uuid.uuid4()), "field": "t"}},
            (404, "not_found", "$.dataset.dataset"),
        ),
        (
            {"value_type": "graph", "dataset": {"dataset": "x", "field": "t"}},
            (400, "incompatible_types", "$.value_type"),
        ),
        ({"derive_op": "mean", "derive_from": ["x"]},
         (400, "unsupported_derive_operator", "$.derive_op")),
        ({"derive_op": "sum"}, (400, "invalid_operator_arguments", "$.derive_from")),
    ],
)  # fmt: skip
def test_what_cannot_be_wanted_is_refused(post: Ask, body: dict, expected: tuple):
    assert code(post(**body)) == expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("{", "application/json", (400, "not_json")),
        ('{"title": "a", "title": "b"}', "application/json", (400, "bad_query")),
        ("[]", "application/json", (400, "bad_stream")),
        ("", "application/json", (400, "bad_stream")),
        ("title=a", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'{"title": "\xff"}', "application/json", (400, "not_json")),
        ('{"title": "\\ud800"}', "application/json", (400, "bad_stream")),
        ('{"title": "x", "tags": ' + '{"a":' * 200 + "1" + "}" * 201, "application/json",
         (400, "bad_stream")),
    ],
)  # fmt: skip
def test_a_body_that_is_no_such_object_is_refused(
    client: FlaskClient,
    secret: Callable[..., str],
    body: str | bytes,
    content_type: str,
    expected: tuple,
):
    answer = client.post(URL, data=body, content_type=content_type, auth=(secret(), ""))
    assert code(answer)[:2] == expected


@pytest.mark.parametrize(
    ("sources", "body", "expected"),
    [
        ([{"value_type": "nominal"}], {"derive_op": "sum"}, ("incompatible_types", "[0].stream")),
        ([{}, {"value_type": "graph"}], {"derive_op": "sum"}, ("incompatible_types", "[1].stream")),
        (
            [{"value_type": "nominal"}], {"derive_op": "derivative"},
            ("incompatible_types", "[0].stream"),
        ),
        (
            [{"value_type": "nominal"}], {"derive_op": "counter_reset", "value_type": "nominal"},
            ("incompatible_types", "[0].stream"),
        ),
    ],
)  # fmt: skip
def test_sources_of_another_type_are_refused(post: Ask, sources: list, body: dict, expected: tuple):
    ids = [post(**source).json["id"] for source in sources]
    name, path = expected
    assert code(post(derive_from=ids, **body)) == (400, name, f"$.derive_from{path}")


@pytest.mark.parametrize(
    ("source", "read", "derived", "path"),
    [
        ("minutes", "seconds", "hours", "$.derive_from[0].granularity"),
        ("days", "6hours", "days", "$.derive_from[0].granularity"),
        ("minutes", None, "seconds", "$.highest_granularity"),
        ("seconds", "hours", "10minutes", "$.highest_granularity"),
    ],
)
def test_granularities_that_are_too_fine_are_refused(
    post: Ask, source: str, read: str | None, derived: str, path: str
):
    stream = post(highest_granularity=source).json["id"]
    sources = [{"stream": stream} | ({"granularity": read} if read else {})]
    answer = post(derive_op="derivative", derive_from=sources, highest_granularity=derived)
    assert code(answer) == (400, "incompatible_granularities", path)


@pytest.mark.parametrize(
    ("source", "read", "derived"),
    [("seconds", None, "seconds"), ("seconds", "minutes", "minutes"), ("minutes", "hours", "days")],
)
def test_granularities_that_fit_are_taken(post: Ask, source: str, read: str | None, derived: str):
    stream = post(highest_granularity=source).json["id"]
    sources = [{"stream": stream} | ({"granularity": read} if read else {})]
    answer = post(derive_op="derivative", derive_from=sources, highest_granularity=derived)
    assert answer.status_code == 201


def test_another_value_type_for_the_same_tags_is_a_conflict(post: Ask):
    title = post().json["title"]
    assert code(post(title=title, value_type="graph")) == (
        409,
        "inconsistent_stream",
        "$.value_type",
    )


def test_query_tags_of_several_streams_are_a_conflict(post: Ask):
    mark = fresh()
    for n in (1, 2):
        post(query_tags={"mark": mark, "n": n})
    assert code(post(query_tags={"mark": mark}))[:2] == (409, "multiple_streams")


@pytest.mark.parametrize("method", ["post", "delete"])
@pytest.mark.parametrize(
    ("auth", "expected"),
    [(None, (401, "unauthorized")), ("wrong", (401, "unauthorized")), ("read", (403, "forbidden"))],
)
def test_writing_needs_a_key_with_the_scope(
    client: FlaskClient,
    secret: Callable[..., str],
    post: Ask,
    method: str,
    auth: str | None,
    expected: tuple,
):
    shown = {"wrong": "hub_wrong", "read": secret(scopes.STREAM_READ)}
    arguments = {"auth": (shown[auth], "")} if auth else {}
    url = URL if method == "post" else f"{URL}{post(public=True).json['id']}/"
    answer = client.open(url, method=method.upper(), json={"title": fresh()}, **arguments)
    assert code(answer)[:2] == expected


def test_a_key_of_a_dataset_makes_no_stream(client: FlaskClient, dataset: Access):
    answer = client.post(URL, json={"title": fresh()}, auth=dataset.auth)
    assert code(answer)[:2] == (403, "forbidden")


def test_a_key_for_one_stream_changes_it_and_deletes_no_other(
    client: FlaskClient, secret: Callable[..., str], post: Ask
):
    mine, other, public = post().json, post().json, post(public=True).json
    auth = (secret(scopes.STREAM_WRITE, reach=Reach(streams=frozenset({mine["number"]}))), "")
    changed = client.post(URL, json={"title": mine["title"], "tags": {"n": 1}}, auth=auth)
    assert (changed.status_code, changed.json["tags"]["n"]) == (200, 1)
    assert code(client.post(URL, json={"title": fresh()}, auth=auth))[0] == 403
    statuses = [
        client.delete(f"{URL}{each['id']}/", auth=auth).status_code
        for each in (other, public, mine)
    ]
    assert statuses == [404, 403, 204]


@pytest.mark.parametrize(
    ("held", "reach", "status"),
    [
        ((scopes.STREAM_WRITE, scopes.READ), True, 201),
        ((scopes.STREAM_WRITE, scopes.WRITE), True, 201),
        ((scopes.STREAM_WRITE,), True, 403),
        ((scopes.STREAM_WRITE, scopes.READ), False, 404),
    ],
)
def test_a_feed_needs_a_key_that_reads_the_dataset(
    client: FlaskClient,
    secret: Callable[..., str],
    dataset: Access,
    held: tuple,
    reach: bool,
    status: int,
):
    opened = frozenset({dataset.uuid}) if reach else frozenset()
    auth = (secret(*held, reach=Reach(datasets=opened)), "")
    body = {"title": fresh(), "dataset": {"dataset": dataset.uuid, "field": "t"}}
    assert client.post(URL, json=body, auth=auth).status_code == status


@pytest.mark.parametrize(
    ("query", "held", "expected"),
    [
        ({"$where": "1"}, scopes.ANALYZE, (400, "bad_query", "$.dataset.filter.$where")),
        ({"a": {"$nonsense": 1}}, scopes.READ, (400, "bad_query", "$.dataset.filter.a.$nonsense")),
        ({"a": {"$regex": "b"}}, scopes.READ, (403, "forbidden", "$.dataset.filter.a.$regex")),
    ],
)
def test_a_feeds_filter_is_guarded(
    client: FlaskClient,
    secret: Callable[..., str],
    dataset: Access,
    query: dict,
    held: str,
    expected: tuple,
):
    auth = (secret(scopes.STREAM_WRITE, held), "")
    feed = {"dataset": dataset.uuid, "field": "t", "filter": query}
    assert code(client.post(URL, json={"title": fresh(), "dataset": feed}, auth=auth)) == expected


def test_an_analyst_may_feed_by_a_regular_expression(post: Ask, dataset: Access):
    query = {"a": {"$regex": "b"}}
    answer = post(dataset={"dataset": dataset.uuid, "field": "t", "filter": query})
    assert (answer.status_code, answer.json["dataset"]["filter"]) == (201, query)


def test_a_source_must_be_opened_by_the_key(
    client: FlaskClient, secret: Callable[..., str], post: Ask
):
    mine, other = post().json, post().json
    body = {"derive_op": "sum", "title": mine["title"]}
    auth = (secret(scopes.STREAM_WRITE, reach=Reach(streams=frozenset({mine["number"]}))), "")
    answer = client.post(URL, json=body | {"derive_from": [other["id"]]}, auth=auth)
    assert code(answer) == (404, "stream_not_found", "$.derive_from[0].stream")


def test_a_deleted_stream_is_gone(post: Ask, delete: Ask, services: Services):
    made = post(public=True).json
    answer = delete(made["id"])
    assert (answer.status_code, answer.data) == (204, b"")
    with pytest.raises(StreamNotFound):
        services.streams.open(made["id"], None)
    assert code(delete(made["id"]))[:2] == (404, "stream_not_found")


def test_a_stream_that_others_are_derived_from_is_not_deleted(post: Ask, delete: Ask):
    source = post().json["id"]
    derived = post(derive_op="derivative", derive_from=[source]).json["id"]
    answer = delete(source)
    assert code(answer)[:2] == (409, "outstanding_dependencies")
    assert answer.json["error"]["detail"]["streams"] == [derived]
    assert (delete(derived).status_code, delete(source).status_code) == (204, 204)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [("x", (400, "bad_stream_id")), (str(uuid.uuid4()), (404, "stream_not_found"))],
)
def test_what_is_no_stream_is_not_deleted(delete: Ask, stream: str, expected: tuple):
    assert code(delete(stream))[:2] == expected


def test_making_and_deleting_is_on_record(post: Ask, delete: Ask, services: Services):
    made = post().json
    post(title=made["title"], tags={"n": 1})
    delete(made["id"])
    noted = [e["action"] for e in services.audit.latest(20) if e.get("stream") == made["id"]]
    assert noted == ["stream.delete", "stream.tags", "stream.create"]
