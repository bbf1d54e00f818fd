"""The registry: one stream for the same query tags, seen by those who may, closed for good."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import (
    BadStreamId,
    Conflict,
    Forbidden,
    HubError,
    InconsistentStream,
    MultipleStreams,
    OutstandingDependencies,
    StreamNotFound,
    Unauthorized,
)
from hub.services import Services, scopes
from hub.services.streams.registry.wanted import wanted
from hub.store.client import DURABLE, Mongo
from hub.store.streams import streams as store
from hub.values import BSON_CODEC, EVERYTHING, Feed, Principal, Reach, Stream
from tests.conftest import Access

ADMIN = Principal("admin", frozenset(scopes.SCOPES), EVERYTHING, None)
STRANGER = Principal("stranger", frozenset(), EVERYTHING, None)
THREADS = 8


def key(*of: Stream, scope: str = scopes.STREAM_WRITE) -> Principal:
    """A key for these streams only."""
    reach = Reach(streams=frozenset(stream.id for stream in of))
    return Principal("some", scopes.expanded([scope]), reach, None)


def fresh() -> str:
    return f"stream {uuid.uuid4()}"


@pytest.fixture
def make(services: Services) -> Callable[..., Stream]:
    def made(**body: Any) -> Stream:
        body = body if "query_tags" in body else {"title": fresh()} | body
        stream, created = services.streams.ensure(wanted(body), ADMIN)
        assert created
        return stream

    return made


@pytest.fixture
def rows(database: Database) -> store.Streams:
    """The store below the services."""
    inner = database.client.get_database(
        database.name, codec_options=BSON_CODEC, write_concern=DURABLE
    )
    return store.Streams(Mongo(database.client, inner, True))


def all_at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Results, or the hub's errors, of calls that begin together."""
    todo = list(calls)
    barrier = Barrier(len(todo))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except HubError as exc:
            return exc

    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(run, todo))


def test_a_stream_is_kept_as_it_was_wanted(services: Services, make: Callable, dataset: Access):
    body = {
        "title": "t", "query_tags": {"serial": fresh()}, "tags": {"at": {"floor": 3}},
        "highest_granularity": "m", "value_downsamplers": ["mean"], "time_downsamplers": ["a"],
        "public": True, "late": "replace", "interval_s": 60,
        "dataset": {
            "dataset": dataset.uuid, "field": "air.t", "time_field": "at",
            "filter": {"ok": True, "since": {"$gte": {"$date": "2026-01-01T00:00:00.123456Z"}}},
        },
    }  # fmt: skip
    made = make(**body)
    assert services.streams.open(made.uuid, None).feed is not None
    kept = services.streams.of(made.id)
    assert (kept.id, kept.uuid, kept.name, kept.highest) == (made.id, made.uuid, "t", "minutes")
    assert kept.tags == {**body["query_tags"], "at": {"floor": 3}, "title": "t"}
    assert (kept.value_downsamplers, kept.time_downsamplers) == (
        ("mean", "sum", "count"), ("first",),
    )  # fmt: skip
    assert (kept.public, kept.late, kept.widths) == (True, "replace", ((0, 21_600_000),))
    assert isinstance(kept.feed, Feed)
    assert (kept.feed.field, kept.feed.time_field) == ("air.t", "at")
    assert kept.created == made.created
    assert services.streams.ensure(wanted(body), ADMIN) == (kept, False)


def test_numbers_count_up_from_one(services: Services, make: Callable):
    first, second = make(), make()
    assert second.id == first.id + 1
    assert first.id >= 1


def test_the_same_query_tags_give_the_same_stream(services: Services, make: Callable):
    made = make(tags={"unit": "m"})
    again = wanted({"title": made.name, "tags": {"unit": "m"}})
    assert services.streams.ensure(again, ADMIN) == (made, False)


@pytest.mark.parametrize(
    "query_tags",
    [
        {"a": {"b": 1}, "c": "x"},
        {"a": {"b": 1.0}},
        {"list": 2},
        {"list": [1, 2]},
        {"nothing": None},
        {"a": {"deep": {"er": True}}},
    ],
)
def test_query_tags_match_by_equality_of_every_leaf(
    services: Services, make: Callable, query_tags: dict
):
    mark = fresh()
    tags = {"a": {"b": 1, "deep": {"er": True}}, "c": "x", "list": [1, 2], "nothing": None}
    made = make(query_tags={"mark": mark, **tags})
    body = {"query_tags": {"mark": mark, **query_tags}}
    found, created = services.streams.ensure(wanted(body), ADMIN)
    assert (found.id, created) == (made.id, False)


