"""A small published world for tests of OData: rows that Python can filter too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.services import Services, scopes
from hub.services.observing.geojson import Region
from tests.live import wait_until
from tests.observations import row

ROOT = "/v1/odata/v4"
Row = dict[str, Any]

SITES: dict[str, tuple[str, float, float, str, tuple[str, ...]]] = {
    "BOW-1": ("aaaa", 51.05, -114.07, "River/Stream", ("admin.2.ca", "admin.4.ca.ab")),
    "BOW-2": ("aaaa", 50.83, -113.42, "Lake/Pond", ("admin.2.ca", "admin.4.ca.ab")),
    "RED-1": ("bbbb", 49.90, -97.13, "River/Stream", ("admin.2.ca", "hub.lakewinnipeg")),
    "LIARD-1": ("cccc", 60.24, -123.48, "River/Stream", ("admin.2.ca", "hub.mackenzie")),
    "SECRET-1": ("dddd", 51.05, -114.07, "River/Stream", ("admin.2.ca", "admin.4.ca.ab")),
}
"""By ``MonitoringLocationID``: dataset, latitude, longitude, type, regions."""
PUBLISHED = ("aaaa", "bbbb", "cccc")
BOXES = {
    "admin.2.ca": (-141.0, 42.0, -52.0, 80.0),
    "admin.4.ca.ab": (-120.0, 49.0, -110.0, 60.0),
    "hub.lakewinnipeg": (-100.0, 49.0, -95.0, 53.0),
    "hub.mackenzie": (-130.0, 60.0, -120.0, 69.0),
}
"""West, south, east, north in degrees."""
MEASURED = (
    ("Temperature, water", "deg C", "Field Msr/Obs", "Surface Water"),
    ("pH", "None", "Field Msr/Obs", "Surface Water"),
    ("Dissolved oxygen saturation", "%", "Field Msr/Obs", "Ocean Water"),
)
YEARS = range(2008, 2013)


def doi(name: str) -> str:
    return f"10.25976/{name}-xx00"


def rows_of(name: str) -> list[Row]:
    """The rows of one dataset; ``ResultComment`` tells each from all others."""
    found = []
    for site, (dataset, latitude, longitude, kind, _) in SITES.items():
        if dataset != name:
            continue
        for year in YEARS:
            for characteristic, unit, activity, media in MEASURED:
                if characteristic == "pH" and site == "BOW-2":
                    continue
                number = len(found)
                found.append(
                    row(
                        DatasetName=f"Dataset {name}",
                        MonitoringLocationID=site,
                        MonitoringLocationName=f"Site {site}",
                        MonitoringLocationLatitude=latitude,
                        MonitoringLocationLongitude=longitude,
                        MonitoringLocationType=kind,
                        ActivityType=activity,
                        ActivityMediaName=media,
                        ActivityStartDate=f"{year}-07-05",
                        CharacteristicName=characteristic,
                        ResultUnit=unit,
                        **(
                            {"ActivityDepthHeightMeasure": -0.5, "ActivityDepthHeightUnit": "m"}
                            if number % 2
                            else {}
                        ),
                        ResultValue=number if number % 2 else number + 0.5,
                        ResultComment=f"{name} {number}",
                    )
                )
    return found


@dataclass(frozen=True)
class World:
    """What is published, and a key that reads it. ``datasets`` are UUIDs by name."""

    client: FlaskClient
    secret: str
    datasets: dict[str, str]

    def get(self, path: str, options: dict[str, str] | None = None, **headers: str) -> TestResponse:
        """Ask for a set; a path with a query string, or options beside it."""
        shown = {"x-api-key": self.secret} | {k.replace("_", "-"): v for k, v in headers.items()}
        url = path if path.startswith("http") else f"{ROOT}/{path}"
        return self.client.get(url, query_string=options, headers=shown)

    def value(self, path: str, options: dict[str, str] | None = None) -> Any:
        """What an answer holds."""
        answer = self.get(path, options)
        assert answer.status_code == 200, answer.text
        return answer.json["value"]

    def pages(self, path: str, options: dict[str, str]) -> Iterator[list[Row]]:
        """Every page, by the links in the bodies."""
        answer = self.get(path, options)
        while True:
            assert answer.status_code == 200, answer.text
            yield answer.json["value"]
            link = answer.json.get("@odata.nextLink")
            if link is None:
                return
            answer = self.get(link)


def make(client: FlaskClient, services: Services) -> World:
    """Regions, three published datasets and a private one."""
    for _ in services.regions.load([_region(name) for name in BOXES]):
        pass
    datasets = {}
    for name in (*PUBLISHED, "dddd"):
        made = services.datasets.create(f"Dataset {name}", kind="observations")
        datasets[name] = made.dataset.uuid
        url = f"/api/dataset/{made.dataset.uuid}/"
        answer = client.put(url, json=rows_of(name), auth=(made.access.secret, ""))
        assert answer.status_code == 201, answer.text
        describe(services, made.dataset.uuid, name)
    for name in PUBLISHED:
        services.catalogue.publish(datasets[name])
    wait_until(
        lambda: {d.uuid for d in services.datasets.published()} >= {datasets[n] for n in PUBLISHED},
        "the datasets are in the catalogue",
    )
    return World(client, services.keys.create("reader", [scopes.ODATA_READ]).secret, datasets)


def describe(services: Services, uuid: str, name: str) -> None:
    """Give a dataset what it needs to be cited."""
    entry = {
        "DOI": doi(name),
        "Version": "1.0.0",
        "Licence": "https://opendatacommons.org/licenses/by/1-0/",
        "Citation": f"Somebody, {name}",
        "Keywords": ["water", name],
        "TopicCategoryCode": ["inlandWaters"],
    }
    services.catalogue.change(uuid, entry)


def _region(name: str) -> Region:
    west, south, east, north = BOXES[name]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Region(name, name, {"type": "Polygon", "coordinates": [ring]})
