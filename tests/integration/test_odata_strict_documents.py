"""The documents of a dataset over strict OData: their types, their values, filters by the rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from bson import Decimal128, ObjectId
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, reject, settings
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.api.odata.strict.csdl import as_xml
from hub.query.odata.arrival import ID, TIMESTAMP
from hub.query.odata.ast import Expression, Path, walked
from hub.query.odata.dialect import STRICT
from hub.query.odata.printed import printed
from hub.query.odata.sampled import sampled
from hub.query.odata.schema import Schema, structures
from hub.services import Services
from tests.cases.odata.evaluator import Evaluator
from tests.cases.odata.trees import documents, filters
from tests.conftest import Access

REFUSED = ("bad_odata", "unsupported_odata", "query_too_complex")
UNKNOWN = {True: {"day", "clock"}, False: {"day", "clock", "when"}}
"""Dates and times of day are texts where nobody declared them, and what is a moment in some
documents only takes no part in arithmetic."""
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ROWS: list[dict[str, Any]] = [
    {"station": "a", "temp": 1.5, "n": 3, "wind": {"speed": 3, "from": "N"}, "tags": ["x", "y"],
     "parts": [{"a": 1}, {"a": 2}], "mixed": 5, "odd name": "q", "Id": 7, "ok": True},
    {"station": "b'c", "temp": 2, "n": 4, "wind": {"speed": 4.5}, "mixed": "t", "ok": None},
    {"station": "c", "temp": None, "n": 5, "mixed": [1, {"odd-er": 2}]},
]  # fmt: skip


def doors(client: FlaskClient, dataset: Access):
    def ask(path: str, **headers: str) -> TestResponse:
        url = f"/odata/v4/Datasets('{dataset.uuid}')/{path}"
        return client.get(url, auth=dataset.auth, headers=headers, buffered=True)

    return ask


@pytest.fixture
def ask(client: FlaskClient, dataset: Access):
    stored = client.put(dataset.url, json=ROWS, auth=dataset.auth)
    assert stored.status_code == 201, stored.data
    return doors(client, dataset)


def test_a_dataset_is_a_service_of_its_own(ask) -> None:
    root = ask("").json
    assert [entry["url"] for entry in root["value"]] == ["Documents"]
    context = ask("Documents").json["@odata.context"]
    assert context == f"{root['@odata.context']}#Documents"


def test_fields_of_one_kind_are_typed_properties(ask) -> None:
    root = ElementTree.fromstring(ask("$metadata").data)
    types = {
        f"{one.get('Name')}/{member.get('Name')}": member.get("Type")
        for one in [*root.iter(f"{EDM}EntityType"), *root.iter(f"{EDM}ComplexType")]
        for member in one.iter(f"{EDM}Property")
    }
    assert types == {
        "Document/Id": "Edm.String",
        "Document/Timestamp": "Edm.DateTimeOffset",
        "Document/Id_": "Edm.Int64",
        "Document/n": "Edm.Int64",
        "Document/odd_x0020_name": "Edm.String",
        "Document/ok": "Edm.Boolean",
        "Document/parts": "Collection(Hub.Document_parts)",
        "Document/station": "Edm.String",
        "Document/tags": "Collection(Edm.String)",
        "Document/temp": "Edm.Double",
        "Document/wind": "Hub.Document_wind",
        "Document_parts/a": "Edm.Int64",
        "Document_wind/from": "Edm.String",
        "Document_wind/speed": "Edm.Double",
    }
    assert all(one.get("OpenType") == "true" for one in root.iter(f"{EDM}EntityType"))


def test_documents_are_given_as_they_are(ask) -> None:
    first, second, third = ask("Documents").json["value"]
    assert ObjectId.is_valid(first.pop("Id"))
    assert datetime.fromisoformat(first.pop("Timestamp")) <= datetime.now(UTC)
    assert first == {
        "Id_": 7, "n": 3, "odd_x0020_name": "q", "ok": True, "parts": [{"a": 1}, {"a": 2}],
        "station": "a", "tags": ["x", "y"], "temp": 1.5, "wind": {"from": "N", "speed": 3},
        "mixed": 5,
    }  # fmt: skip
    assert (second["tags"], second["wind"]) == ([], {"from": None, "speed": 4.5})
    assert (third["temp"], third["wind"]) == (None, None)
    assert third["mixed"] == [1, {"odd_x002D_er": 2}]


def test_a_value_of_another_kind_stands_beside_its_property(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    own = {"_datasetid": dataset.uuid, "_timestamp": 1_700_000_000}
    proper = [{"_id": ObjectId(), **own, "v": 1, "l": ["a"], "o": {"x": 1}} for _ in range(3)]
    database["documents"].insert_many(proper)
    ask = doors(client, dataset)
    ask("Documents")
    strange = {"v": "n/a", "l": ["a", None, 5], "o": 7}
    database["documents"].insert_one({"_id": ObjectId(), **own, **strange})
    row = ask("Documents").json["value"][-1]
    assert (row["v"], row["v@Hub.value"]) == (None, "n/a")
    assert (row["l"], row["l@Hub.value"]) == (["a", None], ["a", None, 5])
    assert (row["o"], row["o@Hub.value"]) == (None, 7)
    plain = ask("Documents?$format=application/json;odata.metadata=none").json["value"][-1]
    assert "v@Hub.value" not in plain


FULL = "application/json;odata.metadata=full"
EXACT = "application/json;odata.metadata=minimal;IEEE754Compatible=true"


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ("parts/a", {"parts": [{"a": 1}, {"a": 2}]}),
        ("n,parts/b", {"n": 3, "parts": [{"b": None}, {"b": None}]}),
        ("parts/a,parts", {"parts": [{"a": 1}, {"a": 2}]}),
        ("wind/speed,parts/a", {"wind": {"speed": 3}, "parts": [{"a": 1}, {"a": 2}]}),
    ],
)
def test_what_is_in_the_members_of_a_collection_can_be_selected(
    ask, select: str, found: dict[str, Any]
) -> None:
    first, second, _ = ask(f"Documents?$select={select}").json["value"]
    assert first == found
    assert second["parts"] == []


@pytest.mark.parametrize("path", ["parts/a", "parts/a/$value", "tags/x", "tags/x/$count"])
def test_the_members_of_a_collection_have_no_urls(ask, path: str) -> None:
    key = ask("Documents?$top=1&$select=Id").json["value"][0]["Id"]
    assert ask(f"Documents('{key}')/wind/speed").json["value"] == 3
    assert ask(f"Documents('{key}')/{path}").status_code == 404


def test_full_metadata_names_the_types_of_objects(ask) -> None:
    row = ask("Documents?$select=wind,parts,mixed", Accept=FULL).json["value"][0]
    assert row["wind"] == {
        "@odata.type": "#Hub.Document_wind", "from": "N", "speed": 3,
    }  # fmt: skip
    assert row["parts@odata.type"] == "#Collection(Hub.Document_parts)"
    assert [part["a"] for part in row["parts"]] == [1, 2]
    assert (row["mixed@odata.type"], row["mixed"]) == ("#Int64", 5)


BIG = 2**53 + 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (BIG, {"v@odata.type": "#Int64", "v": str(BIG)}),
        ([1, BIG], {"v@odata.type": "#Collection(Int64)", "v": ["1", str(BIG)]}),
        ({"a": BIG, "b": 0.5}, {"v": {"a@odata.type": "#Int64", "a": str(BIG), "b": 0.5}}),
        (True, {"v": True}),
        ([True, 1], {"v": [True, 1]}),
        ([], {"v": []}),
        (0.5, {"v": 0.5}),
        ("5", {"v": "5"}),
    ],
    ids=str,
)
def test_integers_that_nobody_declared_are_exact_texts_where_those_are_asked_for(
    client: FlaskClient, dataset: Access, value: Any, told: dict[str, Any]
) -> None:
    rows = [{"v": "text"}, {"v": [0.5, "text"]}, {"v": value}]
    assert client.put(dataset.url, json=rows, auth=dataset.auth).status_code == 201
    ask = doors(client, dataset)
    assert ask("Documents?$select=v", Accept=EXACT).json["value"][-1] == told
    assert ask("Documents?$select=v").json["value"][-1] == {"v": value}


def test_values_that_json_lacks(client: FlaskClient, database: Database, dataset: Access) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    values = {
        "inf": float("inf"), "nan": float("nan"), "dec": Decimal128("1.10"),
        "oid": ObjectId("0" * 24), "at": moment,
    }  # fmt: skip
    row = {"_datasetid": dataset.uuid, "_timestamp": 1, "_id": ObjectId(), **values}
    database["documents"].insert_one(row)
    answer = doors(client, dataset)("Documents?$select=inf,nan,dec,oid,at")
    assert answer.json["value"] == [
        {"inf": "INF", "nan": "NaN", "dec": 1.1, "oid": "0" * 24,
         "at": "2026-01-02T03:04:05.678000Z"}
    ]  # fmt: skip
    assert b'"dec":1.10' in answer.data


@pytest.mark.parametrize(
    ("query", "stations"),
    [
        ("$filter=n gt 3", ["b'c", "c"]),
        ("$filter=station eq 'b''c'", ["b'c"]),
        ("$filter=mixed eq 't'", ["b'c"]),
        ("$filter=mixed eq 5", ["a"]),
        ("$filter=nothing eq null and n eq 3", ["a"]),
        ("$filter=odd_x0020_name eq 'q'", ["a"]),
        ("$filter=Id_ eq 7", ["a"]),
        ("$filter=wind/speed ge 4", ["b'c"]),
        ("$filter=tags/any(t:t eq 'x')", ["a"]),
        ("$filter=parts/any(p:p/a gt 1)", ["a"]),
        ("$filter=Timestamp gt 2020-01-01T00:00:00Z and n lt 4", ["a"]),
        ("$filter=Timestamp gt 2020-01-01T00:00:00.5Z and n lt 4", ["a"]),
        ("$filter=Timestamp lt 2020-01-01 or n eq 5", ["c"]),
        ("$filter=year(Timestamp) gt 2020 and n eq 5", ["c"]),
        ("$filter=Timestamp le now() and n eq 5", ["c"]),
        ("$filter=not (Timestamp gt 2020-01-01T00:00:00Z)", []),
        ("$filter=Id eq 'nonsense'", []),
        ("$filter=Id ne 'nonsense' and n eq 4", ["b'c"]),
        ("$filter=length(Id) eq 24 and n eq 4", ["b'c"]),
        ('$search="b\'c"', ["b'c"]),
        ("$orderby=Timestamp desc,n desc", ["c", "b'c", "a"]),
        ("$orderby=Id desc", ["c", "b'c", "a"]),
        ("$orderby=wind/speed desc", ["b'c", "a", "c"]),
        ("$orderby=year(Timestamp),n desc&$top=1", ["c"]),
        ("$skip=1&$top=1", ["b'c"]),
        ("$apply=identity&$filter=n eq 5", ["c"]),
        ("$apply=filter(n gt 3)", ["b'c", "c"]),
        ("$apply=filter(year(Timestamp) gt 2000 and n lt 5)/compute(n mul 2 as t)&$filter=t eq 6",
         ["a"]),
    ],
)  # fmt: skip
def test_queries_choose_and_order(ask, query: str, stations: list[str]) -> None:
    answer = ask(f"Documents?{query}&$select=station")
    assert answer.status_code == 200, answer.data
    assert [row["station"] for row in answer.json["value"]] == stations


def test_a_document_is_found_by_its_key(ask) -> None:
    second = ask("Documents").json["value"][1]
    key = f"Documents('{second['Id']}')"
    entity = ask(key).json
    assert entity.pop("@odata.context").endswith("#Documents/$entity")
    assert entity == second
    assert ask(f"{key}/wind/speed/$value").data == b"4.5"
    assert ask(f"{key}/Timestamp").json["value"] == second["Timestamp"]
    assert ask(f"{key}/Id/$value").data.decode() == second["Id"]
    assert ask(f"{key}/nothing").status_code == 204
    assert ask(f"Documents?$filter=Id eq '{second['Id']}'").json["value"] == [second]
    assert len(ask(f"Documents?$filter=Id gt '{second['Id']}'").json["value"]) == 1
    named = f"Documents?$filter=Id in ('{second['Id']}','x')&$select=n"
    assert ask(named).json["value"] == [{"n": 4}]
    exact = f"Documents/$count?$filter=Timestamp eq {second['Timestamp']}"
    assert ask(exact).data == b"3"


def test_nested_properties_are_selected_alone(ask) -> None:
    row = ask("Documents?$select=wind/speed,nothing&$top=1").json["value"][0]
    assert row == {"wind": {"speed": 3}, "nothing": None}
    assert ask("Documents?$select=wind&$top=1").json["value"] == [
        {"wind": {"from": "N", "speed": 3}}
    ]


def test_compute_and_apply_take_timestamps_and_nested_fields(ask) -> None:
    computed = ask("Documents?$compute=n mul 2 as twice,year(Timestamp) as y&$select=twice,y")
    assert [row["twice"] for row in computed.json["value"]] == [6, 8, 10]
    assert all(row["y"] > 2020 for row in computed.json["value"])
    grouped = ask("Documents?$apply=groupby((wind/from),aggregate($count as n))")
    assert grouped.json["value"] == [
        {"wind": {"from": None}, "n": 2}, {"wind": {"from": "N"}, "n": 1}
    ]  # fmt: skip
    newest = ask("Documents?$apply=aggregate(Timestamp with max as newest)").json["value"]
    assert datetime.fromisoformat(newest[0]["newest"]).year > 2020


def test_an_empty_dataset_has_a_service_too(client: FlaskClient, dataset: Access) -> None:
    ask = doors(client, dataset)
    assert ask("Documents").json["value"] == []
    assert b'Name="Timestamp"' in ask("$metadata").data


def test_the_inside_of_other_datasets_stays_shut(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    other = services.datasets.create("other").access.secret
    for path in ("Documents", "$metadata", "", "Documents/$count", "Documents('x')"):
        url = f"/odata/v4/Datasets('{dataset.uuid}')/{path}"
        assert client.get(url, auth=(other, "")).status_code == 404, path


class Ruled:
    """A dataset with documents that the rules can be tried on."""

    def __init__(self, access: Access, proper: bool) -> None:
        self.url = f"/odata/v4/Datasets('{access.uuid}')/Documents"
        self.auth = access.auth
        self.rows = documents(120, seed=9, proper=proper)
        own = {"_datasetid": access.uuid, "_timestamp": 1_700_000_000}
        self.stored = [{"_id": ObjectId(), **row, **own} for row in self.rows]
        self.rules = Evaluator(sampled(self.stored, (ID, TIMESTAMP)), STRICT)
        self.unknown = UNKNOWN[proper]


@pytest.fixture(scope="module", params=[True, False], ids=["proper", "mixed"])
def ruled(request: pytest.FixtureRequest, services: Services, database: Database) -> Ruled:
    made = services.datasets.create("rules")
    found = Ruled(Access(made.dataset.uuid, made.access.secret), request.param)
    database["documents"].insert_many(found.stored)
    return found


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much,
    ],
)  # fmt: skip
@given(tree=filters)
def test_the_rows_over_http_are_those_of_the_rules(
    client: FlaskClient, ruled: Ruled, tree: Expression
) -> None:
    named = {name for node, _ in walked(tree) if isinstance(node, Path) for name in node.names}
    if named & ruled.unknown:
        reject()
    query = {"$filter": printed(tree), "$select": "n"}
    answer = client.get(ruled.url, query_string=query, auth=ruled.auth, buffered=True)
    if answer.status_code in (400, 501):
        assert answer.json["error"]["code"] in REFUSED
        reject()
    assert answer.status_code == 200, answer.data
    found = [row["n"] for row in answer.json["value"]]
    assert found == [row["n"] for row in ruled.rows if ruled.rules.holds(tree, row)]


def test_a_wide_document_gives_a_bounded_type() -> None:
    wide = {f"f{n}": {"x": n} for n in range(3_000)}
    entity = sampled([json.loads(json.dumps(wide))])
    assert len(entity.properties) == 2_000
    assert as_xml(Schema(structures("Document", entity, "Id"), ()), "4.01")
