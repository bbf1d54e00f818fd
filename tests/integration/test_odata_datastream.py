"""The four sets of the DataStream API: what they give, by which filters, page by page."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from hub.services import Services, scopes
from hub.services.odata.sets import LOCATIONS, METADATA, OBSERVATIONS, RECORDS, EntitySet
from hub.values import Reach
from tests.live import wait_until
from tests.observations import at
from tests.published import PUBLISHED, SITES, Row, World, doi, make, rows_of

Keep = Callable[[Row], bool]


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services) -> World:
    return make(client, services)


def everything() -> list[Row]:
    return [row for name in PUBLISHED for row in rows_of(name)]


def dataset_of(row: Row) -> str:
    return SITES[row["MonitoringLocationID"]][0]


def place(row: Row) -> tuple[float, float]:
    return row["MonitoringLocationLatitude"], row["MonitoringLocationLongitude"]


def year(row: Row) -> int:
    return int(row["ActivityStartDate"][:4])


def regions(row: Row) -> tuple[str, ...]:
    return SITES[row["MonitoringLocationID"]][4]


ALL_DOIS = f"DOI in ('{doi('aaaa')}', '{doi('bbbb')}', '{doi('cccc')}')"
CCCC = f"DOI eq '{doi('cccc')}'"
BOX = (
    "LongitudeNormalized gt '-102.01' and LongitudeNormalized lt '-88.99' and "
    "LatitudeNormalized gt '49' and LatitudeNormalized lt '60'"
)
# Every filter of the document, and those that the clients send.
FILTERS: list[tuple[str, Keep]] = [
    ("", lambda r: True),
    (f"DOI eq '{doi('aaaa')}'", lambda r: dataset_of(r) == "aaaa"),
    (
        f"DOI in ('{doi('aaaa')}', '{doi('cccc')}', '10.25976/zzzz-xx00')",
        lambda r: dataset_of(r) in ("aaaa", "cccc"),
    ),
    ("endswith(DOI, 'bbbb-xx00')", lambda r: dataset_of(r) == "bbbb"),
    (f"DOI eq '{doi('dddd')}'", lambda r: False),
    ("CharacteristicName eq 'pH'", lambda r: r["CharacteristicName"] == "pH"),
    (
        "CharacteristicName eq 'Dissolved oxygen saturation'",
        lambda r: r["CharacteristicName"] == "Dissolved oxygen saturation",
    ),
    (
        f"{ALL_DOIS} and CharacteristicName in ('Temperature, water', 'pH')",
        lambda r: r["CharacteristicName"] in ("Temperature, water", "pH"),
    ),
    (
        "RegionId in ('hub.mackenzie', 'hub.lakewinnipeg')",
        lambda r: bool({"hub.mackenzie", "hub.lakewinnipeg"} & {*regions(r)}),
    ),
    (
        "CharacteristicName eq 'pH' and RegionId eq 'admin.4.ca.ab'",
        lambda r: r["CharacteristicName"] == "pH" and "admin.4.ca.ab" in regions(r),
    ),
    ("RegionId eq 'admin.2.ca'", lambda r: True),
    ("CharacteristicName eq 'pH' and RegionId eq ''", lambda r: False),
    ("ActivityStartYear gte '2010'", lambda r: year(r) >= 2010),
    ("ActivityStartYear ge 2009 and ActivityStartYear lt 2011", lambda r: year(r) in (2009, 2010)),
    ("ActivityStartYear lte '2009'", lambda r: year(r) <= 2009),
    ("ActivityStartYear in (2008, '2012')", lambda r: year(r) in (2008, 2012)),
    ("ActivityMediaName eq 'Ocean Water'", lambda r: r["ActivityMediaName"] == "Ocean Water"),
    ("ActivityMediaName ne 'Ocean Water'", lambda r: r["ActivityMediaName"] != "Ocean Water"),
    ("ActivityGroupType eq 'Field Measure'", lambda r: True),
    (
        "MonitoringLocationType eq 'Lake/Pond'",
        lambda r: r["MonitoringLocationType"] == "Lake/Pond",
    ),
    (
        "MonitoringLocationType eq 'Lake/Pond' and CharacteristicName eq 'pH'",
        lambda r: False,
    ),
    (
        BOX,
        lambda r: 49 < place(r)[0] < 60 and -102.01 < place(r)[1] < -88.99,
    ),
    (
        "ActivityStartYear eq 2012 and CharacteristicName eq 'pH' or DOI eq '10.25976/cccc-xx00'",
        lambda r: (year(r) == 2012 and r["CharacteristicName"] == "pH") or dataset_of(r) == "cccc",
    ),
    ("not (CharacteristicName eq 'pH')", lambda r: r["CharacteristicName"] != "pH"),
    (
        f"DOI eq '{doi('aaaa')}' and RegionId eq 'admin.2.ca'",
        lambda r: dataset_of(r) == "aaaa",
    ),
    (
        f"LatitudeNormalized gt '49' and DOI in ('{doi('bbbb')}', '{doi('cccc')}')",
        lambda r: dataset_of(r) != "aaaa",
    ),
    (
        f"RegionId eq 'hub.mackenzie' and DOI eq '{doi('aaaa')}'",
        lambda r: False,
    ),
    (
        f"not (CharacteristicName eq 'pH' and (ActivityStartYear lt 2012 or {CCCC}))",
        lambda r: (
            r["CharacteristicName"] != "pH" or (year(r) >= 2012 and dataset_of(r) != "cccc")
        ),
    ),
    (
        "not (CharacteristicName eq 'pH' and RegionId eq 'admin.2.ca')",
        lambda r: r["CharacteristicName"] != "pH",
    ),
    (
        f"MonitoringLocationType eq 'Lake/Pond' and (CharacteristicName eq 'pH' or {CCCC})",
        lambda r: False,
    ),
    (
        f"ActivityMediaName eq 'Ocean Water' and (CharacteristicName eq 'pH' or {CCCC})",
        lambda r: r["ActivityMediaName"] == "Ocean Water" and dataset_of(r) == "cccc",
    ),
    (
        "CharacteristicName eq 'pH' and (ActivityMediaName eq 'x' or LatitudeNormalized gt '60')",
        lambda r: r["CharacteristicName"] == "pH" and place(r)[0] > 60,
    ),
]  # fmt: skip
IDS = [text[:60] or "no filter" for text, _ in FILTERS]


@pytest.mark.parametrize(("text", "keep"), FILTERS, ids=IDS)
def test_a_filter_gives_the_observations_it_is_true_of(world: World, text: str, keep: Keep) -> None:
    found = world.value(
        "Observations", {"$select": "ResultComment", "$filter": text, "$top": "1000"}
    )
    expected = {row["ResultComment"] for row in everything() if keep(row)}
    assert len(found) == len(expected)
    assert {row["ResultComment"] for row in found} == expected


@pytest.mark.parametrize(("text", "keep"), FILTERS, ids=IDS)
def test_a_filter_gives_the_locations_that_have_such_an_observation(
    world: World, text: str, keep: Keep
) -> None:
    found = world.value("Locations", {"$select": "Id,ID", "$filter": text, "$top": "1000"})
    expected = {row["MonitoringLocationID"] for row in everything() if keep(row)}
    assert {row["ID"] for row in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("text", "keep"), FILTERS, ids=IDS)
def test_a_filter_gives_the_datasets_that_have_such_an_observation(
    world: World, text: str, keep: Keep
) -> None:
    found = world.value("Metadata", {"$select": "DOI", "$filter": text, "$top": "1000"})
    expected = {doi(dataset_of(row)) for row in everything() if keep(row)}
    assert {row["DOI"] for row in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("text", "keep"), FILTERS, ids=IDS)
def test_a_count_is_the_number_alone(world: World, text: str, keep: Keep) -> None:
    answer = world.get("Records", {"$count": "true", "$filter": text})
    assert answer.json == {"value": sum(map(keep, everything()))}
    assert answer.headers["Hub-Count"] == "exact"


@pytest.mark.parametrize("set_name", ["Metadata", "Locations", "Observations", "Records"])
def test_locations_are_known_by_number_quoted_or_not_everywhere(
    world: World, set_name: str
) -> None:
    sites = {row["ID"]: row["Id"] for row in world.value("Locations?$select=Id,ID")}
    number = sites["RED-1"]
    for literal in (f"{number}", f"'{number}'"):
        counted = world.value(set_name, {"$filter": f"LocationId eq {literal}", "$count": "true"})
        expected = {"Metadata": 1, "Locations": 1}.get(set_name, 15)
        assert counted == expected


@pytest.mark.parametrize(
    "found", [METADATA, LOCATIONS, OBSERVATIONS, RECORDS], ids=lambda s: s.name
)
def test_every_set_is_filtered_by_its_id(world: World, found: EntitySet) -> None:
    first, second = world.value(f"{found.name}?$select=Id&$top=2")
    literal = f"'{second['Id']}'" if found is METADATA else second["Id"]
    assert world.value(found.name, {"$filter": f"Id eq {literal}", "$select": "Id"}) == [second]
    assert first != second


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("DatasetName eq 'Dataset aaaa'", 1),
        ("CreateTimestamp gt '2020-03-23' and CreateTimestamp lt '2120-03-25'", 3),
        ("CreateTimestamp gt 2120-03-23", 0),
        ("LatitudeNormalized gt '55'", 1),
    ],
)
def test_datasets_have_filters_of_their_own(world: World, text: str, count: int) -> None:
    assert world.value("Metadata", {"$filter": text, "$count": "true"}) == count


def test_locations_are_filtered_by_name(world: World) -> None:
    found = world.value("Locations", {"$filter": "Name eq 'Site BOW-2'", "$select": "ID"})
    assert found == [{"ID": "BOW-2"}]


@pytest.mark.parametrize(
    "found", [METADATA, LOCATIONS, OBSERVATIONS, RECORDS], ids=lambda s: s.name
)
def test_without_a_select_every_property_is_there_in_documented_order(
    world: World, found: EntitySet
) -> None:
    rows = world.value(found.name)
    assert rows
    assert all(tuple(row) == found.selectable for row in rows)


@pytest.mark.parametrize(
    "found", [METADATA, LOCATIONS, OBSERVATIONS, RECORDS], ids=lambda s: s.name
)
def test_each_property_can_be_selected_alone_and_is_what_it_is_among_all(
    world: World, found: EntitySet
) -> None:
    whole = world.value(f"{found.name}?$top=3")
    for name in found.selectable:
        alone = world.value(found.name, {"$select": name, "$top": "3"})
        assert alone == [{name: row[name]} for row in whole]


@pytest.mark.parametrize(
    "text", ["Id,DOI,ResultValue", " Id , DOI,ResultValue ", "Id, DOI, ResultValue,Id"]
)
def test_a_select_may_have_blanks_and_repeat_itself(world: World, text: str) -> None:
    (row,) = world.value("Observations", {"$select": text, "$top": "1"})
    assert list(row) == ["Id", "DOI", "ResultValue"]


@pytest.mark.parametrize("text", ["", "*", " "])
def test_an_empty_select_and_a_star_are_everything(world: World, text: str) -> None:
    (row,) = world.value("Observations", {"$select": text, "$top": "1"})
    assert tuple(row) == OBSERVATIONS.selectable


def test_a_select_gives_properties_in_its_own_order(world: World) -> None:
    (row,) = world.value("Observations?$select=ResultUnit,Id,ResultValue&$top=1")
    assert list(row) == ["ResultUnit", "Id", "ResultValue"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Id,ResultValu", "ResultValue"),
        ("Id,resultvalue", "ResultValue"),
        ("Id,LatitudeNormalized", "for $filter only"),
        ("Id,RegionId", "for $filter only"),
        ("Id,ActivityStartYear", "for $filter only"),
        ("Id,ActivityGroupType", "for $filter only"),
    ],
)
def test_a_wrong_select_is_told_what_would_be_right(world: World, text: str, hint: str) -> None:
    answer = world.get("Observations", {"$select": text})
    error = answer.json["error"]
    assert (answer.status_code, error["code"], error["target"]) == (400, "bad_odata", "$select")
    assert hint in error["message"]
    assert error["detail"]["offset"] == 3


def test_ids_ascend_and_are_numbers(world: World) -> None:
    for name in ("Locations", "Observations", "Records"):
        ids = [row["Id"] for row in world.value(f"{name}?$select=Id&$top=1000")]
        assert ids == sorted(set(ids))
        assert all(type(one) is int for one in ids)


def test_what_is_absent_is_null_and_numbers_are_numbers(world: World) -> None:
    rows = world.value("Observations?$top=1000")
    assert {type(row["LaboratoryName"]) for row in rows} == {type(None)}
    assert {type(row["ResultValue"]) for row in rows} == {int, float}
    assert {row["ActivityDepthHeightMeasure"] for row in rows} == {None, -0.5}
    assert {row["ActivityStartTime"] for row in rows} == {"10:30"}
    assert rows[0]["ActivityStartDate"] == "2008-07-05"


def test_moments_have_milliseconds_and_z(world: World) -> None:
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    (one,) = world.value("Observations?$top=1&$select=CreateTimestamp")
    (other,) = world.value("Metadata?$top=1&$select=CreateTimestamp,PublishedTimestamp")
    assert all(shape.fullmatch(text) for text in [*one.values(), *other.values()])


def test_a_datasets_entry_is_as_it_was_set(world: World) -> None:
    (entry,) = world.value("Metadata", {"$filter": f"DOI eq '{doi('aaaa')}'"})
    assert entry["Id"] == world.datasets["aaaa"]
    assert entry["DatasetName"] == "Dataset aaaa"
    assert entry["Keywords"] == ["water", "aaaa"]
    assert entry["TopicCategoryCode"] == ["inlandWaters"]
    assert entry["Abstract"] is None


def test_each_row_has_the_doi_of_its_dataset(world: World) -> None:
    sites = {row["ID"]: row["DOI"] for row in world.value("Locations?$select=DOI,ID")}
    assert sites == {site: doi(facts[0]) for site, facts in SITES.items() if facts[0] in PUBLISHED}
    for row in world.value("Records?$select=DOI,DatasetName&$top=1000"):
        assert row["DOI"] == doi(row["DatasetName"].removeprefix("Dataset "))


def test_a_location_is_told_by_both_of_its_ids(world: World) -> None:
    (site,) = world.value("Locations", {"$filter": "ID eq 'LIARD-1'"})
    assert site["Name"] == "Site LIARD-1"
    assert (site["Latitude"], site["LatitudeNormalized"]) == (60.24, 60.24)
    assert site["HorizontalCoordinateReferenceSystem"] == "NAD83"
    assert site["HorizontalCoordinateReferenceSystemNormalized"] == "WGS84"
    (by_number,) = world.value("Locations", {"$filter": f"Id eq {site['Id']}"})
    assert by_number == site


@pytest.mark.parametrize("select", ["Id,ResultComment", "ResultComment"])
@pytest.mark.parametrize("top", [1, 7, 11, 54, 55, 56])
def test_pages_hold_everything_once(world: World, select: str, top: int) -> None:
    pages = list(world.pages("Observations", {"$select": select, "$top": str(top)}))
    found = [row["ResultComment"] for page in pages for row in page]
    assert found == [row["ResultComment"] for row in everything()]
    assert [len(page) for page in pages[:-1]] == [top] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= top
    assert all(set(row) == set(select.split(",")) for page in pages for row in page)


@pytest.mark.parametrize("found", [METADATA, LOCATIONS, RECORDS], ids=lambda s: s.name)
def test_every_set_has_pages(world: World, found: EntitySet) -> None:
    whole = world.value(found.name, {"$top": "1000"})
    one_by_one = [row for page in world.pages(found.name, {"$top": "1"}) for row in page]
    assert one_by_one == whole


def test_a_page_without_top_has_ten_rows(world: World) -> None:
    answer = world.get("Observations")
    assert len(answer.json["value"]) == 10
    assert answer.json["@odata.nextLink"]


def test_the_last_page_has_no_link(world: World) -> None:
    answer = world.get("Metadata?$top=3")
    assert len(answer.json["value"]) == 3
    assert list(answer.json) == ["value"]
    assert "Link" not in answer.headers


def test_a_link_is_absolute_whole_and_nothing_in_it_must_be_quoted(world: World) -> None:
    asked = {
        "$top": "2", "$select": "Id, DOI", "other": "x",
        "$filter": "CharacteristicName in ('Temperature, water','pH') and DOI ne 'é[]{}*?&+#'",
    }  # fmt: skip
    answer = world.get("Observations", asked)
    link = answer.json["@odata.nextLink"]
    assert answer.headers["Link"] == f'<{link}>; rel="next"'
    assert link.startswith("http://localhost/v1/odata/v4/Observations?")
    assert re.fullmatch(r"[A-Za-z0-9._%&=-]+", urlsplit(link).query)
    last = answer.json["value"][-1]["Id"]
    kept = {name: text for name, text in asked.items() if name != "other"}
    assert dict(parse_qsl(urlsplit(link).query)) == kept | {"$skiptoken": f"Id:{last}"}


def test_a_link_never_leads_to_itself(world: World) -> None:
    seen = set()
    link = "Observations?$top=7&$select=Id"
    while link:
        answer = world.get(link)
        assert link not in seen
        seen.add(link)
        link = answer.json.get("@odata.nextLink")
    assert len(seen) == 8


def test_options_applied_again_to_a_link_change_nothing(world: World) -> None:
    """As the R client does."""
    options = {"$select": "Id", "$filter": "CharacteristicName eq 'pH'", "$top": "4"}
    link = world.get("Observations", options).json["@odata.nextLink"]
    parts = urlsplit(link)
    overlaid = dict(parse_qsl(parts.query)) | options
    assert world.get("Observations", overlaid).json == world.get(link).json


@pytest.mark.parametrize("token", ["Id:5", " Id:5", "Id: 5"])
def test_a_token_is_the_last_id(world: World, token: str) -> None:
    rows = world.value("Observations", {"$skiptoken": token, "$select": "Id"})
    assert [row["Id"] for row in rows] == [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]


def test_a_token_from_far_beyond_is_an_empty_page(world: World) -> None:
    answer = world.get("Observations", {"$skiptoken": f"Id:{2**53 - 1}"})
    assert answer.json == {"value": []}


@pytest.mark.parametrize(
    ("set_name", "token"),
    [
        ("Observations", ""), ("Observations", "5"), ("Observations", "Id:"),
        ("Observations", "Id:x"), ("Observations", "Id:-1"), ("Observations", "Id:1.5"),
        ("Observations", "Id:٣"), ("Observations", f"Id:{2**53}"), ("Observations", "id:5"),
        ("Observations", "Id:" + "9" * 5000), ("Metadata", "Id:5"), ("Locations", "Id:a b"),
        ("Metadata", "Id:$where"), ("Observations", "Id:{$gt:1}"),
    ],
)  # fmt: skip
def test_a_bad_token_is_refused(world: World, set_name: str, token: str) -> None:
    answer = world.get(set_name, {"$skiptoken": token})
    assert (answer.status_code, answer.json["error"]["target"]) == (400, "$skiptoken")


def test_rows_that_come_in_meanwhile_neither_hide_nor_repeat_any(
    client: FlaskClient, services: Services
) -> None:
    made = services.datasets.create("growing", kind="observations")
    url, auth = f"/api/dataset/{made.dataset.uuid}/", (made.access.secret, "")
    client.put(url, json=[at(f"G{n % 5}", ResultValue=n) for n in range(50)], auth=auth)
    entry = {"DOI": "10.25976/grow-xx00", "Licence": "https://x.org/l", "Citation": "c"}
    services.catalogue.change(made.dataset.uuid, entry | {"Version": "1.0.0"})
    services.catalogue.publish(made.dataset.uuid)
    reader = World(client, made.access.secret, {})
    options = {"$select": "ResultValue", "$filter": "DOI eq '10.25976/grow-xx00'", "$top": "3"}
    wait_until(lambda: bool(reader.value("Observations", options)), "it is published")
    other = client.application.test_client()

    def grow() -> None:
        for n in range(50, 90):
            other.put(url, json=at(f"G{n % 5}", ResultValue=n), auth=auth)

    growing = threading.Thread(target=grow)
    growing.start()
    found = [row["ResultValue"] for page in reader.pages("Observations", options) for row in page]
    growing.join()
    services.catalogue.unpublish(made.dataset.uuid)
    wait_until(lambda: not reader.value("Observations", options), "it is taken back")
    assert found[:50] == list(range(50))
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("MonitoringLocationType eq 'River/Stream'", {"M1", "M2"}),
        ("MonitoringLocationType eq 'Lake/Pond'", {"M1"}),
        ("MonitoringLocationType eq 'Lake/Pond' and ActivityStartYear eq 2021", {"M1"}),
        ("MonitoringLocationType eq 'Lake/Pond' and ActivityStartYear eq 2020", set()),
        ("MonitoringLocationType ne 'Lake/Pond'", {"M1", "M2"}),
    ],
)
def test_a_location_that_was_of_another_type_is_found_by_both(
    client: FlaskClient, services: Services, text: str, sites: set[str]
) -> None:
    made = services.datasets.create("moving", kind="observations")
    rows = [
        at("M1", MonitoringLocationType="River/Stream", ActivityStartDate="2020-07-05"),
        at("M1", MonitoringLocationType="Lake/Pond"),
        at("M2", MonitoringLocationType="River/Stream"),
    ]
    url = f"/api/dataset/{made.dataset.uuid}/"
    assert client.put(url, json=rows, auth=(made.access.secret, "")).status_code == 201
    entry = {"DOI": "10.25976/move-xx00", "Licence": "https://x.org/l", "Citation": "c"}
    services.catalogue.change(made.dataset.uuid, entry | {"Version": "1.0.0"})
    services.catalogue.publish(made.dataset.uuid)
    reader = World(client, made.access.secret, {})
    wait_until(lambda: bool(reader.value("Metadata?$select=DOI")), "it is published")
    names = {row["Id"]: row["ID"] for row in reader.value("Locations?$select=Id,ID")}
    found = reader.value("Locations", {"$select": "ID", "$filter": text})
    by_rows = reader.value("Observations", {"$select": "LocationId", "$filter": text})
    services.catalogue.unpublish(made.dataset.uuid)
    wait_until(lambda: not reader.value("Metadata?$select=DOI"), "it is taken back")
    services.datasets.delete(made.dataset.uuid)
    assert {row["ID"] for row in found} == sites
    assert {names[row["LocationId"]] for row in by_rows} == sites


@pytest.mark.parametrize("word", ["true", "TRUE", "True"])
@pytest.mark.parametrize("name", ["$count", "count", "$COUNT"])
def test_a_count_ignores_pages(world: World, name: str, word: str) -> None:
    options = {name: word, "$top": "1", "$skiptoken": "Id:20", "$select": "Id"}
    assert world.get("Observations", options).json == {"value": 55}


def test_no_count_is_a_page(world: World) -> None:
    assert len(world.value("Observations?$count=false&$top=2")) == 2


@pytest.mark.parametrize(
    "found", [METADATA, LOCATIONS, OBSERVATIONS, RECORDS], ids=lambda s: s.name
)
def test_lines_hold_what_json_holds(world: World, found: EntitySet) -> None:
    rows = world.value(found.name, {"$top": "1000"})
    answer = world.get(found.name, Accept="text/csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert list(line) == list(row)
        plain = {name: value for name, value in row.items() if not isinstance(value, list)}
        shown = {name: "" if value is None else str(value) for name, value in plain.items()}
        assert {name: line[name] for name in plain} == shown


def test_lists_in_lines_are_json(world: World) -> None:
    options = {"$format": "csv", "$select": "Keywords", "$filter": f"DOI eq '{doi('aaaa')}'"}
    answer = world.get("Metadata", options)
    assert answer.text == 'Keywords\r\n"[""water"",""aaaa""]"\r\n'


def test_a_page_of_lines_has_its_link_in_the_header(world: World) -> None:
    options = {"$format": "csv", "$select": "Id", "$top": "2"}
    answer = world.get("Records", options)
    assert answer.text == "Id\r\n1\r\n2\r\n"
    (link,) = re.findall(r"<(.*)>", answer.headers["Link"])
    assert world.get(link).text == "Id\r\n3\r\n4\r\n"


def test_no_rows_are_a_header_alone(world: World) -> None:
    options = {"$format": "csv", "$select": "Id,DOI", "$filter": "Id lt 0"}
    assert world.get("Records", options).text == "Id,DOI\r\n"


def test_what_is_not_published_is_not_there(world: World) -> None:
    shown = world.get("Records?$format=csv").text
    assert "SECRET-1" not in shown
    assert world.value("Metadata", {"$filter": "DatasetName eq 'Dataset dddd'"}) == []
    assert world.value("Locations", {"$filter": "ID eq 'SECRET-1'"}) == []


def test_a_dataset_that_is_taken_back_is_gone(services: Services, world: World) -> None:
    options = {"$count": "true", "$filter": f"DOI eq '{doi('cccc')}'"}
    services.catalogue.unpublish(world.datasets["cccc"])
    wait_until(lambda: world.value("Observations", options) == 0, "it is gone")
    services.catalogue.publish(world.datasets["cccc"])
    wait_until(lambda: world.value("Observations", options) == 15, "it is back")


def test_a_key_of_some_datasets_sees_those_of_them_that_are_published(
    client: FlaskClient, services: Services, world: World
) -> None:
    own = frozenset({world.datasets["bbbb"], world.datasets["dddd"]})
    reach = Reach(datasets=own, devices=frozenset(), streams=frozenset())
    secret = services.keys.create("some", [scopes.ODATA_READ], reach=reach).secret
    reader = World(client, secret, {})
    assert [row["DOI"] for row in reader.value("Metadata?$select=DOI")] == [doi("bbbb")]
    assert [row["ID"] for row in reader.value("Locations?$select=ID")] == ["RED-1"]
    assert reader.value("Observations?$count=true") == 15
