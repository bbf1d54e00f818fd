"""The four official clients of the DataStream API, request by request, against a whole hub.

Each does on the wire what was logged of the real one: order and writing of the parameters,
headers, partitioning by location, and the link that it follows. Source: reference of the API,
sections 1.3 and 1.4. Only the pauses between requests are left out.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest

from tests.live import PATIENCE_S, Live, running

ROWS, DATASETS = 3_000, 3
ROOT = "/v1/odata/v4"
OF_LOCATION = re.compile(r"^Id| Id|^LocationId| LocationId")
WIDE = "10000"
BETWEEN = "CreateTimestamp gt '2020-03-23' and CreateTimestamp lt '2120-03-25'"
BOX = (
    "LongitudeNormalized gt '-141.01' and LongitudeNormalized lt '-50.99' and "
    "LatitudeNormalized gt '40' and LatitudeNormalized lt '80'"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """Sends exactly what it is given."""

    root: str
    key: str
    sent: int = 0

    def get(self, target: str, encoding: str = "br", **headers: str) -> Answer:
        parts = urlsplit(target if "://" in target else self.root + target)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
        sent = {
            "Accept": "application/vnd.api+json",
            "Accept-Encoding": encoding,
            "x-api-key": self.key,
        }
        connection.request("GET", f"{parts.path}?{parts.query}", headers=sent | headers)
        answer = connection.getresponse()
        body = answer.read()
        self.sent += 1
        told = {name.lower(): text for name, text in answer.getheaders()}
        connection.close()
        return Answer(answer.status, told, body)


Options = dict[str, str]
Row = dict[str, Any]


class PythonClient:
    """Blanks are ``+``; pages by the link in the body; locations are read while rows are."""

    order = ("$top", "$select", "$filter", "$count")

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def url(self, name: str, options: Options) -> str:
        given = [(option, options[option]) for option in self.order if option in options]
        return f"{ROOT}/{name}?" + "&".join(f"{quote(o)}={quote_plus(t)}" for o, t in given)

    def pages(self, name: str, options: Options) -> Iterator[Row]:
        url = self.url(name, options)
        while url:
            answer = self.wire.get(url)
            assert answer.status == 200, answer.body
            assert "content-encoding" not in answer.headers
            yield from answer.json["value"]
            url = answer.json.get("@odata.nextLink", "")

    def rows(self, name: str, options: Options) -> Iterator[Row]:
        text = options.get("$filter", "")
        top = options.get("$top", WIDE)
        if OF_LOCATION.search(text):
            yield from self.pages(name, {"$top": top} | options)
            return
        for place in self.pages("Locations", {"$top": "7", "$select": "Id", "$filter": text}):
            own = f"LocationId eq {place['Id']}" + (f" and {text}" if text else "")
            yield from self.pages(name, {"$top": top} | options | {"$filter": own})

    def count(self, name: str, options: Options) -> Any:
        answer = self.wire.get(self.url(name, options | {"$count": "true"}))
        assert answer.status == 200
        return answer.json["value"]


class RClient:
    """Ids are quoted; its own options are put over those of a link; a link to itself is an error;
    counts are sums over locations."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    @staticmethod
    def url(name: str, options: Options) -> str:
        ordered = [(o, t) for o, t in options.items() if o != "$top"]
        ordered += [(o, t) for o, t in options.items() if o == "$top"]
        return f"{ROOT}/{name}?" + "&".join(f"{quote(o)}={quote(t)}" for o, t in ordered)

    def pages(self, name: str, options: Options) -> Iterator[Row]:
        url = self.url(name, options)
        while True:
            answer = self.wire.get(url, encoding="br, gzip, deflate")
            assert answer.status == 200, answer.body
            yield from answer.json["value"]
            link = answer.json.get("@odata.nextLink")
            if link is None:
                return
            assert link != url
            assert not url.endswith(urlsplit(link).query)
            linked = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
            over = {"$skiptoken": linked["$skiptoken"]} | linked | options
            url = self.url(name, over)

    def places(self, text: str) -> list[int]:
        text = text.replace("LocationId", "Id")
        options = {"$select": "Id", "$filter": text, "$top": WIDE}
        return [row["Id"] for row in self.pages("Locations", options)]

    def rows(self, name: str, options: Options) -> Iterator[Row]:
        text = options["$filter"]
        for place in self.places(text):
            own = f"LocationId eq '{place}' and {text}"
            yield from self.pages(name, options | {"$filter": own})

    def count(self, name: str, text: str) -> int:
        total = 0
        for place in self.places(text):
            options = {"$filter": f"LocationId eq '{place}' and {text}", "$count": "true"}
            answer = self.wire.get(self.url(name, options))
            total += int(answer.json["value"])
        return total


