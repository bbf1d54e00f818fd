"""Uploads over HTTP: what is made, what is reused, what is refused, and for whom."""

from __future__ import annotations

import gzip
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.ai.models import FILE_BYTES_MAX
from hub.services import Services, scopes
from hub.settings import Settings
from tests import ai_models as make
from tests.ai import joblibbed, pickled, scaler
from tests.integration.ai.uploads import FILES, HALF, SCALER, WINDOW, form, upload, uploaded
from tests.plant import Door, code, door, faults, fresh, reach
from tests.streams import Streams


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def test_what_is_made_and_read_is_told(plant: Door):
    source, name = plant.data(), fresh("model")
    answer = upload(plant, source=source, threshold="2.5", name=name, scaler=joblibbed(scaler()))
    assert answer.status_code == 201
    told = answer.json
    assert told == {
        "device_id": told["device_id"],
        "data_id": told["data_id"],
        "source": source,
        "threshold": 2.5,
        "model": {
            "type": "cnn_ae",
            "window": 4,
            "features": 1,
            "dtype": "float32",
            "outputs": [{"name": "output", "shape": [1, 4], "part": "mean"}],
            "repeatable": True,
            "size": len(HALF),
            "sha256": told["model"]["sha256"],
        },
        "scaler": {"type": "StandardScaler", "features": 1},
    }
    device = plant.get(f"device/{told['device_id']}/").json
    assert (device["name"], device["kind"]) == (name, "ai")
    assert device["options"] == {"model_type": "cnn_ae", "threshold": 2.5}
    data = plant.get(f"data/{told['data_id']}/").json
    assert (data["device"], data["name"]) == (told["device_id"], f"{name} score")


def test_a_name_may_be_as_long_as_any(plant: Door):
    name = fresh().ljust(200, "x")
    answer = upload(plant, source=plant.data(), name=name)
    assert answer.status_code == 201, answer.json
    data = plant.get(f"data/{answer.json['data_id']}/").json
    assert data["name"] == f"{name[:194]} score"


def test_names_that_nobody_gave_are_counted_on(plant: Door):
    source = plant.data()
    names = {
        plant.get(f"device/{upload(plant, source=source).json['device_id']}/").json["name"]
        for _ in range(3)
    }
    assert len(names) == 3
    assert all(name.startswith("AI Device") for name in names)


def test_a_name_that_is_taken_is_a_conflict(plant: Door, services: Services):
    name, source = fresh(), plant.data()
    plant.device(name=name)
    before = plant.get("data/?limit=1000").json
    assert code(upload(plant, source=source, name=name)) == (409, "conflict")
    assert plant.get("data/?limit=1000").json == before


def files(database: Database) -> tuple[int, int]:
    """How many files, and pieces of them, are stored."""
    return (
        database["model_files.files"].count_documents({}),
        database["model_files.chunks"].count_documents({}),
    )


def test_an_upload_that_fails_late_changes_nothing(
    client: FlaskClient, plant: Door, services: Services, database: Database
):
    """The key opens the device, and may not make the stream for its scores."""
    before, source = files(database), plant.data()
    options = {"threshold": 3.0, "model_type": "lstm_ae"}
    device = plant.device(kind="ai", host=None, options=options, name=fresh())
    old = plant.get(f"device/{device}/").json
    narrow = door(client, services, scopes.SYSTEM_WRITE, within=reach(streams=[source]))
    answer = upload(narrow, source=source, device_id=device, name=fresh(), threshold=7)
    assert code(answer) == (403, "forbidden")
    new = plant.get(f"device/{device}/").json
    assert {**new, "updated": 0} == {**old, "updated": 0}
    assert files(database) == before
    assert database["models"].find_one({"_id": device}) is None


