"""The strict OData root: one test for each thing that OData 4.0 and 4.01 demand of a service."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.services import Services
from hub.values import Reach
from tests.live import wait_until
from tests.odata_world import DOIS, World, made

ROOT = "/odata/v4"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture(scope="module")
def world(services: Services, database: Database) -> World:
    found = made(services, database)
    wait_until(lambda: len(services.datasets.published()) == 2, "published")
    return found


@pytest.fixture
def ask(client: FlaskClient, world: World):
    def ask(url: str, secret: str = "", **headers: str) -> TestResponse:
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        auth = (secret or world.reader, "")
        return client.get(ROOT + url, auth=auth, headers=given, buffered=True)

    return ask


def ids(answer: TestResponse) -> list[int]:
    assert answer.status_code == 200, answer.data
    return [row["Id"] for row in answer.json["value"]]


# OData 4.0 Minimal


def test_the_root_is_a_service_document(ask) -> None:
    answer = ask("/")
    assert answer.json["@odata.context"].endswith("/odata/v4/$metadata")
    names = [entry["name"] for entry in answer.json["value"]]
    assert names == ["Metadata", "Locations", "Observations", "Records", "Datasets", "Streams"]
    assert all(ask(f"/{entry['url']}").status_code == 200 for entry in answer.json["value"])


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        (None, "4.01"), ("4.0", "4.0"), ("4.01", "4.01"), ("5.0", "4.01"), ("4.0;NetFx", "4.0"),
        ("3.0", None), ("3.0;NetFx", None), ("x", None), (";4.0", None),
    ],
)  # fmt: skip
def test_the_version_is_one_that_the_client_takes(ask, asked: str | None, spoken: str) -> None:
    answer = ask("/Metadata", **({"OData_MaxVersion": asked} if asked else {}))
    assert answer.status_code == (200 if spoken else 400)
    assert answer.headers["OData-Version"] == (spoken or "4.0")


@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_metadata_is_of_the_version_of_the_answer(ask, version: str) -> None:
    answer = ask("/$metadata", OData_MaxVersion=version)
    assert ElementTree.fromstring(answer.data).get("Version") == version
    assert ask("/$metadata?$format=json", OData_MaxVersion=version).json["$Version"] == version


@pytest.mark.parametrize(
    ("version", "accept", "kind"),
    [
        ("4.0", "application/json;q=1.0,application/xml;q=0.7", "application/xml"),
        ("4.0", "application/json,*/*;q=0.1", "application/xml"),
        ("4.0", "application/json", "application/json"),
        ("4.01", "application/json;q=1.0,application/xml;q=0.7", "application/json"),
        ("4.01", "application/json;q=0.5,application/xml;q=0.7", "application/xml"),
    ],
)
def test_who_speaks_4_0_gets_metadata_in_xml_if_it_takes_any(
    ask, version: str, accept: str, kind: str
) -> None:
    answer = ask("/$metadata", OData_MaxVersion=version, Accept=accept)
    assert answer.mimetype == kind


@pytest.mark.parametrize(
    ("url", "accept", "content_type"),
    [
        ("/Metadata", "", "application/json;odata.metadata=minimal;charset=utf-8"),
        ("/Metadata", "*/*", "application/json;odata.metadata=minimal;charset=utf-8"),
        ("/Metadata", "application/json;odata.metadata=none",
         "application/json;odata.metadata=none;charset=utf-8"),
        ("/Metadata", "application/json;metadata=full",
         "application/json;odata.metadata=full;charset=utf-8"),
        ("/Metadata", "application/json;IEEE754Compatible=true",
         "application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8"),
        ("/Metadata", "text/html, application/atom+xml, */*;q=0.1",
         "application/json;odata.metadata=minimal;charset=utf-8"),
        ("/Metadata?$format=json", "application/xml",
         "application/json;odata.metadata=minimal;charset=utf-8"),
        ("/Metadata?$format=application/json;odata.metadata=none", "",
         "application/json;odata.metadata=none;charset=utf-8"),
        ("/$metadata", "", "application/xml;charset=utf-8"),
        ("/$metadata", "application/json", "application/json"),
        ("/$metadata?$format=json", "", "application/json"),
        ("/$metadata?$format=xml", "application/json", "application/xml;charset=utf-8"),
        ("/Metadata/$count", "", "text/plain;charset=utf-8"),
        ("/Metadata/$count", "text/*", "text/plain;charset=utf-8"),
        ("/Metadata/$count", "application/json;odata.metadata=minimal;IEEE754Compatible=true",
         "text/plain;charset=utf-8"),
        ("/Locations(1)/ID/$value", "application/json", "text/plain;charset=utf-8"),
    ],
)  # fmt: skip
def test_the_format_is_the_one_asked_for(ask, url: str, accept: str, content_type: str) -> None:
    answer = ask(url, **({"Accept": accept} if accept else {}))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)


@pytest.mark.parametrize(
    ("url", "accept", "status"),
    [
        ("/Metadata", "application/atom+xml", 406),
        ("/Metadata", "application/json;odata.metadata=many", 406),
        ("/Metadata", "application/json;q=0", 406),
        ("/Metadata/$count?$format=json", "text/plain", 415),
        ("/Metadata?$format=atom", "", 415),
        ("/Metadata?$format=xml", "", 415),
        ("/Metadata?$format=text/csv", "", 415),
        ("/Metadata?$format=nonsense", "", 400),
        ("/Metadata?$format=json;odata.metadata=full", "", 400),
    ],
)
def test_a_format_that_is_not_given_is_refused(ask, url: str, accept: str, status: int) -> None:
    answer = ask(url, **({"Accept": accept} if accept else {}))
    assert answer.status_code == status
    assert answer.json["error"]["code"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/Observations?$expand=Locations", "$expand"),
        ("/Observations?expand=Locations", "$expand"),
        ("/Observations?$levels=2", "$levels"),
        ("/Observations?$deltatoken=1", "$deltatoken"),
        ("/Observations?$filter=matchesPattern(DOI,'a')", "the function matchespattern"),
        ("/Observations?$filter=DOI has 'a'", "the operator has"),
        ("/Observations?$apply=topcount(2,Id)", "the transformation topcount"),
        ("/Observations?$select=DOI($top=1)", "$select with options"),
        ("/$batch", "$batch"),
        ("/$crossjoin(Metadata,Locations)", "$crossjoin"),
        ("/$all", "$all"),
        ("/$entity?$id=Metadata('x')", "$id"),
        ("/Observations/$ref", "$ref"),
        ("/Observations(1)/$ref", "$ref"),
        ("/Observations/$filter(@f)", "$filter"),
        ("/Observations/1", "a key as a segment of its own"),
        ("/Observations/$count()", "a call with ()"),
    ],
)
def test_what_is_not_done_says_so_by_name(ask, url: str, name: str) -> None:
    answer = ask(url)
    assert answer.status_code == 501
    assert answer.json["error"]["innererror"]["name"] == name


@pytest.mark.parametrize(
    "url",
    [
        "/Observations?$nonsense=1",
        "/Observations?$top=1&$top=1",
        "/Observations?$top=1&top=1",
        "/Observations?$top=1&$TOP=1",
        "/Observations?$top=-1",
        "/Observations?$top=x",
        "/Observations?$top=99999999999999999999",
        "/Observations?$skip=1.5",
        "/Observations?$count=maybe",
        "/Observations?$filter=",
        "/Observations?$filter=Id eq 'x'",
        "/Observations?$filter=Id eq",
        "/Observations?$filter=Nothing eq 1",
        "/Observations?$filter=id eq 1",
        "/Observations?$filter=Id gte 1",
        "/Observations?$select=Nothing",
        "/Observations?$orderby=Nothing",
        "/Observations?$orderby=Id sideways",
        "/Observations?$compute=Id add 1 as Id",
        "/Observations?$apply=nonsense",
        "/Observations?$search=",
        "/Observations?$skiptoken=Id:5",
        "/Observations(1)?$top=1",
        "/Observations(1)/DOI?$select=DOI",
        "/Observations/$count?$top=1",
        "/$metadata?$top=1",
        "/?$top=1",
        "/Observations('x')",
        "/Observations(Id=1,Id=2)",
        "/Observations(DOI='x')",
        "/Observations(@k)",
        "/Observations(1",
        "/Observations(1)x",
        "/Metadata(5)",
    ],
)
def test_what_makes_no_sense_is_a_mistake_of_the_client(ask, url: str) -> None:
    answer = ask(url)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error["code"]
    assert error["message"]


@pytest.mark.parametrize(
    "url",
    [
        "/Nothing", "/observations", "/Observations(4711)", "/Metadata('x')", "/Datasets('x')",
        "/Datasets('x')/Documents", "/Datasets('x')/$metadata", "/Streams(99999)/Values",
        "/Observations(1)/Nothing", "/Observations(1)/DOI/x", "/Observations/DOI",
        "/Observations(1)/$value", "/Metadata/$count/x", "/$metadata/x", "/Observations(1)/DOI(2)",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(ask, url: str) -> None:
    assert ask(url).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("url", ["/", "/Observations", "/Observations(1)", "/$metadata"])
def test_nothing_can_be_changed(client: FlaskClient, world: World, method: str, url: str) -> None:
    answer = client.open(ROOT + url, method=method, auth=(world.reader, ""), json={})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert answer.json["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("url", "name"),
    [("/$batch", "$batch"), ("/$batch/", "$batch"), ("/Observations/$query", "$query")],
)
def test_what_is_posted_to_be_read_is_named_and_not_done(
    client: FlaskClient, world: World, url: str, name: str
) -> None:
    answer = client.post(ROOT + url, auth=(world.reader, ""), data=b"--batch_1--")
    assert answer.status_code == 501
    assert answer.json["error"]["innererror"]["name"] == name
    assert client.post(ROOT + url, data=b"--batch_1--").status_code == 401


def test_a_head_is_an_answer_without_its_body(client: FlaskClient, world: World) -> None:
    for _ in range(6):
        answer = client.head(f"{ROOT}/Observations", auth=(world.reader, ""), buffered=True)
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["OData-Version"] == "4.01"


def test_options_are_told_to_everybody(client: FlaskClient) -> None:
    answer = client.options(f"{ROOT}/Observations")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "query",
    ["$skip=9007199254740992", "$top=9007199254740992&$skip=39",
     "$skip=9223372036854775807", "$top=9223372036854775807&$skip=39"],
)  # fmt: skip
def test_large_numbers_are_numbers(ask, query: str) -> None:
    assert len(ids(ask(f"/Observations?{query}"))) == ("top" in query)


def test_custom_query_options_are_ignored(ask) -> None:
    assert len(ids(ask("/Observations?$top=2&utm=5&utm=6&nonsense"))) == 2


def test_an_error_says_where(ask) -> None:
    error = ask("/Observations?$filter=Id eq 1 and Nix eq 2").json["error"]
    assert error["target"] == "$filter"
    assert error["innererror"]["offset"] == len("Id eq 1 and ")


# OData 4.0 Intermediate


def test_select_gives_what_is_selected(ask) -> None:
    answer = ask("/Observations?$select=ResultValue,DOI&$top=1")
    assert answer.json["value"] == [{"ResultValue": 0.5, "DOI": DOIS[1]}]
    assert answer.json["@odata.context"].endswith("$metadata#Observations(ResultValue,DOI)")


def test_a_star_selects_all(ask) -> None:
    row = ask("/Observations?$select=*&$top=1").json["value"][0]
    assert row == ask("/Observations?$top=1").json["value"][0]


def test_top_is_a_limit_in_all(ask) -> None:
    answer = ask("/Observations?$top=3", Prefer="odata.maxpagesize=2")
    assert ids(answer) == [1, 2]
    rest = ask(answer.json["@odata.nextLink"].partition(ROOT)[2])
    assert ids(rest) == [3]
    assert "@odata.nextLink" not in rest.json


def test_top_0_gives_no_row_and_the_count(ask) -> None:
    answer = ask("/Observations?$top=0&$count=true")
    assert (answer.json["value"], answer.json["@odata.count"]) == ([], 40)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Observations(5)/ResultValue", 2.5),
        ("Observations(5)/Id", 5),
        ("Observations(5)/DOI", DOIS[1]),
        ("Observations(5)/CreateTimestamp", "2026-01-02T03:04:05.678000Z"),
        ("Locations(1)/RegionId", ["admin.2.ca", "hub.atlantic"]),
        ("Observations(Id=5)/ResultValue", 2.5),
        ("Observations(@k)/ResultValue?@k=5", 2.5),
    ],
)
def test_a_property_can_be_read(ask, path: str, value: Any) -> None:
    answer = ask(f"/{path}")
    assert answer.json["value"] == value
    name = path.partition("/")[2].partition("?")[0]
    assert answer.json["@odata.context"].endswith(f")/{name}")
    raw = ask(f"/{path.partition('?')[0]}/$value{'?@k=5' if '@k' in path else ''}")
    if not isinstance(value, list):
        assert raw.data.decode() == str(value)
        assert raw.headers["Content-Type"].startswith("text/plain")


def test_a_property_that_is_null_has_no_content(ask) -> None:
    assert ask("/Observations(4)/ResultValue").status_code == 204
    assert ask("/Observations(4)/ResultValue/$value").status_code == 204


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Id eq 5", [5]),
        ("Id ne 5 and Id lt 7", [1, 2, 3, 4, 6]),
        ("ResultValue eq null and Id le 8", [4, 8]),
        ("Id in (1,3,99)", [1, 3]),
        ("not (Id gt 2)", [1, 2]),
        ("ResultValue mul 2 eq 9", [9]),
        ("startswith(CharacteristicName,'Temp') and Id lt 5", [1, 4]),
        (f"DOI eq '{DOIS[0]}' and Id lt 5", [2, 4]),
        (f"DOI ne '{DOIS[0]}' and Id lt 4", [1, 3]),
        (f"DOI eq '{DOIS[2]}'", []),
        (f"contains(concat(DOI,CharacteristicName),'{DOIS[1]}pH') and Id lt 10", [3, 9]),
        ("ActivityStartYear eq 2011 and Id lt 20", [1, 11]),
        ("ActivityGroupType eq null and Id lt 11", [5, 10]),
        ("LocationId eq 12 and Id lt 12", [5, 11]),
        ("ActivityStartTime eq 15:30:00 and Id lt 3", [1, 2]),
        ("ActivityStartDate ge 2019-01-01 and Id lt 20", [9, 19]),
        ("year(ActivityStartDate) eq 2012 and Id lt 20", [2, 12]),
        ("CreateTimestamp gt 2026-01-01 and Id lt 2", [1]),
        ("@a lt 3&@a=Id", [1, 2]),
        ("Id eq @v&@v=cast('7',Edm.Int64)", [7]),
        ("Id EQ 7 OR Id Eq 8", [7, 8]),
        ("CONTAINS(CharacteristicName,'oxygen') and Id lt 6", [2, 5]),
    ],
)
def test_filters_choose_their_rows(ask, text: str, found: list[int]) -> None:
    assert ids(ask(f"/Observations?$filter={text}&$select=Id")) == found


@pytest.mark.parametrize("name", ["RegionId", "MonitoringLocationType", "LatitudeNormalized"])
def test_what_the_other_door_only_filters_by_is_no_property_here(ask, name: str) -> None:
    assert ask(f"/Observations?$filter={name} eq null").status_code == 400


# OData 4.0 Advanced, what is done of it


def test_metadata_tells_every_property_of_every_set(ask) -> None:
    root = ElementTree.fromstring(ask("/$metadata").data)
    types = {one.get("Name"): one for one in root.iter(f"{EDM}EntityType")}
    for named in root.iter(f"{EDM}EntitySet"):
        declared = types[named.get("EntityType").removeprefix("Hub.")]
        names = [one.get("Name") for one in declared.iter(f"{EDM}Property")]
        rows = ask(f"/{named.get('Name')}?$top=1").json["value"]
        assert all(list(row) == names for row in rows)
        assert declared.find(f"{EDM}Key/{EDM}PropertyRef").get("Name") == "Id"


def test_metadata_in_json_says_what_it_says_in_xml(ask) -> None:
    root = ElementTree.fromstring(ask("/$metadata").data)
    told = ask("/$metadata?$format=json").json["Hub"]
    for one in [*root.iter(f"{EDM}EntityType"), *root.iter(f"{EDM}ComplexType")]:
        own = told[one.get("Name")]
        for member in one.iter(f"{EDM}Property"):
            found = own[member.get("Name")]
            of = found.get("$Type", "Edm.String")
            whole = f"Collection({of})" if found.get("$Collection") else of
            assert member.get("Type") == whole
            assert (member.get("Nullable") != "false") is found.get("$Nullable", False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$skip=38", [39, 40]),
        ("$skip=50", []),
        ("$orderby=Id desc&$top=2", [40, 39]),
        ("$orderby=ResultValue desc,Id&$top=2", [39, 38]),
        ("$orderby=ResultValue&$top=2", [4, 8]),
        ("$orderby=DOI desc,Id desc&$top=2", [39, 37]),
        ("$orderby=Id mod 10,Id desc&$top=2&$skip=1", [30, 20]),
        ("$orderby=length(CharacteristicName),Id&$top=2", [3, 6]),
        ("$search=oxygen&$top=2", [2, 5]),
        ("$search=ph OR temperature&$top=3", [1, 3, 4]),
        ("$search=NOT ph AND NOT oxygen&$top=2", [1, 4]),
        ('$search="Temperature, water"&$top=1', [1]),
        ("$compute=ResultValue mul 2 as Double&$filter=Double eq 39&$select=Id,Double", [39]),
        ("$compute=length(DOI) as Size&$filter=Size gt 1 and Id gt 38&$select=Id", [39, 40]),
    ],
)
def test_the_other_options_choose_and_order_too(ask, query: str, found: list[int]) -> None:
    assert ids(ask(f"/Observations?{query}")) == found


def test_the_count_does_not_look_at_top_and_skip(ask) -> None:
    answer = ask("/Observations?$count=true&$top=2&$skip=3&$filter=Id gt 20")
    assert answer.json["@odata.count"] == 20
    assert ids(answer) == [24, 25]


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/Observations/$count", 40),
        ("/Observations/$count?$filter=Id gt 30", 10),
        ("/Observations/$count?$search=ph", 13),
        ("/Observations/$count?$apply=groupby((CharacteristicName))", 3),
        ("/Observations/$count?$apply=filter(Id eq 0)/aggregate($count as n)", 1),
        ("/Metadata/$count", 2),
        ("/Locations/$count?$filter=RegionId/any(r:r eq 'hub.atlantic')", 2),
        ("/Locations(1)/RegionId/$count", 2),
    ],
)
def test_a_count_is_plain_text(ask, url: str, count: int) -> None:
    assert ask(url).data == str(count).encode()


@pytest.mark.parametrize(
    ("apply", "rows"),
    [
        ("aggregate($count as n,ResultValue with sum as s)", [{"n": 40, "s": 300.0}]),
        ("filter(Id lt 5)/aggregate(ResultValue with average as a,Id with max as m)",
         [{"a": 1.0, "m": 4}]),
        ("groupby((DOI),aggregate($count as n))",
         [{"DOI": DOIS[0], "n": 20}, {"DOI": DOIS[1], "n": 20}]),
        ("filter(Id lt 7)/groupby((CharacteristicName,DOI))/groupby((DOI),aggregate($count as n))",
         [{"DOI": DOIS[0], "n": 3}, {"DOI": DOIS[1], "n": 3}]),
        (f"filter(DOI eq '{DOIS[0]}' and Id lt 5)/compute(Id mul 2 as t)/groupby((t))",
         [{"t": 4}, {"t": 8}]),
        ("filter(Id eq 0)/aggregate($count as n,Id with sum as s,DOI with countdistinct as d)",
         [{"n": 0, "s": None, "d": 0}]),
        ("aggregate(DOI with countdistinct as d)", [{"d": 2}]),
    ],
)  # fmt: skip
def test_apply_transforms(ask, apply: str, rows: list[dict[str, Any]]) -> None:
    answer = ask(f"/Observations?$apply={apply}")
    assert answer.json["value"] == rows
    assert answer.json["@odata.context"].endswith(f"#Observations({','.join(rows[0])})")


def test_what_follows_apply_sees_its_result(ask) -> None:
    apply = "$apply=groupby((ActivityStartYear),aggregate($count as n,Id with min as least))"
    query = "$filter=least gt 7&$orderby=ActivityStartYear desc&$select=least&$count=true"
    answer = ask(f"/Observations?{apply}&{query}")
    assert answer.json["@odata.count"] == 3
    assert answer.json["value"] == [{"least": 9}, {"least": 8}, {"least": 10}]
    assert ask(f"/Observations?{apply}&$filter=DOI eq 'x'").status_code == 400


@pytest.mark.parametrize("name", ["Metadata", "Locations", "Records", "Datasets", "Streams"])
def test_every_property_of_every_set_can_be_asked_for(ask, name: str) -> None:
    told = ask("/$metadata?$format=json").json["Hub"]
    own = told[told["Container"][name]["$Type"].removeprefix("Hub.")]
    members = {key: of for key, of in own.items() if not key.startswith("$")}
    plain = [
        key
        for key, of in members.items()
        if not of.get("$Collection") and of.get("$Type", "Edm.String").startswith("Edm.")
    ]
    assert "Id" in plain
    for key in plain:
        order = ask(
            f"/{name}?$orderby={key} desc&$select={key}&$filter={key} ne null or {key} eq null"
        )
        assert order.status_code == 200, (key, order.data)
        groups = ask(f"/{name}?$apply=groupby(({key}),aggregate($count as n))&$orderby={key}")
        assert groups.status_code == 200, (key, groups.data)
        counted = int(ask(f"/{name}/$count").data)
        assert sum(row["n"] for row in groups.json["value"]) == counted == len(order.json["value"])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("Datasets/$count?$filter=Kind eq 'observations'", 3),
        ("Datasets/$count?$filter=Kind ne 'documents' and Published ne null", 2),
        (f'Datasets/$count?$search="{DOIS[2]}"', 1),
        ("Metadata/$count?$filter=Keywords/any(k:k eq 'k1')", 1),
        ("Metadata/$count?$filter=Keywords/$count eq 2 and 'lake' in Keywords", 2),
        ("Metadata/$count?$filter=PublishedTimestamp eq 2026-01-02T03:04:05.678Z", 2),
        (f"Locations/$count?$filter=DOI in ('{DOIS[0]}','{DOIS[2]}')", 2),
        ("Locations/$count?$filter=Latitude gt 50 and Name eq 'Place 12'", 1),
        ("Records/$count?$filter=MonitoringLocationID eq 'L11' and LocationId eq 11", 14),
    ],
)
def test_every_set_has_its_own_rows(ask, query: str, count: int) -> None:
    answer = ask(f"/{query}")
    assert (answer.status_code, answer.data) == (200, str(count).encode())


def test_links_lead_to_what_is_behind_an_entity(ask, world: World) -> None:
    full = {"Accept": "application/json;odata.metadata=full"}
    for row in ask("/Datasets", **full).json["value"]:
        link = row["Documents@odata.navigationLink"]
        assert link == f"Datasets('{row['Id']}')/Documents"
        assert ask(f"/{link}").status_code == 200


# OData 4.01 Minimal


@pytest.mark.parametrize(
    "query", ["filter=Id lt 3&select=Id", "$FILTER=Id lt 3&$Select=Id", "FILTER=Id LT 3&SELECT=Id"]
)
def test_options_need_neither_dollar_nor_case(ask, query: str) -> None:
    assert ids(ask(f"/Observations?{query}")) == [1, 2]


def test_metadata_says_what_can_be_done(ask) -> None:
    own = ask("/$metadata?$format=json").json["Hub"]["Container"]
    capabilities = "@Org.OData.Capabilities.V1."
    assert own[f"{capabilities}BatchSupported"] is False
    for name in ("Observations", "Datasets", "Streams"):
        assert own[name][f"{capabilities}ExpandRestrictions"] == {"Expandable": False}
        assert own[name][f"{capabilities}TopSupported"] is True


def test_the_level_is_said_in_both_formats(ask) -> None:
    told = ask("/$metadata?$format=json").json["Hub"]["Container"]
    assert told["@Org.OData.Capabilities.V1.ConformanceLevel"] == "Intermediate"
    root = ElementTree.fromstring(ask("/$metadata").data)
    members = {one.get("EnumMember") for one in root.iter(f"{EDM}Annotation")}
    assert "Org.OData.Capabilities.V1.ConformanceLevelType/Intermediate" in members


def test_full_metadata_tells_types_and_ids(ask) -> None:
    url = "/Observations?$top=1&$select=Id,ResultValue,ActivityStartDate"
    row = ask(url, Accept="application/json;odata.metadata=full").json["value"][0]
    assert row == {
        "@odata.type": "#Hub.Observation",
        "@odata.id": "Observations(1)",
        "Id@odata.type": "#Int64",
        "Id": 1,
        "ResultValue": 0.5,
        "ActivityStartDate@odata.type": "#Date",
        "ActivityStartDate": "2011-06-02",
    }
    assert ask(f"/{row['@odata.id']}").json["Id"] == 1


def test_no_metadata_leaves_the_data(ask) -> None:
    answer = ask(
        "/Observations?$top=1&$select=Id&$count=true&$format=application/json;metadata=none"
    )
    assert answer.json == {"@odata.count": 40, "value": [{"Id": 1}]}


def test_64_bit_integers_are_texts_for_who_wants_them(ask) -> None:
    url = "/Observations?$top=1&$select=Id,ResultValue&$count=true"
    answer = ask(url, Accept="application/json;IEEE754Compatible=true")
    assert answer.json["value"] == [{"Id": "1", "ResultValue": 0.5}]
    assert answer.json["@odata.count"] == "40"


def test_a_wish_for_small_pages_is_granted_and_said(ask) -> None:
    answer = ask("/Observations?$select=Id", Prefer="respond-async, maxpagesize=7")
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=7"
    assert len(ids(answer)) == 7


def test_every_door_of_a_set_leads_to_the_same_entity(ask) -> None:
    row = ask("/Observations?$filter=Id eq 5").json["value"][0]
    entity = ask("/Observations(5)").json
    assert entity.pop("@odata.context").endswith("$metadata#Observations/$entity")
    assert entity == row
    selected = ask("/Observations(5)?$select=DOI").json
    assert selected.pop("@odata.context").endswith("#Observations(DOI)/$entity")
    assert selected == {"DOI": DOIS[1]}


# Who sees what


def test_a_key_is_shown_in_any_of_three_ways(client: FlaskClient, world: World) -> None:
    ways = ({"X-API-Key": world.reader}, {"Authorization": f"ApiKey {world.reader}"})
    for way in ways:
        answer = client.get(f"{ROOT}/Metadata", headers=way, buffered=True)
        assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "hub_nobody"}])
def test_a_stranger_is_asked_for_a_key(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(f"{ROOT}/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="hub"')
    assert answer.json["error"]["code"] == "unauthorized"


def test_a_scope_opens_its_own_sets(ask, services: Services) -> None:
    odata = services.keys.create("k", ["odata:read"]).secret
    streams = services.keys.create("k", ["stream:read"]).secret
    assert ask("/Observations", odata).status_code == 200
    assert ask("/Datasets", odata).status_code == 403
    assert ask("/Observations", streams).json["error"]["innererror"]["scope"] == "odata:read"
    assert ask("/Streams", streams).status_code == 200


def test_a_dataset_s_own_key_sees_its_published_rows(ask, world: World) -> None:
    first, _, private = world.datasets
    assert {row["DOI"] for row in ask("/Records", first.secret).json["value"]} == {DOIS[0]}
    assert ask("/Records", private.secret).json["value"] == []
    assert ask("/Metadata", private.secret).json["value"] == []
    assert [row["Id"] for row in ask("/Datasets", private.secret).json["value"]] == [private.uuid]
    own = ask(f"/Datasets('{private.uuid}')/Documents", private.secret)
    assert len(own.json["value"]) == 3
    assert ask(f"/Datasets('{first.uuid}')/Documents", private.secret).status_code == 404


def test_what_is_not_published_is_not_told_by_a_filter(ask) -> None:
    assert ask(f"/Locations?$filter=DOI eq '{DOIS[2]}'").json["value"] == []
    assert ask("/Locations(21)").status_code == 404
    assert ask("/Observations(1001)").status_code == 404


def test_a_key_for_streams_only_opens_no_dataset(ask, services: Services) -> None:
    reach = Reach(datasets=frozenset(), devices=None, streams=None)
    key = services.keys.create("k", ["odata:read", "dataset:read"], reach=reach).secret
    assert ask("/Observations", key).json["value"] == []
    assert ask("/Datasets", key).json["value"] == []
