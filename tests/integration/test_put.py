"""PUT: one document, batches, repeats, and everything that is refused."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from tests.conftest import Access

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def stored(database: Database, dataset: Access) -> list[dict]:
    return list(database.documents.find({"_datasetid": dataset.uuid}).sort("_id"))


def test_one_document_comes_back_annotated(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    answer = client.put(
        dataset.url, json={"temp": 21.5, "tags": ["a", {"b": None}]}, auth=dataset.auth
    )
    assert answer.status_code == 201
    document = answer.json
    at = datetime.fromtimestamp(document["_timestamp"], UTC)
    assert before <= at <= datetime.now(UTC)
    assert document == {
        "_id": document["_id"],
        "temp": 21.5,
        "tags": ["a", {"b": None}],
        "_datasetid": dataset.uuid,
        "_timestamp": int(at.timestamp()),
        "_timestamp_year": at.year,
        "_timestamp_month": at.month,
        "_timestamp_day": at.day,
        "_timestamp_hour": at.hour,
        "_timestamp_minute": at.minute,
        "_timestamp_second": at.second,
    }
    (row,) = stored(database, dataset)
    assert {**row, "_id": str(row["_id"])} == document


@pytest.mark.parametrize("slash", ["/", ""])
def test_the_trailing_slash_does_not_matter(
    client: FlaskClient, dataset: Access, slash: str
) -> None:
    url = dataset.url.rstrip("/") + slash
    assert client.put(url, json={"a": 1}, auth=dataset.auth).status_code == 201


@pytest.mark.parametrize(
    ("headers", "body"),
    [(JSON, b'[{"a": 1}, {"_b": 2}, {"c": 3}]'), (NDJSON, b'{"a": 1}\n{"_b": 2}\n{"c": 3}\n')],
)
def test_a_batch_stores_the_good_and_names_the_bad(
    client: FlaskClient, dataset: Access, database: Database, headers: dict, body: bytes
) -> None:
    answer = client.put(dataset.url, data=body, headers=headers, auth=dataset.auth)
    assert answer.status_code == 207
    told = answer.json
    assert (told["stored"], told["refused"]) == (2, 1)
    first, bad, last = told["verdicts"]
    assert bad["index"] == 1
    assert bad["error"]["code"] == "bad_document"
    assert bad["error"]["detail"] == {"path": "$._b"}
    assert [first["_id"], last["_id"]] == [str(row["_id"]) for row in stored(database, dataset)]


def test_an_atomic_batch_stores_all_or_none(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    url = f"{dataset.url}?atomic=true"
    refused = client.put(url, json=[{"a": 1}, {"$b": 2}], auth=dataset.auth)
    assert refused.status_code == 400
    assert refused.json["stored"] == 0
    assert stored(database, dataset) == []
    taken = client.put(url, json=[{"a": 1}, {"b": 2}], auth=dataset.auth)
    assert taken.status_code == 201
    assert len(stored(database, dataset)) == 2


def test_an_atomic_batch_that_no_transaction_holds_is_refused(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    body = b"[" + b",".join([b'{"a": "%s"}' % (b"x" * 5_000)] * 10_000) + b"]"
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = client.put(
        f"{dataset.url}?atomic=true", data=gzip.compress(body), headers=headers, auth=dataset.auth
    )
    assert answer.status_code == 413, answer.json
    assert answer.json["error"]["code"] == "too_large"
    assert answer.json["error"]["detail"]["limit"] == "transaction"
    assert stored(database, dataset) == []


@pytest.mark.parametrize("body", [b"[]", b""])
def test_an_empty_batch_is_no_fault(client: FlaskClient, dataset: Access, body: bytes) -> None:
    headers = JSON if body else NDJSON
    answer = client.put(dataset.url, data=body, headers=headers, auth=dataset.auth)
    assert answer.status_code == 201
    assert answer.json == {"stored": 0, "refused": 0, "verdicts": []}


def test_gzip_is_taken_also_in_several_members(client: FlaskClient, dataset: Access) -> None:
    body = gzip.compress(b'[{"a": 1},') + gzip.compress(b'{"b": 2}]')
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = client.put(dataset.url, data=body, headers=headers, auth=dataset.auth)
    assert answer.json["stored"] == 2


LONG = b'{"a": "' + b"x" * (9 * 1024 * 1024) + b'"}'
BOMB = gzip.compress(b" " * (65 * 1024 * 1024) + b"{}")
GZIP = {"Content-Encoding": "gzip"}

REFUSED = [
    (JSON, b"{", 400, "not_json"),
    (JSON, b"", 400, "not_json"),
    (JSON, b'"text"', 400, "bad_document"),
    (JSON, b'{"a": "\xff"}', 400, "not_json"),
    (JSON, b'{"a": 1, "a": 2}', 400, "bad_document"),
    (JSON, b'{"a": 99999999999999999999}', 400, "bad_document"),
    (JSON, b'{"a": NaN}', 400, "bad_document"),
    (JSON, b'{"a":' * 50 + b"1" + b"}" * 50, 400, "bad_document"),
    (JSON, LONG, 413, "too_large"),
    (JSON | GZIP, BOMB, 413, "too_large"),
    (JSON | GZIP, b"not gzip", 400, "bad_encoding"),
    (JSON | GZIP, gzip.compress(b'{"a": 1}')[:-9], 400, "bad_encoding"),
    (JSON | {"Content-Encoding": "br"}, b"{}", 415, "unsupported_media_type"),
    ({"Content-Type": "text/csv"}, b"a,b", 415, "unsupported_media_type"),
    ({"Content-Type": "application/json; charset=latin-1"}, b"{}", 415, "unsupported_media_type"),
    (JSON | {"Idempotency-Key": ""}, b"{}", 400, "bad_parameter"),
    (JSON | {"Idempotency-Key": "k" * 300}, b"{}", 400, "bad_parameter"),
]


@pytest.mark.parametrize(("headers", "body", "status", "code"), REFUSED)
def test_what_is_refused_changes_nothing(
    client: FlaskClient,
    dataset: Access,
    database: Database,
    headers: dict,
    body: bytes,
    status: int,
    code: str,
) -> None:
    answer = client.put(dataset.url, data=body, headers=headers, auth=dataset.auth)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert set(answer.json["error"]) == {"code", "message", "detail"}
    assert stored(database, dataset) == []


def test_an_unknown_parameter_is_refused_by_name(client: FlaskClient, dataset: Access) -> None:
    answer = client.put(f"{dataset.url}?atomc=true", json={"a": 1}, auth=dataset.auth)
    assert answer.status_code == 400
    assert "atomc" in answer.json["error"]["detail"]["fields"]


def test_a_document_over_16_mib_as_bson_is_refused_alone(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    fat = b"[" + b"1," * 2_000_000 + b"1]"
    body = b'[{"a": 1}, {"fat": ' + fat + b'}, {"b": 2}]'
    answer = client.put(dataset.url, data=body, headers=JSON, auth=dataset.auth)
    assert [verdict["status"] for verdict in answer.json["verdicts"]] == [
        "stored", "refused", "stored",
    ]  # fmt: skip
    assert len(stored(database, dataset)) == 2


@pytest.mark.parametrize(
    "url_and_body",
    [("", b'{"a": 1}'), ("", b'[{"a": 1}, {"_b": 2}]'), ("?atomic=1", b'[{"a": 1}]')],
)
def test_a_repeat_with_the_same_key_gets_the_first_answer(
    client: FlaskClient, dataset: Access, database: Database, url_and_body: tuple[str, bytes]
) -> None:
    query, body = url_and_body
    headers = JSON | {"Idempotency-Key": "reading 17"}
    first = client.put(dataset.url + query, data=body, headers=headers, auth=dataset.auth)
    again = client.put(dataset.url + query, data=body, headers=headers, auth=dataset.auth)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(stored(database, dataset)) == 1


@pytest.mark.parametrize("lost", ["nothing", "everything", "the last"])
@pytest.mark.parametrize("query", ["", "?atomic=true"])
def test_a_repeat_finishes_what_a_crash_left(
    client: FlaskClient, dataset: Access, database: Database, lost: str, query: str
) -> None:
    """The state after a kill between the receipt, the documents and the note that all is done."""
    headers = JSON | {"Idempotency-Key": "k"}
    body = json.dumps([{"n": n} for n in range(3)])
    first = client.put(dataset.url + query, data=body, headers=headers, auth=dataset.auth)
    whole = stored(database, dataset)
    database.idempotency.update_many({}, {"$set": {"done": False}})
    if lost == "everything":
        database.documents.delete_many({"_datasetid": dataset.uuid})
    elif lost == "the last" and not query:
        database.documents.delete_one({"_datasetid": dataset.uuid, "n": 2})
    again = client.put(dataset.url + query, data=body, headers=headers, auth=dataset.auth)
    assert again.data == first.data
    assert stored(database, dataset) == whole


def test_a_finished_request_is_not_stored_again_when_its_documents_are_gone(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    headers = {"Idempotency-Key": "k"}
    client.put(dataset.url, json={"a": 1}, headers=headers, auth=dataset.auth)
    database.documents.delete_many({"_datasetid": dataset.uuid})
    client.put(dataset.url, json={"a": 1}, headers=headers, auth=dataset.auth)
    assert stored(database, dataset) == []


def test_a_key_with_another_request_is_refused(client: FlaskClient, dataset: Access) -> None:
    headers = {"Idempotency-Key": "k"}
    client.put(dataset.url, json={"a": 1}, headers=headers, auth=dataset.auth)
    answer = client.put(dataset.url, json={"a": 2}, headers=headers, auth=dataset.auth)
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "idempotency_key_reused"


def test_repeats_at_the_same_moment_store_once(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    answers = []

    def put() -> None:
        sender = client.application.test_client()
        body, headers = b'[{"a": 1}, {"b": 2}]', JSON | {"Idempotency-Key": "k"}
        answers.append(sender.put(dataset.url, data=body, headers=headers, auth=dataset.auth).data)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert len(stored(database, dataset)) == 2


def test_documents_of_one_second_stand_in_the_order_of_arrival(
    client: FlaskClient, dataset: Access
) -> None:
    for n in range(30):
        client.put(dataset.url, json=[{"n": n, "m": m} for m in range(2)], auth=dataset.auth)
    rows = client.get(dataset.url, auth=dataset.auth).json
    assert [(row["n"], row["m"]) for row in rows] == [(n, m) for n in range(30) for m in range(2)]