UPLOADS = """
import os, signal
from hub.services.ai.uploading import Upload
from hub.settings import Settings
from hub.store.plant.models import Models
from hub.values import EVERYTHING, Principal
from hub.wiring import open_hub
hub = open_hub(Settings(mongo_uri={uri!r}, mongo_db={name!r}, secret={secret!r}))
found = Models.{step}
def killed(*given, **named):
    if {after}:
        found(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
Models.{step} = killed
hub.services.ai.uploading.put(Upload(
    model={model!r}, scaler={scaler!r}, model_type="cnn_ae", source={source}, threshold=5.0,
    name=None, device_id={device}, data_id={data},
), Principal("test", frozenset(), EVERYTHING, None))
"""
STEPS = [("keep", False), ("keep", True), ("put", False), ("put", True), ("drop", False)]


@pytest.mark.parametrize(("step", "after"), STEPS)
def test_an_upload_that_is_killed_leaves_a_model_that_works(
    plant: Door, services: Services, database: Database, settings: Settings, step: str, after: bool
):
    """The old one or the new one, whole; and no file that is not swept."""
    made, before = uploaded(plant, services), files(database)
    text = UPLOADS.format(
        uri=settings.mongo_uri, name=settings.mongo_db, secret=settings.secret, step=step,
        after=after, model=make.dense(np.eye(4)), scaler=SCALER, source=made.source,
        device=made.device, data=made.data,
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", text], check=False)
    assert done.returncode == -signal.SIGKILL
    made.write([10, 12, 10, 12])
    made.infer()
    new = step == "drop" or (step, after) == ("put", True)
    assert made.scores()[3] == pytest.approx(0.0 if new else 0.125, abs=1e-9)
    old = datetime.now(UTC) - timedelta(hours=2)
    database["model_files.files"].update_many({}, {"$set": {"uploadDate": old}})
    services.ai.inferring.sweep()
    assert files(database) == before


def test_uploads_at_once_leave_one_model_and_its_file(
    plant: Door, services: Services, database: Database
):
    made, before = uploaded(plant, services), files(database)
    models = [make.dense(np.eye(WINDOW) * part) for part in (0.25, 0.75)]
    fields = {"source": made.source, "device_id": made.device}
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda each: upload(plant, model=each, **fields), models * 2))
    assert {each.status_code for each in answers} == {201}
    assert {each.json["data_id"] for each in answers} == {made.data}
    assert files(database) == before
    row = database["models"].find_one({"_id": made.device})
    assert row
    assert row["digest"] in {each.json["model"]["sha256"] for each in answers}
    made.write([10, 12, 10, 12])
    made.infer()
    assert list(made.scores()) == [3]


def test_a_device_and_a_stream_are_reused(plant: Door):
    device, data = plant.device(kind="ai", host=None), plant.data()
    told = upload(plant, source=plant.data(), device_id=device, data_id=data).json
    assert (told["device_id"], told["data_id"]) == (device, data)
    assert plant.get(f"data/{data}/").json["device"] == device


def test_a_second_upload_replaces_the_model(plant: Door, services: Services, database: Database):
    first = uploaded(plant, services, threshold=1, name=fresh())
    name = fresh()
    other = make.dense(np.eye(6))
    told = upload(plant, source=first.source, device_id=first.device, name=name, model=other).json
    assert (told["device_id"], told["data_id"]) == (first.device, first.data)
    assert (told["model"]["window"], told["threshold"]) == (6, None)
    device = plant.get(f"device/{first.device}/").json
    assert (device["name"], device["options"]["threshold"]) == (name, None)
    row = database["models"].find_one({"_id": first.device})
    assert row
    assert database["model_files.files"].count_documents({"_id": row["file"]}) == 1
    assert row["size_bytes"] == len(other)


def test_only_numbers_are_kept_of_a_scaler(plant: Door, services: Services, database: Database):
    made = uploaded(plant, services)
    row = database["models"].find_one({"_id": made.device})
    assert row
    assert row["scaler"] == {
        "kind": "StandardScaler", "features": 1, "offset": [10.0], "scale": [2.0], "clip": None,
    }  # fmt: skip


