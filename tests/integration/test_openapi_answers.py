"""What is done is answered as the description says: every field of every kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import schemathesis
from flask.testing import FlaskClient
from schemathesis.core.failures import FailureGroup

from hub.api.openapi.document import document
from hub.app import create_app
from hub.fetching.fetcher import FetchLimits
from hub.services import Services, scopes
from hub.settings import Settings
from hub.values import DeviceState
from tests import published
from tests.hamachi import LIST, STATUS, Fake, step
from tests.hosts import Host, page
from tests.people import SESSION, login, made_user
from tests.plant import Door, door

DAY = "2026-04-28"
WHOLE_DAY = f"from={DAY}&to={DAY}T23:59:59Z"
SCHEMA = schemathesis.openapi.from_dict(document(create_app(Settings(), cast(Services, None))))


@dataclass(frozen=True)
class Asked:
    """A request: the name of its operation, its address, its body, and its status."""

    name: str
    url: str
    body: Any = None
    status: int = 200

    def __str__(self) -> str:
        return f"{self.name} {self.url.partition('?')[2]} {self.status}".replace("  ", " ")


ASKED = [
    Asked("datasets_everything", "/api/dataset/{dataset}/?limit=2"),
    Asked("datasets_everything", "/api/dataset/{dataset}/?count=true"),
    Asked("datasets_everything", "/api/dataset/{dataset}/?limit=2&format=csv"),
    Asked("datasets_query", "/api/dataset/{dataset}/?fields=ResultUnit", {"ResultUnit": "%"}),
    Asked("datasets_aggregate", "/api/dataset/{dataset}/aggregate/", [{"$count": "rows"}]),
    Asked("datasets_put", "/api/dataset/{plain}/", {"a": 1}, 201),
    Asked("datasets_put", "/api/dataset/{plain}/", [{"a": 1}, {"a": 2}], 201),
    Asked("datasets_put", "/api/dataset/{plain}/", [{"a": 1}, {"$a": 2}], 207),
    Asked("datasets_put", "/api/dataset/{plain}/", [{"$a": 2}], 400),
    Asked("datasets_put", "/api/dataset/{plain}/?atomic=perhaps", {"a": 1}, 400),
    Asked("catalogue_show", "/api/dataset/{dataset}/catalogue/"),
    Asked("catalogue_change", "/api/dataset/{private}/catalogue/", {"Keywords": ["ice"]}),
    Asked("catalogue_publish", "/api/dataset/{dataset}/publication/"),
    Asked("catalogue_unpublish", "/api/dataset/{private}/publication/"),
    Asked("series_one", "/api/dataset/{dataset}/series/?field=ResultValue&limit=3"),
    Asked("series_one", "/api/dataset/{dataset}/series/?field=ResultValue&g=days&v=m,c&t=a"),
    Asked("series_one", "/api/dataset/{dataset}/series/?field=ResultValue&format=csv"),
    Asked("streams_reading_discovery", "/api/v1/"),
    Asked("streams_reading_fields", "/api/v1/stream/schema/"),
    Asked("streams_reading_every", "/api/v1/stream/?limit=2"),
    Asked("streams_reading_several", "/api/v1/stream/set/{stream}/"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?limit=2"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?g=hours&partial=1&tz=Europe/Berlin"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?points=10&v=mean,max&t=first"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?downsample=lttb&r=yes"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?format=xml"),
    Asked("streams_reading_one", "/api/v1/stream/{stream}/?s=never", status=400),
    Asked("streams_reading_one", "/api/v1/stream/{dataset}/", status=404),
    Asked("streams_writing_ensure", "/api/v1/stream/", {"title": "made"}, 201),
    Asked(
        "streams_writing_ensure",
        "/api/v1/stream/",
        {
            "title": "a sum",
            "highest_granularity": "minutes",
            "derive_from": ["{stream}", {"stream": "{other}", "granularity": "m"}],
            "derive_op": "sum",
        },
        201,
    ),
    Asked(
        "streams_writing_ensure",
        "/api/v1/stream/",
        {
            "title": "fed",
            "dataset": {"dataset": "{dataset}", "field": "ResultValue", "filter": {"a": 1}},
        },
        201,
    ),
    Asked("streams_appending_append", "/api/v1/stream/{stream}/", {"v": 2.5}, 201),
    Asked("streams_appending_append", "/api/v1/stream/{stream}/", [{"v": 1}, {"v": 2}], 201),
    Asked("streams_appending_append", "/api/v1/stream/{stream}/", [{"v": 1}, {"v": "x"}], 207),
    Asked("streams_appending_append", "/api/v1/stream/{stream}/", [{"v": "x"}], 400),
    Asked("plant_devices_every", "/api/device/?limit=1"),
    Asked("plant_devices_single", "/api/device/{device}/"),
    Asked("plant_devices_single", "/api/device/{polled}/"),
    Asked(
        "plant_devices_create",
        "/api/device/",
        {"name": "line", "kind": "opcua", "host": "plc", "options": {"user": "a", "password": ""}},
        201,
    ),
    Asked("plant_devices_change", "/api/device/{polled}/", {"options": {"byte_swap": True}}),
    Asked("plant_devices_change", "/api/device/{polled}/", {"options": {"cpu": "xgk"}}, 400),
    Asked("plant_groups_every", "/api/group/"),
    Asked("plant_data_every", "/api/data/?limit=1"),
    Asked("plant_data_single", "/api/data/{data}/"),
    Asked(
        "plant_event_logs_create", "/api/event-log/", {"kind": "stop", "device": "{device}"}, 201
    ),
    Asked("plant_event_logs_every", f"/api/event-log/?{WHOLE_DAY}"),
    Asked("plant_event_logs_process", "/api/event-log/{log}/process/", {"selector": "#price"}),
    Asked("plant_values_own", "/api/data/{data}/value/"),
    Asked("plant_values_own", f"/api/data/{{data}}/value/?{WHOLE_DAY}"),
    Asked("plant_values_every", "/api/value/?data={data}"),
    Asked("plant_values_every", f"/api/value/?data={{data}}&{WHOLE_DAY}"),
    Asked(
        "plant_values_write_many",
        "/api/value/",
        [{"data": "{data}", "timestamp": DAY, "value": 1}, {"data": 0}],
        207,
    ),
    Asked("plant_values_write_many", "/api/value/", [{"data": 0}], 400),
    Asked("plant_statistics_own", "/api/data/{data}/statistic/?fields=all"),
    Asked("plant_statistics_own", f"/api/data/{{data}}/statistic/?{WHOLE_DAY}&step=PT6H"),
    Asked("plant_statistics_every", f"/api/statistic/?{WHOLE_DAY}&fields=median"),
    Asked("plant_statistics_every", f"/api/statistic/?{WHOLE_DAY}&step=P1D"),
    Asked(
        "plant_retention_put_own_post",
        "/api/data/{data}/policy/retention/",
        {"drop_after_days": 30_000},
    ),
    Asked("plant_retention_own", "/api/data/{data}/policy/retention/"),
    Asked(
        "plant_retention_put",
        "/api/retention/",
        {"hypertable": "core_value_days", "drop_after_days": 30_000},
    ),
    Asked("plant_retention_every", "/api/retention/"),
    Asked("plant_license_activation", "/api/license/activation-request/"),
    Asked("plant_license_show", "/api/license/"),
    Asked("plant_license_install", "/api/license/", {"license": "a.b.c"}, 409),
    Asked("plant_hamachi_every", "/api/hamachi/network/"),
    Asked("plant_hamachi_single", "/api/hamachi/network/Bug Hunters/"),
    Asked("plant_hamachi_join", "/api/hamachi/network/", {"network": "here"}, 201),
    Asked("plant_hamachi_join", "/api/hamachi/network/", {"network": "there"}, 202),
    Asked("plant_hamachi_leave", "/api/hamachi/network/away/", None, 502),
    Asked("plant_hamachi_status", "/api/hamachi/"),
    Asked("health_ready", "/readyz/?checks=db,redis"),
    Asked("datastream_Metadata", "/v1/odata/v4/Metadata"),
    Asked("datastream_Locations", "/v1/odata/v4/Locations?$top=3"),
    Asked("datastream_Observations", "/v1/odata/v4/Observations?$top=3"),
    Asked("datastream_Records", "/v1/odata/v4/Records?$filter=ResultValue gt 0"),
    Asked("datastream_Records", "/v1/odata/v4/Records?$count=true"),
    Asked("datastream_Records", "/v1/odata/v4/Records?$orderby=Id", status=501),
    Asked("odata_strict_service", "/odata/v4/"),
    Asked("odata_strict_schema", "/odata/v4/$metadata?$format=json"),
    Asked("odata_strict_collection", "/odata/v4/Observations?$top=3&$count=true"),
    Asked("odata_strict_collection", "/odata/v4/Streams?$filter=(((", status=400),
    Asked("odata_strict_count", "/odata/v4/Observations/$count"),
    Asked("odata_strict_entity", "/odata/v4/Datasets({dataset})"),
    Asked("odata_strict_Documents", "/odata/v4/Datasets({dataset})/Documents?$top=2"),
    Asked("odata_strict_Values", "/odata/v4/Streams({data})/Values?$top=2"),
]


@dataclass(frozen=True)
class World:
    """A hub in which there is something of everything, and who may see and do all."""

    plant: Door
    real: dict[str, Any]

    def filled(self, value: Any) -> Any:
        """A value with ids of what is there for the names in braces."""
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if value.strip("{}") in self.real:
            return self.real[value.strip("{}")]
        for name, found in self.real.items():
            value = value.replace(f"{{{name}}}", str(found))
        return value


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Somebody whose pages are fetched."""
    with Host(page(b'<title>Shop</title><p id="price">42</p>')) as found:
        yield found