@pytest.mark.parametrize(
    "query_tags",
    [{"a": {"b": 2}}, {"a": "1"}, {"a": {}}, {"c": None}, {"a": {"b": True}}, {"list": [2, 1]}],
)
def test_other_query_tags_make_another_stream(services: Services, make: Callable, query_tags: dict):
    mark = fresh()
    make(query_tags={"mark": mark, "a": {"b": 1}, "list": [1, 2]})
    body = {"query_tags": {"mark": mark, **query_tags}}
    assert services.streams.ensure(wanted(body), ADMIN)[1]


def test_the_tags_are_replaced_by_the_combination(services: Services, make: Callable):
    made = make(tags={"old": 1, "kept": 2})
    body = {"title": made.name, "tags": {"kept": 2, "new": {"x": 3}}}
    found, created = services.streams.ensure(wanted(body), ADMIN)
    assert (found.id, created) == (made.id, False)
    assert found.tags == {"title": made.name, "kept": 2, "new": {"x": 3}}
    assert services.streams.of(made.id).tags == found.tags


@pytest.mark.parametrize(("body", "name"), [({"title": "new"}, "new"), ({}, "old")])
def test_a_title_names_the_stream_anew(services: Services, make: Callable, body: dict, name: str):
    query_tags = {"serial": fresh()}
    make(query_tags=query_tags, title="old")
    found, _ = services.streams.ensure(wanted({"query_tags": query_tags, **body}), ADMIN)
    assert found.name == name


@pytest.mark.parametrize(
    "other",
    [
        {"highest_granularity": "days"},
        {"value_downsamplers": []},
        {"time_downsamplers": ["last"]},
        {"public": True},
        {"late": "reject"},
        {"interval_s": 3600},
    ],
)
def test_what_a_stream_is_kept_in_stays_as_it_was(services: Services, make: Callable, other: dict):
    made = make()
    assert services.streams.ensure(wanted({"title": made.name, **other}), ADMIN) == (made, False)


def test_another_value_type_is_inconsistent(services: Services, make: Callable):
    made = make()
    with pytest.raises(InconsistentStream) as caught:
        services.streams.ensure(wanted({"title": made.name, "value_type": "nominal"}), ADMIN)
    assert caught.value.detail == {"stream": made.uuid, "path": "$.value_type"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"derive_op": "derivative"}, "$.derive_op"),
        ({"derive_from": 1}, "$.derive_from"),
        ({"derive_from": None, "derive_op": None}, "$.derive_op"),
    ],
)
def test_another_derivation_is_inconsistent(
    services: Services, make: Callable, change: dict, path: str
):
    sources = [make().uuid, make().uuid]
    body = {"title": fresh(), "derive_op": "sum", "derive_from": sources[:1]}
    make(**body)
    if change.get("derive_from"):
        change = {"derive_from": sources[change["derive_from"] :]}
    with pytest.raises(InconsistentStream) as caught:
        services.streams.ensure(wanted(body | change), ADMIN)
    assert caught.value.detail["path"] == path


@pytest.mark.parametrize("change", [{"field": "u"}, {"filter": {"a": 2}}, {"time_field": "x"}])
def test_another_feed_is_inconsistent(
    services: Services, make: Callable, dataset: Access, change: dict
):
    feed = {"dataset": dataset.uuid, "field": "t", "filter": {"a": 1}}
    made = make(dataset=feed)
    with pytest.raises(InconsistentStream) as caught:
        services.streams.ensure(wanted({"title": made.name, "dataset": feed | change}), ADMIN)
    assert caught.value.detail["path"] == "$.dataset"


def test_several_matches_are_refused_by_name(services: Services, make: Callable):
    mark = fresh()
    both = [make(query_tags={"mark": mark, "n": n}) for n in (1, 2)]
    with pytest.raises(MultipleStreams) as caught:
        services.streams.ensure(wanted({"query_tags": {"mark": mark}}), ADMIN)
    assert caught.value.detail["streams"] == [stream.uuid for stream in both]


def test_many_who_ask_at_once_for_the_same_get_one_stream(services: Services):
    for _ in range(5):
        body = {"title": fresh()}
        got = all_at_once(
            [lambda body=body: services.streams.ensure(wanted(body), ADMIN)] * THREADS
        )
        assert len({stream.id for stream, _ in got}) == 1
        assert sum(created for _, created in got) == 1


def test_many_who_ask_at_once_for_the_same_in_other_words_get_one_stream(services: Services):
    for _ in range(5):
        tags = {"a": fresh(), "b": fresh()}
        bodies = [{"query_tags": {name: tags[name]}, "tags": tags} for name in ("a", "b")] * 4
        got = all_at_once(
            [lambda body=body: services.streams.ensure(wanted(body), ADMIN) for body in bodies]
        )
        assert len({stream.id for stream, _ in got}) == 1