class Runs:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"model": None}, "model", "Missing"),
        ({"scaler": None}, "scaler", "Missing"),
        ({"model": "a text"}, "model", "Must be a file"),
        ({"model_type": None}, "model_type", "Missing"),
        ({"model_type": "gan"}, "model_type", "Must be one of"),
        ({"source": None}, "source", "Missing"),
        ({"source": ""}, "source", "Missing"),
        ({"source": "0"}, "source", "Must be greater"),
        ({"source": "1_0"}, "source", "Not a valid integer"),
        ({"source": 987_654_321}, "source", "No such data stream"),
        ({"threshold": "high"}, "threshold", "Not a valid number"),
        ({"threshold": "nan"}, "threshold", "."),
        ({"threshold": "inf"}, "threshold", "."),
        ({"threshold": "1e301"}, "threshold", "within"),
        ({"name": "x" * 201}, "name", "Longer|longer|Length"),
        ({"name": " x"}, "name", "space"),
        ({"device_id": 987_654_321}, "device_id", "No such device"),
        ({"data_id": 987_654_321}, "data_id", "No such data stream"),
        ({"colour": "red"}, "colour", "Unknown"),
        ({"more": b"x"}, "more", "Must be no file"),
        ({"source": b"1"}, "source", "Must be no file"),
        ({"scaler": pickled(Runs())}, "scaler", r"posix\.system, which is not let in"),
        ({"scaler": pickled(scaler(features=2))}, "scaler", "has 2 features"),
        ({"scaler": b"junk"}, "scaler", "is no pickle"),
        ({"scaler": b"a line\n" * 100_000}, "scaler", "is no pickle"),
        ({"model": b"\r" + bytes(3_000_000)}, "model", "lacks the identifier"),
        ({"model": os.urandom(3_000_000)}, "model", "lacks the identifier"),
        ({"model": b"junk"}, "model", "lacks the identifier"),
        ({"model": make.custom("FlexTensorListReserve")}, "model", "fixed batch size"),
        ({"model": make.convolving(np.ones(27), 4, 3)}, "model", "takes 3 features"),
        ({"model": bytes(FILE_BYTES_MAX + 1)}, "model", "is over 20971520 bytes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    plant: Door, changes: dict[str, Any], field: str, words: str
):
    given = {"source": plant.data()} | changes
    before = plant.get("device/?limit=1000").json, plant.get("data/?limit=1000").json
    found = faults(upload(plant, **given))
    assert list(found) == [field]
    assert any(word in found[field] for word in words.replace("\\", "").split("|"))
    assert (plant.get("device/?limit=1000").json, plant.get("data/?limit=1000").json) == before


def test_a_field_is_given_once(plant: Door):
    sent = form([*FILES.items(), ("threshold", 1), ("threshold", 2)])
    assert faults(plant.ask("POST", "ai/upload/", **sent)) == {
        "threshold": "Is given more than once."
    }


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{}", "application/json", (415, "unsupported_media_type")),
        (b"x", "multipart/form-data; boundary=b", (400, "invalid")),
        (b"x", "multipart/form-data", (400, "invalid")),
        (b"--b--\r\n", "multipart/form-data; boundary=b", (400, "bad_field")),
        (bytes(22 * 1024 * 1024), "multipart/form-data; boundary=b", (413, "too_large")),
        (gzip.compress(bytes(64 * 1024 * 1024)), "multipart/form-data; boundary=b",
         (413, "too_large")),
        (b"--b\r\nContent-Disposition: form-data; name=name\r\n\r\n" + b"x" * 70_000
         + b"\r\n--b--\r\n", "multipart/form-data; boundary=b", (413, "too_large")),
        (b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 33 + b"--b--\r\n",
         "multipart/form-data; boundary=b", (413, "too_large")),
        (b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
         "multipart/form-data; boundary=b", (400, "invalid")),
    ],
    ids=["json", "no parts", "no boundary", "empty", "large", "bomb", "a long text",
         "many", "cut off"],
)  # fmt: skip
def test_what_is_no_form_is_refused(plant: Door, body: bytes, kind: str, expected: tuple[int, str]):
    headers = {"Content-Type": kind}
    if body[:2] == b"\x1f\x8b":
        headers["Content-Encoding"] = "gzip"
    assert code(plant.ask("POST", "ai/upload/", data=body, headers=headers)) == expected