class JsClient:
    """Knows only the header ``Link``, and that JSON is named as JSON."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def pages(self, name: str, options: Options) -> Iterator[Row]:
        url = RClient.url(name, options)
        while url:
            answer = self.wire.get(url, **{"User-Agent": "datastreamjs/0.1.0 node/20"})
            assert answer.status == 200, answer.body
            kind = answer.headers["content-type"].partition(";")[0]
            assert re.fullmatch(r"application/(.*\+)?json", kind)
            yield from answer.json["value"]
            found = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
            url = found[1] if found else ""


class ShellClient:
    """A link goes through the shell and curl unquoted; a failure shows only in ``errors``."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def pages(self, name: str, options: Options) -> Iterator[Row]:
        order = ("$top", "$select", "$filter")
        url = RClient.url(name, {o: options[o] for o in order if o in options})
        while url:
            assert not re.search(r"[\s\[\]{}*?'\"\\<>|;()]", url.partition("?")[2])
            answer = self.wire.get(url)
            assert answer.json.get("errors") is None
            yield from answer.json["value"]
            url = answer.json.get("@odata.nextLink") or ""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub with the sample of observations, where everybody waits for their turn."""
    with running(tmp_path_factory.mktemp("odata"), HUB_CONCURRENCY_WAIT_S="60") as hub:
        hub.cli("demo", "observations", "--rows", str(ROWS), "--datasets", str(DATASETS))
        yield hub


@pytest.fixture(scope="module")
def wire(hub: Live) -> Wire:
    made = hub.cli("key", "create", "client", "--scope", "odata:read", "--all-datasets")
    return Wire(hub.root, made["key"])


@pytest.fixture(scope="module")
def records(wire: Wire) -> list[Row]:
    """Every row, as one stream of lines."""
    answer = wire.get(f"{ROOT}/Records?$format=csv")
    return list(csv.DictReader(io.StringIO(answer.body.decode())))


@pytest.fixture(scope="module")
def common(records: list[Row]) -> str:
    """A characteristic that many rows have."""
    names = [row["CharacteristicName"] for row in records]
    return max(set(names), key=names.count)


def ids(rows: Iterator[Row]) -> list[int]:
    return sorted(int(row["Id"]) for row in rows)


def expected(records: list[Row], name: str) -> list[int]:
    return sorted(int(row["Id"]) for row in records if row["CharacteristicName"] == name)


def quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def test_the_lines_of_records_are_all_there(hub: Live, records: list[Row]) -> None:
    assert len(records) == ROWS
    assert len({row["Id"] for row in records}) == ROWS
    assert len({row["DOI"] for row in records}) == DATASETS


@pytest.mark.parametrize("name", ["Observations", "Records"])
def test_python_reads_by_locations_while_it_reads_them(
    wire: Wire, records: list[Row], common: str, name: str
) -> None:
    options = {
        "$select": "Id,DOI",
        "$filter": f"CharacteristicName eq {quoted(common)}",
        "$top": "50",
    }
    assert ids(PythonClient(wire).rows(name, options)) == expected(records, common)


def test_python_sends_an_empty_filter(wire: Wire, records: list[Row]) -> None:
    client = PythonClient(wire)
    assert "&%24filter=" in client.url("Locations", {"$top": "1", "$select": "Id", "$filter": ""})
    assert ids(client.rows("Observations", {"$select": "Id"})) == ids(iter(records))


def test_python_counts_in_one_request(wire: Wire, records: list[Row], common: str) -> None:
    client = PythonClient(wire)
    before = wire.sent
    found = client.count("Observations", {"$filter": f"CharacteristicName eq {quoted(common)}"})
    assert found == len(expected(records, common))
    assert wire.sent == before + 1


def test_python_reads_catalogue_and_locations(wire: Wire, records: list[Row]) -> None:
    client = PythonClient(wire)
    entries = list(client.pages("Metadata", {"$top": "100"}))
    assert {entry["DOI"] for entry in entries} == {row["DOI"] for row in records}
    assert all(entry["Citation"] and entry["Licence"] for entry in entries)
    places = list(client.pages("Locations", {"$top": "7"}))
    assert {place["ID"] for place in places} == {row["MonitoringLocationID"] for row in records}


def test_r_puts_its_options_over_links_and_quotes_ids(
    wire: Wire, records: list[Row], common: str
) -> None:
    text = f"CharacteristicName eq {quoted(common)}"
    options = {"$select": "Id, DOI, ResultValue", "$filter": text, "$top": "20"}
    assert ids(RClient(wire).rows("Observations", options)) == expected(records, common)


def test_r_sums_counts_over_locations(wire: Wire, records: list[Row], common: str) -> None:
    found = RClient(wire).count("Records", f"CharacteristicName eq {quoted(common)}")
    assert found == len(expected(records, common))


def test_r_rewrites_ids_of_locations(wire: Wire) -> None:
    first = next(RClient(wire).pages("Locations", {"$select": "Id", "$top": "1"}))["Id"]
    assert RClient(wire).places(f"(LocationId eq {first})") == [first]


def test_r_finds_one_type_in_every_column(wire: Wire) -> None:
    for name in ("Metadata", "Locations", "Observations", "Records"):
        kinds: dict[str, set[str]] = {}
        for row in RClient(wire).pages(name, {"$top": WIDE}):
            for column, value in row.items():
                kind = "number" if type(value) in (int, float) else type(value).__name__
                kinds.setdefault(column, set()).add(kind)
        assert all(len(found - {"NoneType"}) <= 1 for found in kinds.values()), kinds


def test_js_follows_the_header(wire: Wire, records: list[Row], common: str) -> None:
    options = {"$select": "Id", "$filter": f"CharacteristicName eq {quoted(common)}", "$top": "37"}
    assert ids(JsClient(wire).pages("Observations", options)) == expected(records, common)


def test_js_calls_come_back_to_back_and_at_once(wire: Wire, common: str) -> None:
    def first(number: int) -> int:
        name = ("Metadata", "Locations", "Observations", "Records")[number % 4]
        options = {"$filter": f"CharacteristicName eq {quoted(common)}", "$top": "100"}
        return len(list(islice(JsClient(wire).pages(name, options), 3)))

    assert [first(number) for number in range(12)] == [3] * 12
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(first, range(12))) == [3] * 12


def test_js_without_a_filter_fails_cleanly(wire: Wire) -> None:
    for text in ("undefined", "LocationId eq 1undefined"):
        answer = wire.get(f"{ROOT}/Locations?%24filter={quote(text)}&%24top=10000")
        assert answer.status == 400
        assert answer.json["errors"]


def test_the_shell_follows_links_that_nobody_quotes(
    wire: Wire, records: list[Row], common: str
) -> None:
    options = {
        "$top": "40", "$select": "Id,CharacteristicName",
        "$filter": f"CharacteristicName in ({quoted(common)}, '[x]{{y}}*?')",
    }  # fmt: skip
    assert ids(ShellClient(wire).pages("Records", options)) == expected(records, common)


def test_a_long_list_of_locations_fits_a_request(wire: Wire, records: list[Row]) -> None:
    places = ",".join(f"{number:06}" for number in range(1, 1_001))
    given = f"LocationId in ({places})"
    target = f"{ROOT}/Observations?%24top={WIDE}&%24select=Id&%24filter={quote(given, safe=',()')}"
    assert 4_000 < len(target) < 8_000
    answer = wire.get(target)
    assert answer.status == 200
    assert len(answer.json["value"]) == len(records)


def test_the_shell_asks_for_lines_of_no_location(wire: Wire) -> None:
    url = RClient.url("Records", {"$filter": "LocationId eq  and DOI eq 'x'"})
    answer = wire.get(url, Accept="text/csv")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["errors"][0]["code"] == "bad_odata"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (
            "Metadata",
            {
                "$select": "DOI,DatasetName,Licence,Citation,Version",
                "$filter": "RegionId in ('hub.mackenzie', 'hub.lakewinnipeg')",
            },
        ),
        (
            "Metadata",
            {
                "$select": "DOI,DatasetName,Licence,Citation,Version",
                "$filter": "endswith(DOI, '{suffix}')",
            },
        ),
        ("Locations", {"$filter": "DOI eq '{one}'"}),
        ("Locations", {"$filter": "DOI in ('{one}', '{two}', '10.25976/none-xx00')"}),
        (
            "Observations",
            {
                "$filter": "DOI in ('{one}', '{two}', '{three}') and "
                "CharacteristicName in ('Temperature, water', 'pH')"
            },
        ),
        (
            "Observations",
            {"$filter": "CharacteristicName eq 'pH' and RegionId eq 'admin.4.ca.ab'"},
        ),
        ("Observations", {"$filter": "CharacteristicName eq 'Dissolved oxygen saturation'"}),
        ("Metadata", {"$filter": BETWEEN}),
        ("Locations", {"$filter": BOX}),
        ("Records", {"$select": "DatasetName,MonitoringLocationID", "$top": "10"}),
        ("Observations", {"$top": "10", "$skiptoken": "Id:1234"}),
        ("Locations", {"$filter": "RegionId eq 'hub.atlantic'"}),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_an_example_of_the_document_runs(
    wire: Wire, records: list[Row], name: str, options: Options
) -> None:
    one, two, three = sorted({row["DOI"] for row in records})
    names = {"{one}": one, "{two}": two, "{three}": three, "{suffix}": one[-9:]}
    for placeholder, text in names.items():
        options = {option: value.replace(placeholder, text) for option, value in options.items()}
    answer = wire.get(RClient.url(name, options))
    assert answer.status == 200, answer.body
    chosen = options.get("$select", "").split(",")
    for row in answer.json["value"]:
        assert list(row) == chosen or chosen == [""]


@pytest.mark.parametrize(
    ("text", "column", "keep"),
    [
        ("ActivityStartYear gte '2015' and ActivityStartYear lte 2016", "ActivityStartDate",
         lambda text: text[:4] in ("2015", "2016")),
        ("ActivityMediaName eq 'Surface Water'", "ActivityMediaName",
         lambda text: text == "Surface Water"),
        ("MonitoringLocationType ne 'Lake/Pond'", "MonitoringLocationType",
         lambda text: text != "Lake/Pond"),
    ],
)  # fmt: skip
def test_a_filter_of_the_sample_gives_what_the_lines_hold(
    wire: Wire, records: list[Row], text: str, column: str, keep: Any
) -> None:
    expected = [int(row["Id"]) for row in records if keep(row[column])]
    options = {"$select": "Id", "$filter": text, "$top": "500"}
    assert ids(JsClient(wire).pages("Observations", options)) == sorted(expected)


def test_lines_of_one_dataset_go_straight_to_a_file(
    wire: Wire, records: list[Row], tmp_path: Path
) -> None:
    doi = records[0]["DOI"]
    url = RClient.url("Records", {"$filter": f"DOI eq '{doi}'"})
    (tmp_path / "records.csv").write_bytes(wire.get(url, Accept="text/csv").body)
    with (tmp_path / "records.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert found == [row for row in records if row["DOI"] == doi]
