"""Tag filters over real streams' tags: which of them MongoDB finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from hub.query.tags import tag_filter
from tests.conftest import fresh

TAGS = {
    "one": {"title": "Stream 1", "number": 1, "place": {"room": "Lab (A)", "floor": 2}},
    "two": {"title": "stream 2", "number": 2, "place": {"room": "lab [b]", "floor": -1}},
    "ten": {"title": "Črna\n", "number": 10, "list": ["x", "y", 5], "on": True},
    "big": {"title": "x.y", "number": float(2**70), "list": ["y"], "on": False},
    "odd": {"title": None, "number": "12", "list": [], "id": 7, "value_type": "numeric"},
    "nul": {"title": "a\0b", "number": 2.5, "size": 3, "list": [{"k": 1}, {"k": 2}]},
    "bare": {},
}


@pytest.fixture(scope="module")
def streams(mongo_uri: str) -> Iterator[Collection]:
    with fresh(mongo_uri) as database:
        collection = database.streams
        collection.insert_many({"_id": name, "tags": tags} for name, tags in TAGS.items())
        collection.create_index({"tags.$**": 1})
        yield collection


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "one two ten big odd nul bare"),
        ("tags__title=Stream 1", "one"),
        ("tags__title=stream 1", ""),
        ("tags__title__iexact=STREAM 1", "one"),
        ("tags__title__iexact=črna\n", "ten"),
        ("tags__title__iexact=črna", ""),
        ("tags__title__iexact=x?y", ""),
        ("tags__title__contains=tream", "one two"),
        ("tags__title__contains=.", "big"),
        ("tags__title__contains=", "one two ten big nul"),
        ("tags__title__icontains=STREAM", "one two"),
        ("tags__title__startswith=Stream", "one"),
        ("tags__title__istartswith=Stream", "one two"),
        ("tags__title__endswith= 2", "two"),
        ("tags__title__endswith=na", ""),
        ("tags__title__iendswith=M 2", "two"),
        ("tags__title__contains=a\0b", "nul"),
        ("tags__title__not__icontains=STREAM", "ten big odd nul bare"),
        ("tags__title__not__iexact=stream 1", "two ten big odd nul bare"),
        ("tags__title=null", "odd bare"),
        ("tags__title__ne=null", "one two ten big nul"),
        ("tags__place__room__icontains=lab (a", "one"),
        ("tags__place__room__endswith=[b]", "two"),
        ("tags__place__floor=2", "one"),
        ("tags__place__floor__lt=0", "two"),
        ("tags__number=1", "one"),
        ("tags__number=1.0", "one"),
        ("tags__number=12", ""),
        ("tags__number__iexact=12", "odd"),
        ("tags__number__iexact=10", "ten"),
        ("tags__number=1180591620717411303424", "big"),
        ("tags__number__gt=9223372036854775808", "big"),
        ("tags__number__gt=2", "ten big nul"),
        ("tags__number__gte=2", "two ten big nul"),
        ("tags__number__lt=2", "one"),
        ("tags__number__lte=2", "one two"),
        ("tags__number__not__gt=2", "one two odd bare"),
        ("tags__number__gt=1&tags__number__lt=10", "two nul"),
        ("tags__number__in=1,10,x", "one ten"),
        ("tags__number__in=1&tags__number__in=2", "one two"),
        ("tags__number__nin=1,2", "ten big odd nul bare"),
        ("tags__number__mod=4,2", "two ten nul"),
        ("tags__number=1&tags__number=2", "two"),
        ("tags__number=1&tags__number__exact=2", ""),
        ("tags__list=x", "ten"),
        ("tags__list=5", "ten"),
        ("tags__list__all=x,y", "ten"),
        ("tags__list__all=y", "ten big"),
        ("tags__list__in=x,y", "ten big"),
        ("tags__list__size=0", "odd"),
        ("tags__list__size=3", "ten"),
        ("tags__list__not__size=0", "one two ten big nul bare"),
        ("tags__list__exists=true", "ten big odd nul"),
        ("tags__list__exists=false", "one two bare"),
        ("tags__list__0=y", "big"),
        ("tags__list__k=2", "nul"),
        ("tags__on=true", "ten"),
        ("tags__on=False", "big"),
        ("tags__on__ne=true", "one two big odd nul bare"),
        ("tags__size__exact=3", "nul"),
        ("tags__id=7", ""),
        ("tags__value_type=numeric", ""),
        ("tags__value_type__ne=numeric", ""),
        ("tags__number=1&tags__stream_id=1", ""),
        ("tags__title__contains=" + "\0" * 4096, ""),
        ("tags__title__iexact=" + "(" * 4096, ""),
        ("tags__list__size=2147483647", ""),
        ("tags__number__mod=-1,0", "one two ten nul"),
        ("tags__" + "__".join("a" * 16) + "=1", ""),
    ],
)
def test_a_filter_finds_its_streams(streams: Collection, query: str, expected: str) -> None:
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    found = {row["_id"] for row in streams.find(tag_filter(pairs))}
    assert found == set(expected.split())


def test_a_filter_joins_with_another(mongo_db: Database) -> None:
    mongo_db.streams.insert_many(
        {"_id": n, "public": n % 2 == 0, "tags": {"n": n}} for n in range(6)
    )
    both = {"$and": [{"public": True}, tag_filter([("tags__n__gt", "1"), ("tags__n__lt", "5")])]}
    assert [row["_id"] for row in mongo_db.streams.find(both)] == [2, 4]