@pytest.fixture(scope="module")
def hamachi(tmp_path_factory: pytest.TempPathFactory) -> Fake:
    """A program that joins at once, then with approval, and does not leave."""
    fake = Fake.made(tmp_path_factory.mktemp("hamachi"))
    done, asked = step("Joining .. ok\n"), step("Joining .. ok, request sent\n")
    fake.prints(step(STATUS), list=[step(LIST)], do_join=[done, asked], leave=[step("hm\n")])
    return fake


@pytest.fixture(scope="module")
def settings(settings: Settings, host: Host, hamachi: Fake) -> Settings:
    fetch = FetchLimits(allow=host.listed)
    folder = hamachi.folder / "data"
    return replace(settings, fetch=fetch, hamachi_command=hamachi.command, data_dir=folder)


def state_of(device: int) -> DeviceState:
    """A state in which nothing is null but what always is."""
    at = datetime(2030, 1, 1, tzinfo=UTC)
    error = {"code": "device_timeout", "message": "it did not answer", "at": at}
    return DeviceState(
        device=device, since=at, last_good=at, error=error, latency_ms=1.5, counted_from=at
    )


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services, host: Host) -> World:
    made = published.make(client, services)
    plant = door(client, services, *scopes.SCOPES)
    device = plant.device()
    data, other = plant.data(device=device, path="40001", type="int16"), plant.data()
    for second in range(3):
        body = {"timestamp": f"{DAY}T12:00:0{second}Z", "value": second}
        assert plant.post(f"data/{data}/value/", **body).status_code == 201
    told = {"timestamp": f"{DAY}T12:00:00Z", "mean": 1.5, "count": 3}
    assert plant.post(f"data/{data}/statistic/", **told).status_code == 201
    polled = plant.device()
    services.device_states.put([state_of(polled)])
    log = {"kind": "start", "timestamp": DAY, "url": host.url()}
    logged = plant.ask("POST", "event-log/", log)
    plant.group()
    real = {
        "dataset": made.datasets["aaaa"],
        "private": made.datasets["dddd"],
        "plain": services.datasets.create("plain").dataset.uuid,
        "device": device,
        "polled": polled,
        "data": data,
        "log": logged.json["id"],
        "stream": plant.get(f"data/{data}/").json["uuid"],
        "other": plant.get(f"data/{other}/").json["uuid"],
    }
    return World(plant, real)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_answer_is_as_described(world: World, asked: Asked) -> None:
    operation = SCHEMA.find_operation_by_id(asked.name)
    answer = world.plant.client.open(
        world.filled(asked.url),
        method=operation.method,
        auth=(world.plant.secret, ""),
        json=world.filled(asked.body),
    )
    assert answer.status_code == asked.status, answer.text
    assert str(asked.status) in operation.definition.raw["responses"]
    operation.validate_response(answer)
    if answer.is_json and asked.status == 200:
        assert answer.json


def test_an_answer_that_is_not_described_is_found(world: World) -> None:
    operation = SCHEMA.find_operation_by_id("plant_groups_every")
    other = world.plant.get("device/")
    with pytest.raises(FailureGroup):
        operation.validate_response(other)


def test_a_session_is_as_described(client: FlaskClient, services: Services) -> None:
    opened = login(client, made_user(services))
    shown = {"X-CSRF-Token": opened.json["csrf_token"]}
    for name, status, answer in (
        ("session_login", 201, opened),
        ("session_who", 200, client.get(SESSION)),
        ("session_logout", 204, client.delete(SESSION, headers=shown)),
        ("session_who", 401, client.get(SESSION)),
    ):
        assert answer.status_code == status
        SCHEMA.find_operation_by_id(name).validate_response(answer)
