"""Indexes over data that an earlier version of the hub left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pymongo import ASCENDING, GEOSPHERE, IndexModel
from pymongo.database import Database

from hub.store import schema
from hub.store.client import Mongo, connect
from hub.store.schema import Collection

NAME = "things"


@pytest.fixture
def mongo(mongo_uri: str, mongo_db: Database) -> Iterator[Mongo]:
    opened = connect(mongo_uri, mongo_db.name)
    yield opened
    opened.close()


def index(mongo: Mongo, *indexes: IndexModel) -> None:
    schema.ensure(mongo, [Collection(NAME, indexes)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            IndexModel([("a", ASCENDING)]),
            IndexModel([("a", ASCENDING)], unique=True),
        ),
        (
            IndexModel([("a", ASCENDING)], partialFilterExpression={"b": True}),
            IndexModel([("a", ASCENDING)], partialFilterExpression={"b": False}),
        ),
        (
            IndexModel([("a", ASCENDING)], expireAfterSeconds=5),
            IndexModel([("a", ASCENDING)], expireAfterSeconds=6),
        ),
    ],
)
def test_an_index_whose_options_changed_is_made_anew(
    mongo: Mongo, before: IndexModel, after: IndexModel
) -> None:
    kept = IndexModel([("c", GEOSPHERE)])
    index(mongo, before, kept)
    mongo.db[NAME].insert_one({"a": 1})
    index(mongo, after, kept)
    found = mongo.db[NAME].index_information()
    assert set(found) == {"_id_", "a_1", "c_2dsphere"}
    told = {key: value for key, value in found["a_1"].items() if key not in ("v", "key")}
    wanted = {key: value for key, value in after.document.items() if key not in ("name", "key")}
    assert told == wanted
    assert mongo.db[NAME].count_documents({}) == 1


def test_the_hubs_own_indexes_are_left_alone(mongo: Mongo) -> None:
    schema.ensure(mongo)
    before = {name: mongo.db[name].index_information() for name in mongo.db.list_collection_names()}
    schema.ensure(mongo)
    after = {name: mongo.db[name].index_information() for name in mongo.db.list_collection_names()}
    assert before == after