def test_parameters_are_unknown(plant: Door):
    answer = plant.ask("POST", "ai/upload/?source=1", **form(FILES.items()))
    assert code(answer) == (400, "bad_parameter")


def test_a_machine_takes_no_model(plant: Door):
    found = faults(upload(plant, source=plant.data(), device_id=plant.device()))
    assert found == {"device_id": "Is a device of kind modbus, not ai."}


def test_scores_go_where_nothing_else_goes(plant: Door, services: Services, database: Database):
    streams = Streams(services, database)
    source = plant.data()
    derived = streams.new(late="keep")
    other = uploaded(plant, services)
    elsewhere = plant.data(device=plant.device())
    for data, words in (
        (source, "The source's values come from this stream."),
        (derived.id, "This stream does not keep one value an instant."),
        (other.data, "This stream belongs to another device."),
        (elsewhere, "This stream belongs to another device."),
    ):
        assert faults(upload(plant, source=source, data_id=data)) == {"data_id": words}


def test_a_model_is_not_fed_with_its_own_scores(plant: Door, services: Services):
    first = uploaded(plant, services)
    second = uploaded(plant, services, source=first.data)
    found = faults(upload(plant, source=second.data, device_id=first.device, data_id=first.data))
    assert found == {"data_id": "The source's values come from this stream."}


def test_what_is_no_number_has_no_scores(plant: Door, services: Services, database: Database):
    words = Streams(services, database).new(value_type="nominal", value_downsamplers=())
    assert faults(upload(plant, source=words.id)) == {"source": "Is no numeric data stream."}


@pytest.mark.parametrize("which", ["source", "device_id", "data_id"])
def test_what_a_key_does_not_open_is_not_there_for_it(
    client: FlaskClient, services: Services, plant: Door, which: str
):
    device = plant.device(kind="ai", host=None)
    ids = {"source": plant.data(), "device_id": device, "data_id": plant.data(device=device)}
    within = {
        "source": reach(devices=[device], streams=[]),
        "device_id": reach(devices=[], streams=[ids["source"], ids["data_id"]]),
        "data_id": reach(devices=[device], streams=[ids["source"]]),
    }[which]
    if which == "data_id":
        ids["data_id"] = plant.data()
    narrow = door(client, services, scopes.SYSTEM_WRITE, within=within)
    assert list(faults(upload(narrow, **ids))) == [which]


def test_a_key_that_opens_all_that_is_named_uploads(
    client: FlaskClient, services: Services, plant: Door
):
    device, source = plant.device(kind="ai", host=None), plant.data()
    data = plant.data(device=device)
    within = reach(devices=[device], streams=[source])
    narrow = door(client, services, scopes.SYSTEM_WRITE, within=within)
    answer = upload(narrow, source=source, device_id=device, data_id=data)
    assert answer.status_code == 201, answer.json


def test_a_key_for_some_devices_makes_no_others(
    client: FlaskClient, services: Services, plant: Door
):
    source = plant.data()
    narrow = door(client, services, scopes.SYSTEM_WRITE, within=reach(devices=[], streams=[source]))
    assert code(upload(narrow, source=source)) == (403, "forbidden")


def test_an_upload_is_in_the_audit(plant: Door, services: Services):
    made = uploaded(plant, services)
    (entry,) = [
        each
        for each in services.audit.latest(20)
        if each["action"] == "ai.upload" and each["device"] == made.device
    ]
    assert entry["data"] == made.data
    assert pickle.loads(SCALER).mean_ == [10.0]
