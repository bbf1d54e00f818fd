"""The door of the DataStream API: keys, options, formats, scripts, rates, and how it refuses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.services import Services, scopes
from hub.services.odata.limits import ODataLimits
from hub.settings import Settings
from hub.wiring import open_hub
from tests.live import wait_until
from tests.published import ROOT, World, make

SETS = ("Metadata", "Locations", "Observations", "Records")
PAGE = "https://map.example.org"


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services) -> World:
    return make(client, services)


@pytest.fixture
def other(settings: Settings, world: World) -> Iterator[Any]:
    """Another process of the same hub, with limits of its own."""
    opened = []

    def build(**limits: Any) -> World:
        own = replace(settings, odata=ODataLimits(**limits))
        hub = open_hub(own)
        opened.append(hub)
        reader = hub.services.keys.create("reader", [scopes.ODATA_READ]).secret
        return World(create_app(own, hub.services).test_client(), reader, world.datasets)

    yield build
    for hub in opened:
        hub.close()


def check_shape(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Both forms of a refusal; the first one."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    error, (listed,) = answer.json["error"], answer.json["errors"]
    assert error["code"] == listed["code"] == code
    assert error["message"] == listed["detail"]
    assert listed["status"] == str(status)
    assert error.get("target") == listed.get("source", {}).get("parameter")
    return error


# Keys


@pytest.mark.parametrize("path", [*SETS, "Nothing", "", "a/b"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_without_a_key_everything_is_401(world: World, path: str, method: str) -> None:
    answer = world.client.open(f"{ROOT}/{path}", method=method)
    check_shape(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="hub"'


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "hub_nobodys"},
        {"x-api-key": ""},
        {"x-api-key": "x" * 5000},
        {"Authorization": "ApiKey hub_nobodys"},
        {"Authorization": "Bearer hub_nobodys"},
        {"Authorization": "Basic ???"},
    ],
)
def test_what_is_no_key_is_403(world: World, headers: dict[str, str]) -> None:
    answer = world.client.get(f"{ROOT}/Metadata", headers=headers)
    check_shape(answer, 403, "forbidden")
    assert "WWW-Authenticate" not in answer.headers


def test_a_key_that_was_revoked_is_403(services: Services, world: World) -> None:
    made = services.keys.create("gone", [scopes.ODATA_READ])
    services.keys.revoke(made.key.id)
    answer = world.client.get(f"{ROOT}/Metadata", headers={"x-api-key": made.secret})
    check_shape(answer, 403, "forbidden")


def test_a_key_without_the_scope_is_told_which(services: Services, world: World) -> None:
    secret = services.keys.create("streams", [scopes.STREAM_READ]).secret
    answer = world.client.get(f"{ROOT}/Metadata", headers={"x-api-key": secret})
    error = check_shape(answer, 403, "forbidden")
    assert error["detail"] == {"scope": "odata:read"}


@pytest.mark.parametrize("name", ["x-api-key", "X-API-Key", "basic", "apikey"])
def test_a_key_may_be_shown_in_each_way(world: World, name: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": (world.secret, "")},
        "apikey": {"headers": {"Authorization": f"ApiKey {world.secret}"}},
    }
    way = ways.get(name, {"headers": {name: world.secret}})
    assert world.client.get(f"{ROOT}/Metadata", **way).status_code == 200


# Options


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("$top", "0"), ("$top", "10001"), ("$top", "-1"), ("$top", "x"), ("$top", ""),
        ("$top", "1.5"), ("$top", "1e3"), ("$top", "٣"), ("$top", "9" * 400), ("top", "0"),
        ("$count", "yes"), ("$count", ""), ("$count", "1"),
        ("$format", "xml"), ("$format", ""), ("$format", "application/atom+xml"),
        ("$levels", "1"), ("$Foo", "x"), ("$", "x"), ("$$top", "1"), ("$deltatoken", "x"),
    ],
)  # fmt: skip
def test_an_option_that_is_not_right_is_refused_by_name(
    world: World, option: str, text: str
) -> None:
    error = check_shape(world.get("Observations", {option: text}), 400, "bad_parameter")
    assert error["target"] == (option if option.startswith("$") else f"${option}")


@pytest.mark.parametrize("name", ["orderby", "skip", "search", "expand", "apply", "compute"])
@pytest.mark.parametrize("sign", ["$", ""])
def test_options_of_odata_that_are_not_done_are_named(world: World, name: str, sign: str) -> None:
    answer = world.get("Observations", {f"{sign}{name}": "Id"})
    error = check_shape(answer, 501, "unsupported_odata")
    assert error["target"] == f"${name}"


@pytest.mark.parametrize(
    "query",
    [
        "$top=1&$top=1",
        "$top=1&top=2",
        "$filter=&$filter=",
        "%24select=Id&select=Id",
        "TOP=1&$top=1",
    ],
)
def test_an_option_that_is_given_twice_is_refused(world: World, query: str) -> None:
    check_shape(world.get(f"Observations?{query}"), 400, "bad_parameter")


@pytest.mark.parametrize("query", ["apikey=x", "foo=1&foo=2", "_=17", "id=5", "x$top=3"])
def test_parameters_that_are_nobodys_options_are_ignored(world: World, query: str) -> None:
    plain = world.get("Observations?$top=3").json["value"]
    assert world.get(f"Observations?$top=3&{query}").json["value"] == plain


@pytest.mark.parametrize(
    "query", ["top=2&select=Id", "$TOP=2&$Select=Id", "%24top=2&%24select=Id", "$top= 2&$select=Id"]
)
def test_options_stand_with_or_without_sign_in_any_case(world: World, query: str) -> None:
    found = world.get(f"Observations?{query}").json["value"]
    assert [list(row) for row in found] == [["Id"], ["Id"]]


def test_blanks_are_written_as_plus_or_percent(world: World) -> None:
    plus = world.get("Observations?$filter=CharacteristicName+eq+'pH'&$select=Id,+DOI")
    percent = world.get("Observations?$filter=CharacteristicName%20eq%20'pH'&$select=Id,%20DOI")
    assert plus.json["value"] == percent.json["value"] != []


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("undefined", 0),
        ("LocationId eq 1undefined", 14),
        ("LocationId eq  and CharacteristicName eq 'pH'", 19),
        ("LocationId eq", 13),
        ("Foo eq 1", 0),
        ("DOI eq 'x", 7),
        ("DOI eq 'x' 'y'", 11),
        ("DatasetName eq 'x' and", 22),
        ("$where eq 1", 0),
        ("(" * 100 + "Id eq 1" + ")" * 100, None),
    ],
)
@pytest.mark.parametrize("name", SETS)
def test_a_filter_that_is_not_right_is_refused_with_its_place(
    world: World, name: str, text: str, offset: int | None
) -> None:
    answer = world.get(name, {"$filter": text})
    assert answer.status_code == 400, answer.text
    error = answer.json["error"]
    assert error["target"] == "$filter"
    assert error["detail"].get("offset") == offset


@pytest.mark.parametrize(
    "query",
    [
        "$filter=%FF%FE", "$select=%00", "$filter=Id eq 99999999999999999999999",
        "$filter=RegionId eq Latitude", "$filter=Id%20eq%201e400", "$filter=DOI%20eq%20null",
        "$skiptoken=Id:%00", "$filter=contains(DOI,'%00')", "$filter=DOI eq '\ud83d'",
        "$filter=Latitude add 1 gt LocationId", "$select=" + "Id," * 300 + "Id", "%24=%24", "&&&==",
        "$filter=" + " or ".join(f"LocationId eq {n}" for n in range(150)),
        "$filter=LocationId in (" + ",".join(map(str, range(900))) + ")",
        "$filter=CreateTimestamp gt 'x'", "$filter=ActivityStartYear eq 'x'",
        "$filter=matchesPattern(DOI,'(a%2B)%2B$')", "$filter=not not not Id eq 1",
        "$filter=RegionId/any(r:r eq 'x')", "$filter=ActivityStartTime gt 10:30",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", SETS)
def test_nothing_that_is_asked_is_a_fault(world: World, name: str, query: str) -> None:
    url = f"{ROOT}/{name}?{query}".encode("utf-8", "surrogatepass").decode("latin-1")
    answer = world.client.get(url, headers={"x-api-key": world.secret})
    assert answer.status_code in (200, 400, 501), answer.text


# Formats and methods


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/vnd.api+json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("image/png", "application/json"),
        ("nonsense", "application/json"),
        ("", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; charset=utf-8"),
        ("application/json, text/csv;q=0.9", "application/json"),
    ],
)
def test_no_accept_is_refused(world: World, accept: str, kind: str) -> None:
    answer = world.get("Observations?$top=1", Accept=accept)
    assert (answer.status_code, answer.content_type) == (200, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("json", "application/json"),
        ("application/json;odata.metadata=none", "application/json"),
        ("CSV", "text/csv; charset=utf-8"),
        ("text/csv", "text/csv; charset=utf-8"),
    ],
)
def test_a_format_counts_before_accept(world: World, text: str, kind: str) -> None:
    answer = world.get("Observations", {"$format": text, "$top": "1"}, Accept="text/csv")
    assert answer.content_type == kind


@pytest.mark.parametrize("encoding", ["br", "br, gzip, deflate", "gzip", "identity;q=0, br"])
def test_an_answer_is_never_packed(world: World, encoding: str) -> None:
    answer = world.get("Observations?$top=1000", Accept_Encoding=encoding)
    assert "Content-Encoding" not in answer.headers
    assert len(answer.json["value"]) == 55


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", SETS)
def test_nothing_can_be_written(world: World, name: str, method: str) -> None:
    answer = world.client.open(
        f"{ROOT}/{name}", method=method, headers={"x-api-key": world.secret}, data=b"x"
    )
    check_shape(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "path", ["", "$metadata", "observations", "Records/1", "Records(1)", "x/y"]
)
def test_there_is_nothing_beside_the_sets(world: World, path: str) -> None:
    error = check_shape(world.get(path), 404, "not_found")
    assert all(name in error["message"] for name in SETS)


def test_a_slash_at_the_end_is_no_other_place(world: World) -> None:
    answer = world.get("Observations/?$top=1")
    assert answer.json["@odata.nextLink"].startswith("http://localhost/v1/odata/v4/Observations?")


def test_head_checks_and_reads_nothing(world: World) -> None:
    url, headers = f"{ROOT}/Observations?$top=1", {"x-api-key": world.secret}
    answer = world.client.head(url, headers=headers)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.content_type == "application/json"
    assert world.client.head(f"{url}&$filter=Foo eq 1", headers=headers).status_code == 400
    assert world.client.head(url).status_code == 401


# Scripts of web pages


@pytest.fixture
def shared(other: Any) -> World:
    """The hub for the scripts of two web pages."""
    return other(origins=f"{PAGE}, http://localhost:5173")


def preflight(reader: World, origin: str) -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-api-key",
    }
    return reader.client.options(f"{ROOT}/Observations", headers=headers)


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173"])
def test_a_page_on_the_list_may_ask(shared: World, origin: str) -> None:
    answer = preflight(shared, origin)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert "x-api-key" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "https://map.example.org.evil.com", "null", "*", ""]
)
def test_a_page_that_is_not_on_the_list_may_not(shared: World, origin: str) -> None:
    for answer in (preflight(shared, origin), shared.get("Metadata", Origin=origin)):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


def test_without_a_list_no_page_may(world: World) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(world, PAGE).headers


def test_a_script_sees_links_and_refusals(shared: World) -> None:
    answer = shared.get("Observations?$top=1", Origin=PAGE)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"Link", "Retry-After"} <= {*answer.headers["Access-Control-Expose-Headers"].split(", ")}
    for refused in (
        shared.get("Observations?$top=0", Origin=PAGE),
        shared.client.get(f"{ROOT}/Metadata", headers={"Origin": PAGE}),
    ):
        assert refused.status_code >= 400
        assert refused.headers["Access-Control-Allow-Origin"] == PAGE


def test_options_says_what_may_be_done(world: World) -> None:
    answer = world.client.options(f"{ROOT}/Records")
    assert answer.status_code == 204
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


# Too much


def test_who_comes_too_often_is_told_when_to_come_again(other: Any) -> None:
    reader = other(rate_per_s=2.0, burst=3)
    assert [reader.get("Metadata").status_code for _ in range(3)] == [200] * 3
    answer = reader.get("Metadata")
    error = check_shape(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"
    assert "Retry-After" in error["message"]
    wait_until(lambda: reader.get("Metadata").status_code == 200, "there is a token", 3)


def test_an_answer_says_how_the_key_stands(other: Any) -> None:
    reader = other(rate_per_s=2.0, burst=30)
    answer = reader.get("Metadata")
    names = ("Limit", "Remaining", "Policy")
    assert [answer.headers[f"RateLimit-{name}"] for name in names] == ["30", "29", "30;w=15"]
    while answer.status_code == 200:
        answer = reader.get("Metadata")
    assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (429, "0")


def test_a_rate_is_that_of_all_processes(other: Any) -> None:
    one = other(rate_per_s=2.0, burst=6)
    another = replace(other(rate_per_s=2.0, burst=6), secret=one.secret)
    statuses = [reader.get("Metadata").status_code for _ in range(4) for reader in (one, another)]
    assert 429 in statuses
    assert statuses.count(200) >= 6


def test_a_rate_is_that_of_one_key(other: Any, services: Services) -> None:
    reader = other(rate_per_s=2.0, burst=3)
    while reader.get("Metadata").status_code == 200:
        pass
    fresh = replace(reader, secret=services.keys.create("b", [scopes.ODATA_READ]).secret)
    assert fresh.get("Metadata").status_code == 200


def test_head_and_options_cost_nothing(other: Any) -> None:
    reader = other(rate_per_s=2.0, burst=3)
    headers = {"x-api-key": reader.secret}
    for _ in range(10):
        assert reader.client.head(f"{ROOT}/Metadata", headers=headers).status_code == 200
        assert reader.client.options(f"{ROOT}/Metadata", headers=headers).status_code == 204
    assert reader.get("Metadata").status_code == 200


def test_a_page_that_is_too_large_says_what_to_lower(other: Any) -> None:
    reader = other(page_bytes_max=8_000)
    error = check_shape(reader.get("Records?$top=1000"), 413, "too_large")
    assert "$top" in error["message"]
    assert "$select" in error["message"]
    assert error["detail"] == {"limit": "odata_page_bytes_max", "max": 8_000}
    check_shape(reader.get("Records?$top=1000&$format=csv&$skiptoken=Id:0"), 413, "too_large")
    assert reader.get("Records?$top=3").status_code == 200
    assert reader.get("Records?$top=1000&$select=Id").status_code == 200


def test_a_request_that_takes_too_long_says_what_to_lower(other: Any) -> None:
    reader = other(budget_ms=1)
    for path in ("Records", "Records?$count=true", "Locations?$filter=DOI eq 'x'"):
        error = check_shape(reader.get(path), 408, "over_budget")
        assert "$top" in error["message"]
        assert "$filter" in error["message"]


def test_a_stream_that_takes_too_long_breaks_before_it_begins(other: Any) -> None:
    reader = other(budget_ms=1)
    answer = reader.get("Records?$format=csv&$filter=RegionId eq 'hub.mackenzie'")
    check_shape(answer, 408, "over_budget")


# Faults


def test_a_fault_says_nothing_of_itself(
    settings: Settings, services: Services, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(services, datastream=None)  # type: ignore[arg-type]
    client = create_app(settings, broken).test_client()
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"{ROOT}/Records?x=hidden", headers={"x-api-key": world.secret})
    error = check_shape(answer, 500, "internal")
    assert "NoneType" not in answer.text
    assert error["detail"] == {}
    assert f"unexpected AttributeError in GET '{ROOT}/Records'\n" in caplog.text
    assert "hidden" not in caplog.text


def test_a_database_that_is_gone_is_503(settings: Settings, world: World) -> None:
    hub = open_hub(settings)
    client = create_app(settings, hub.services).test_client()
    hub.close()
    answer = client.get(f"{ROOT}/Records", headers={"x-api-key": world.secret})
    check_shape(answer, 503, "unavailable")


# Encodings


@pytest.mark.parametrize("root", [ROOT, "/odata/v4"])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("$filter=DOI%20eq%20'caf%E9'", "$filter"),
        ("%24filter=DOI%20eq%20'%ED%A0%80'", "$filter"),
        ("$top=1&$select=%FFDOI", "$select"),
    ],
)
def test_letters_that_are_not_in_utf8_are_refused_and_not_guessed(
    client: FlaskClient, world: World, root: str, query: str, name: str
) -> None:
    answer = client.get(f"{root}/Observations?{query}", headers={"x-api-key": world.secret})
    assert answer.status_code == 400
    error = answer.json["error"]
    assert (error["code"], error["target"]) == ("bad_parameter", name)


@pytest.mark.parametrize("root", [ROOT, "/odata/v4"])
def test_letters_in_utf8_are_read(client: FlaskClient, world: World, root: str) -> None:
    url = f"{root}/Observations?$top=1&x=%EF%BF%BD&$filter=DOI%20ne%20'caf%C3%A9%F0%9F%92%A7'"
    answer = client.get(url, headers={"x-api-key": world.secret}, buffered=True)
    assert len(answer.json["value"]) == 1


# Addresses that are none


@pytest.mark.parametrize("path", ["//Observations", "///", "//", "/Observations//", "//a//b/"])
def test_a_double_slash_is_refused_in_the_shape_of_the_door(world: World, path: str) -> None:
    answer = world.client.get(f"{ROOT}{path}", headers={"x-api-key": world.secret})
    check_shape(answer, 404, "not_found")
