"""A generic OData client of others reads the strict root of a hub as users run it.

It takes ``Edm.Double`` for a text, so what compares numbers is written out.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests
from odata import ODataService
from odata.exceptions import ODataError

from tests.live import Live

ROWS = 400


@pytest.fixture(scope="module")
def secret(live: Live) -> str:
    """A key that reads everything, of a hub with observations, documents and a stream."""
    live.cli("demo", "observations", "--rows", str(ROWS), "--datasets", "2")
    scopes = ("odata:read", "dataset:read", "stream:write")
    options = [word for scope in scopes for word in ("--scope", scope)]
    reach = ("--all-datasets", "--all-streams")
    return str(live.cli("key", "create", "client", *options, *reach)["key"])


@pytest.fixture(scope="module")
def service(live: Live, secret: str) -> Any:
    return opened(f"{live.root}/odata/v4/", secret)


def opened(root: str, secret: str) -> Any:
    return ODataService(root, auth=(secret, ""), reflect_entities=True, quiet_progress=True)


def test_the_client_learns_every_set(service: Any) -> None:
    sets = {"Metadata", "Locations", "Observations", "Records", "Datasets", "Streams"}
    assert sets <= set(service.entities)


def test_the_client_reads_all_pages(live: Live, service: Any, secret: str) -> None:
    observations = service.entities["Observations"]
    found = list(service.query(observations))
    counted = requests.get(
        f"{live.root}/odata/v4/Observations/$count", auth=(secret, ""), timeout=30
    )
    assert len(found) == int(counted.text) >= ROWS
    assert [one.Id for one in found] == sorted(one.Id for one in found)


def test_the_client_filters_orders_and_selects(service: Any) -> None:
    observations = service.entities["Observations"]
    years = service.query(observations).select(observations.ActivityStartYear).all()
    year = max(row["ActivityStartYear"] for row in years)
    query = service.query(observations)
    query = query.filter(observations.ActivityStartYear == year)
    query = query.filter("ResultValue gt 0")
    query = query.order_by(observations.ResultValue.desc()).limit(5)
    found = query.all()
    values = [one.ResultValue for one in found]
    assert 0 < len(values) <= 5
    assert values == sorted(values, reverse=True)
    assert {one.ActivityStartYear for one in found} == {year}


def test_the_client_reads_one_entity_and_texts(service: Any) -> None:
    metadata = service.entities["Metadata"]
    first = service.query(metadata).first()
    again = service.query(metadata).get(first.Id)
    assert again.DOI == first.DOI
    named = service.query(metadata).filter(metadata.DatasetName.contains(first.DatasetName[:5]))
    assert first.Id in [one.Id for one in named]
    assert first.CreateTimestamp.year >= 2026


def test_the_client_groups(service: Any) -> None:
    observations = service.entities["Observations"]
    apply = "groupby((CharacteristicName),aggregate($count as n))"
    query = service.query(observations).apply(apply).select(observations.CharacteristicName)
    assert len({row["CharacteristicName"] for row in query}) > 1


def test_the_client_is_told_of_a_mistake(service: Any) -> None:
    with pytest.raises(ODataError, match="Nothing"):
        service.query(service.entities["Observations"]).filter("Nothing eq 1").all()


def test_the_client_reads_a_dataset_s_own_service(live: Live, secret: str) -> None:
    made = live.cli("dataset", "create", "for the client")
    url = f"{live.root}/api/dataset/{made['dataset']}/"
    rows = [{"n": n, "temp": n / 4, "where": {"site": f"s{n % 3}"}} for n in range(40)]
    requests.put(url, json=rows, auth=(made["key"], ""), timeout=30).raise_for_status()
    root = f"{live.root}/odata/v4/Datasets('{made['dataset']}')/"
    service = opened(root, made["key"])
    documents = service.entities["Documents"]
    query = service.query(documents).filter("temp ge 5").order_by(documents.n.desc())
    assert [one.n for one in query] == list(range(39, 19, -1))


def test_the_client_reads_a_stream_s_own_service(live: Live, secret: str) -> None:
    shown = {"X-API-Key": secret}
    streams = f"{live.root}/api/v1/stream/"
    made = requests.post(streams, json={"title": "of client"}, headers=shown, timeout=30).json()
    points = [{"t": f"2026-01-01T00:00:{n:02}Z", "v": n} for n in range(30)]
    answer = requests.put(f"{streams}{made['id']}/", json=points, headers=shown, timeout=30)
    answer.raise_for_status()
    service = opened(f"{live.root}/odata/v4/Streams({made['number']})/", secret)
    values = service.entities["Values"]
    found = service.query(values).filter("Value gt 24").all()
    assert [one.Value for one in found] == [25, 26, 27, 28, 29]