def test_many_who_ask_at_once_for_others_each_get_their_own(services: Services):
    titles = [fresh() for _ in range(2 * THREADS)]
    got = all_at_once(
        [lambda t=title: services.streams.ensure(wanted({"title": t}), ADMIN) for title in titles]
    )
    assert [stream.name for stream, _ in got] == titles
    assert len({stream.id for stream, _ in got}) == len(titles)


def test_tags_that_many_replace_at_once_are_those_of_one(services: Services, make: Callable):
    made = make()
    bodies = [{"title": made.name, "tags": {"n": n, "again": n}} for n in range(THREADS)]
    all_at_once([lambda body=body: services.streams.ensure(wanted(body), ADMIN) for body in bodies])
    tags = services.streams.of(made.id).tags
    assert tags["n"] == tags["again"]


def test_a_creation_that_was_cut_off_before_it_was_counted_does_no_harm(
    database: Database, make: Callable
):
    made = make()
    database["counters"].update_one({"_id": "streams"}, {"$set": {"last": made.id - 1}})
    assert make().id == made.id + 1


def test_a_number_is_not_used_again(services: Services, rows: store.Streams, make: Callable):
    made = make()
    services.streams.delete(made)
    rows.remove(made.id)
    assert make().id == made.id + 1


def test_a_taken_number_is_a_conflict(rows: store.Streams, make: Callable):
    with pytest.raises(Conflict):
        rows.add(make())


@pytest.mark.parametrize(
    ("public", "who", "error"),
    [
        (True, None, None),
        (True, STRANGER, None),
        (True, key(), None),
        (False, ADMIN, None),
        (False, None, Unauthorized),
        (False, STRANGER, Forbidden),
        (False, key(), StreamNotFound),
    ],
)
def test_a_stream_opens_for_those_who_may(
    services: Services,
    make: Callable,
    public: bool,
    who: Principal | None,
    error: type[HubError] | None,
):
    made = make(public=public)
    if error is None:
        assert services.streams.open(made.uuid, who) == made
    else:
        with pytest.raises(error):
            services.streams.open(made.uuid, who)


def test_a_key_of_a_dataset_opens_no_stream(services: Services, make: Callable, dataset: Access):
    principal = services.keys.verify(dataset.secret)
    with pytest.raises((StreamNotFound, Forbidden)):
        services.streams.open(make().uuid, principal)


@pytest.mark.parametrize("scope", [scopes.STREAM_READ, scopes.STREAM_WRITE])
def test_a_key_for_one_stream_opens_this_one(services: Services, make: Callable, scope: str):
    made, other = make(), make()
    assert services.streams.open(made.uuid, key(made, scope=scope)) == made
    with pytest.raises(StreamNotFound):
        services.streams.open(other.uuid, key(made, scope=scope))


@pytest.mark.parametrize(
    ("public", "who", "error"),
    [
        (True, None, Unauthorized),
        (True, key(scope=scopes.STREAM_READ), Forbidden),
        (True, key(), Forbidden),
        (False, key(), StreamNotFound),
    ],
)
def test_a_stream_is_written_by_those_who_may(
    services: Services, make: Callable, public: bool, who: Principal | None, error: type[HubError]
):
    made = make(public=public)
    assert services.streams.writable(made.uuid, key(made)) == made
    with pytest.raises(error):
        services.streams.writable(made.uuid, who)


def test_a_uuid_in_capitals_opens_the_stream(services: Services, make: Callable):
    made = make()
    assert services.streams.open(made.uuid.upper(), ADMIN) == made


@pytest.mark.parametrize("text", ["", "7", "x", "00000000-0000-4000-8000-00000000000"])
def test_a_text_that_is_no_uuid_opens_nothing(services: Services, text: str):
    with pytest.raises(BadStreamId):
        services.streams.open(text, ADMIN)


def test_an_unknown_stream_is_not_found(services: Services):
    with pytest.raises(StreamNotFound):
        services.streams.open(str(uuid.uuid4()), None)
    with pytest.raises(StreamNotFound):
        services.streams.of(1_000_000)


def test_a_page_has_what_its_reader_sees(services: Services, make: Callable):
    mark = fresh()
    named = {
        name: make(query_tags={"mark": mark, "name": name}, public=name == "public")
        for name in ("mine", "public", "other")
    }
    seen = {}
    for who, principal in {
        "nobody": None, "stranger": STRANGER, "key": key(named["mine"]), "admin": ADMIN,
    }.items():  # fmt: skip
        found, total = services.streams.page(
            {"tags.mark": {"$eq": mark}}, principal, offset=0, limit=20
        )
        assert total == len(found)
        seen[who] = [stream.tags["name"] for stream in found]
    assert seen == {
        "nobody": ["public"],
        "stranger": ["public"],
        "key": ["mine", "public"],
        "admin": ["mine", "public", "other"],
    }


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [(0, 2, [0, 1]), (2, 2, [2, 3]), (4, 2, [4]), (5, 2, []), (1 << 80, 2, []), (3, 0, [3, 4])],
)
def test_a_page_is_cut_in_order_of_creation(
    services: Services, make: Callable, offset: int, limit: int, expected: list
):
    mark = fresh()
    for n in range(5):
        make(query_tags={"mark": mark, "n": n})
    found, total = services.streams.page(
        {"tags.mark": {"$eq": mark}}, ADMIN, offset=offset, limit=limit
    )
    assert total == 5
    assert [stream.tags["n"] for stream in found] == expected


def test_a_closed_stream_is_gone_for_everybody(services: Services, make: Callable):
    made = make(public=True)
    services.streams.delete(made)
    for principal in (None, ADMIN):
        with pytest.raises(StreamNotFound):
            services.streams.open(made.uuid, principal)
    with pytest.raises(StreamNotFound):
        services.streams.of(made.id)
    with pytest.raises(StreamNotFound):
        services.streams.delete(made)
    same = {"tags.title": {"$eq": made.name}}
    assert services.streams.page(same, ADMIN, offset=0, limit=0) == ([], 0)
    assert made.id in [stream.id for stream in services.purging.deleted()]


def test_a_closed_stream_does_not_match_query_tags(services: Services, make: Callable):
    made = make()
    services.streams.delete(made)
    assert make(title=made.name).id != made.id


def test_a_stream_that_others_are_derived_from_stays(services: Services, make: Callable):
    source = make()
    derived = make(derive_op="derivative", derive_from=[source.uuid])
    with pytest.raises(OutstandingDependencies) as caught:
        services.streams.delete(source)
    assert caught.value.detail == {"stream": source.uuid, "streams": [derived.uuid]}
    assert services.streams.of(source.id) == source
    services.streams.delete(derived)
    services.streams.delete(source)


def test_no_stream_is_derived_from_one_that_is_closed_meanwhile(
    services: Services, make: Callable, rows: store.Streams
):
    for _ in range(15):
        source = make()
        body = {"title": fresh(), "derive_op": "derivative", "derive_from": [source.uuid]}
        all_at_once(
            [
                lambda body=body: services.streams.ensure(wanted(body), ADMIN),
                lambda source=source: services.streams.delete(source),
            ]
        )
        assert bool(rows.derived_from(source.id)) == (rows.by_id(source.id).deleted is None)


def test_the_store_finds_what_depends(rows: store.Streams, make: Callable, dataset: Access):
    source = make(dataset={"dataset": dataset.uuid, "field": "t"})
    derived = [
        make(derive_op="sum", derive_from=[source.uuid, make().uuid]),
        make(derive_op="derivative", derive_from=[source.uuid]),
    ]
    assert rows.derived_from(source.id) == derived
    assert source in rows.fed()
    assert rows.by_ids([derived[1].id, source.id, 10**9]) == [source, derived[1]]


def test_widths_are_changed(rows: store.Streams, make: Callable):
    made = make()
    rows.set_widths(made.id, [(0, 1000), (60_000, 10_000)])
    assert rows.by_id(made.id).widths == ((0, 1000), (60_000, 10_000))


def test_a_key_for_some_streams_changes_only_those(services: Services, make: Callable):
    mark = fresh()
    mine = make(query_tags={"mark": mark, "n": 1})
    make(query_tags={"mark": mark, "n": 2})
    body = {"query_tags": {"mark": mark}, "tags": {"seen": True}}
    found, created = services.streams.ensure(wanted(body), key(mine))
    assert (found.id, created, found.tags) == (mine.id, False, {"mark": mark, "seen": True})


def test_a_key_for_some_streams_makes_none(services: Services, make: Callable):
    with pytest.raises(Forbidden):
        services.streams.ensure(wanted({"title": fresh()}), key(make()))


def test_making_a_stream_needs_the_scope(services: Services):
    reader = Principal("r", scopes.expanded([scopes.STREAM_READ]), EVERYTHING, None)
    with pytest.raises(Forbidden) as caught:
        services.streams.ensure(wanted({"title": fresh()}), reader)
    assert caught.value.detail == {"scope": scopes.STREAM_WRITE}
