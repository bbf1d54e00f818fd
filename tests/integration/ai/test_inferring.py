"""What a source gains is scored: every window once, at its newest sample, across no gap."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from hub.ai import running
from hub.ai.numbers import FloatArray
from hub.services import Services
from hub.services.ai import inferring, runners, standing
from hub.settings import Settings
from hub.values import EVERYTHING, Principal
from tests import ai_models as make
from tests.ai import joblibbed
from tests.integration.ai.test_models import WEIGHTS, lstm
from tests.integration.ai.uploads import (
    MEAN,
    T0,
    WINDOW,
    Uploaded,
    iso,
    score,
    upload,
    uploaded,
)
from tests.plant import Door, door, fresh


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture
def made(plant: Door, services: Services) -> Uploaded:
    """A model whose threshold is 1: a value of 14 beside those that are normal is too much."""
    return uploaded(plant, services, threshold=1.0)


WAVE = [MEAN + 3 * np.sin(index / 3) for index in range(40)]


def expected(values: Any, start: int = 0) -> dict[int, Any]:
    """The score of every window of values that follow one another, by second."""
    return {
        start + end: pytest.approx(score(values[end - WINDOW + 1 : end + 1]), abs=1e-5)
        for end in range(WINDOW - 1, len(values))
    }


def test_every_window_is_scored_at_its_newest_sample(made: Uploaded):
    made.write(WAVE)
    assert made.infer() == len(WAVE) - WINDOW + 1
    assert made.scores() == expected(WAVE)
    assert made.infer() == 0


def test_it_does_not_matter_in_how_many_runs(made: Uploaded):
    for start in range(0, 40, 8):
        made.write(WAVE[start : start + 8], start)
        made.infer()
    assert made.scores() == expected(WAVE)


def test_nor_how_large_slices_are(made: Uploaded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inferring, "samples_of", lambda window: 3)
    monkeypatch.setattr(running, "TOGETHER_BYTES_MAX", 4 * WINDOW * 2)
    made.write(WAVE)
    made.infer()
    assert made.scores() == expected(WAVE)


def test_nor_how_much_time_there_is(made: Uploaded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inferring, "BUDGET_S", 0.0)
    made.write(WAVE)
    while made.infer():
        pass
    assert made.scores() == expected(WAVE)


def test_of_history_the_newest_window_is_scored(plant: Door, services: Services):
    source = plant.data()
    Uploaded(plant, services, 0, 0, source).write(WAVE[:20])
    made = uploaded(plant, services, source=source)
    made.write(WAVE[20:22], 20)
    made.infer()
    found = expected(WAVE[:22])
    assert made.scores() == {second: found[second] for second in (19, 20, 21)}


def test_no_window_spans_a_gap(made: Uploaded):
    made.write(WAVE[:10])
    made.write(WAVE[10:20], 14)
    made.infer()
    assert made.scores() == expected(WAVE[:10]) | expected(WAVE[10:20], 14)


def test_a_gap_is_none_only_because_a_run_ends_in_it(made: Uploaded):
    made.write(WAVE[:10])
    made.infer()
    made.write(WAVE[10:20], 14)
    made.infer()
    assert made.scores() == expected(WAVE[:10]) | expected(WAVE[10:20], 14)


def test_a_value_that_is_missing_is_in_no_window(made: Uploaded):
    made.write([*WAVE[:8], None, *WAVE[9:20]])
    made.infer()
    assert made.scores() == expected(WAVE[:8]) | expected(WAVE[9:20], 9)


def test_what_is_left_out_is_told(made: Uploaded):
    """The first three values, three behind the gap, and a null with the three behind it."""
    made.write(WAVE[:10])
    made.write([*WAVE[10:20], None, *WAVE[:4]], 14)
    made.infer()
    assert made.state()["missed"] == (WINDOW - 1) + (WINDOW - 1) + WINDOW
    made.write(WAVE[4:8], 29)
    made.infer()
    assert made.state()["missed"] == 10


def test_what_is_polled_has_the_spacing_of_its_device(plant: Door, services: Services):
    device = plant.device(poll_interval=1, enabled=False)
    source = plant.data(device=device, path="40001")
    two = make.dense(np.eye(2))
    made = uploaded(plant, services, source=source, model=two)
    made.write([10, 10], step_s=3)
    made.write([10, 10], 20, step_s=3.5)
    made.infer()
    assert list(made.scores()) == [3]


def test_what_comes_late_changes_no_score_that_is_there(made: Uploaded):
    made.write(WAVE[:10])
    made.infer()
    made.write([MEAN], 4)
    made.infer()
    assert made.scores() == expected(WAVE[:10])


def test_what_comes_late_takes_part_in_what_is_still_to_be_scored(made: Uploaded):
    made.write(WAVE[:10])
    made.infer()
    made.write([99], 8)
    made.write(WAVE[10:11], 10)
    made.infer()
    values = [*WAVE[:8], 99, *WAVE[9:11]]
    assert made.scores() == expected(WAVE[:10]) | {10: expected(values)[10]}


FAR = 2**31 - 2 - T0
"""The last second that a value can have."""


def test_what_is_dated_far_ahead_keeps_nothing_from_being_scored(made: Uploaded):
    made.write(WAVE[:10])
    made.write([MEAN], FAR)
    for start in (10, 15):
        made.infer()
        made.write(WAVE[start : start + 5], start)
    made.infer()
    assert made.scores() == expected(WAVE[:20])


def test_an_upload_begins_with_what_is_not_dated_far_ahead(plant: Door, services: Services):
    source = plant.data()
    before = Uploaded(plant, services, 0, 0, source)
    before.write(WAVE[:10])
    before.write([MEAN], FAR)
    made = uploaded(plant, services, source=source)
    made.write(WAVE[10:12], 10)
    made.infer()
    found = expected(WAVE[:12])
    assert made.scores() == {second: found[second] for second in (9, 10, 11)}


def test_crossing_the_threshold_is_told_once_each_way(made: Uploaded):
    made.write([10] * 6 + [16] * 6 + [10] * 6)
    made.infer()
    assert made.events() == [("ai.anomaly", 7), ("ai.normal", 14)]
    made.write([16] * 6, 18)
    made.infer()
    made.infer()
    assert made.events()[2:] == [("ai.anomaly", 19)]


def test_what_is_told_of_an_anomaly(made: Uploaded, plant: Door):
    made.write([10] * 4 + [30])
    made.infer()
    (log,) = plant.get(f"event-log/?device={made.device}&kind=ai.anomaly").json
    assert log["timestamp"] == iso(4)
    assert log["message"] == "The score 6.25 reaches the threshold 1."
    assert log["data"] == {
        "score": 6.25, "threshold": 1.0, "source": made.source, "data": made.data,
    }  # fmt: skip


def test_a_little_below_the_threshold_is_not_normal_yet(plant: Door, services: Services):
    """A value of 10 + x, alone among normal ones, scores x² / 64."""
    made = uploaded(plant, services, threshold=1.0, model=make.dense([[0.5]]))
    values = [10.0 + 4 * np.sqrt(each) for each in (0.99, 1.01, 0.95, 1.0, 0.91, 0.89, 0.95)]
    made.write(values)
    made.infer()
    assert made.events() == [("ai.anomaly", 1), ("ai.normal", 5)]


def test_many_crossings_are_all_told(plant: Door, services: Services, monkeypatch: Any):
    monkeypatch.setattr(inferring, "EDGES_MAX", 3)
    made = uploaded(plant, services, threshold=1.0, model=make.dense([[0.5]]))
    made.write([10, 90] * 10)
    made.infer()
    kinds = ["ai.anomaly", "ai.normal"] * 10
    assert made.events() == [(kinds[at], at + 1) for at in range(19)]


def test_the_threshold_is_that_of_the_device(made: Uploaded, plant: Door):
    plant.patch(f"device/{made.device}/", options={"threshold": 100})
    made.write([10] * 4 + [30] * 4)
    made.infer()
    assert made.events() == []
    plant.patch(f"device/{made.device}/", options={"threshold": 2})
    made.write([30], 8)
    made.infer()
    assert made.events() == [("ai.anomaly", 8)]


def test_a_model_without_a_threshold_only_scores(plant: Door, services: Services):
    made = uploaded(plant, services)
    made.write([10] * 4 + [1000] * 4)
    made.infer()
    assert len(made.scores()) == 5
    assert made.events() == []


def test_what_is_no_number_is_null(plant: Door, services: Services):
    spread = make.dense(np.eye(WINDOW) * -1000, outputs=2)
    made = uploaded(plant, services, model=spread, model_type="sisvae")
    made.write([10] * 4 + [1000] * 4)
    made.infer()
    assert made.scores()[7] is None
    assert made.scores()[3] == pytest.approx(0.5 * WINDOW * (np.log(2 * np.pi) + 1), rel=1e-5)


def test_a_score_beyond_all_numbers_is_an_anomaly(plant: Door, services: Services):
    spread = make.dense(np.eye(WINDOW) * -1000, outputs=2)
    made = uploaded(plant, services, model=spread, model_type="sisvae", threshold=100)
    made.write([10] * 4 + [1000])
    made.infer()
    assert (made.scores()[4], made.events()) == (None, [("ai.anomaly", 4)])
    (log,) = plant.get(f"event-log/?device={made.device}").json
    assert log["data"]["score"] is None


def gaussians(window: FloatArray) -> float:
    """What ``MATRIX`` gives as a mean, and one more as the logarithm of a variance."""
    mean = MATRIX @ window
    spread = mean + 1
    squares = (window - mean) ** 2 / np.exp(spread)
    return float(0.5 * np.sum(np.log(2 * np.pi) + spread + squares))


def squares(window: FloatArray) -> float:
    return float(np.mean((window - MATRIX @ window) ** 2))


def cells(window: FloatArray) -> float:
    return float(np.mean((window - np.array(lstm(window))) ** 2))


MATRIX = np.array([[0.5, 0.25, 0, 0], [0, 0.5, 0.25, 0], [0, 0, 0.5, 0.25], [0.25, 0, 0, 0.5]])
TYPES = {
    "cnn_ae": (make.dense(MATRIX), squares),
    "lstm_ae": (make.remembering(WEIGHTS, WINDOW), cells),
    "sisvae": (make.dense(MATRIX, outputs=2), gaussians),
}
SCALERS = {
    "standard": StandardScaler(),
    "min and max": MinMaxScaler((-1, 2)),
    "robust": RobustScaler(),
    "greatest": MaxAbsScaler(),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("by", SCALERS)
def test_scores_are_those_of_numpy(plant: Door, services: Services, kind: str, by: str):
    """To a millionth, from the file of the scaler to the value that is stored."""
    model, score_of = TYPES[kind]
    rows = np.random.default_rng(8).normal(20, 7, (30, 1))
    fitted = SCALERS[by].fit(rows)
    made = uploaded(plant, services, model=model, model_type=kind, scaler=joblibbed(fitted))
    made.write(rows[:, 0].tolist())
    made.infer()
    scaled = fitted.transform(rows)[:, 0]
    assert made.scores() == {
        end: pytest.approx(score_of(scaled[end - WINDOW + 1 : end + 1]), rel=1e-6, abs=1e-7)
        for end in range(WINDOW - 1, len(rows))
    }


def test_an_anomaly_ends_by_the_model_that_replaces_another(made: Uploaded, plant: Door):
    made.write([10] * 4 + [16] * 4)
    made.infer()
    whole = make.dense(np.eye(WINDOW))
    upload(plant, source=made.source, device_id=made.device, model=whole, threshold=1.0)
    made.write([16] * 4, 8)
    made.infer()
    assert made.events() == [("ai.anomaly", 5), ("ai.normal", 8)]


def test_a_device_that_is_switched_off_catches_up(made: Uploaded, plant: Door):
    plant.patch(f"device/{made.device}/", enabled=False)
    made.write(WAVE[:10])
    assert made.infer() == 0
    assert made.state()["status"] == "disabled"
    plant.patch(f"device/{made.device}/", enabled=True)
    made.infer()
    assert made.scores() == expected(WAVE[:10])


def test_another_model_goes_on_where_the_first_one_was(made: Uploaded, plant: Door):
    made.write(WAVE[:10])
    made.infer()
    made.write(WAVE[10:20], 10)
    whole = make.dense(np.eye(WINDOW))
    upload(plant, source=made.source, device_id=made.device, model=whole)
    made.infer()
    rest = dict.fromkeys(range(10, 20), pytest.approx(0.0, abs=1e-9))
    assert made.scores() == expected(WAVE[:10]) | rest


def test_a_longer_model_goes_on_where_much_is_left(made: Uploaded, plant: Door):
    made.write(WAVE[:20])
    made.infer()
    made.write(WAVE[20:], 20)
    longer = make.dense(np.eye(WINDOW * 4))
    upload(plant, source=made.source, device_id=made.device, model=longer)
    made.infer()
    assert list(made.scores()) == list(range(WINDOW - 1, len(WAVE)))


def test_what_a_worker_did_during_an_upload_is_not_done_again(
    made: Uploaded, services: Services, database: Database
):
    models = services.ai.inferring._models
    before = models.get(made.device)
    assert before
    made.write([10] * 6 + [16] * 6)
    made.infer()
    assert not models.put(replace(before, uploaded=before.uploaded), before)
    assert position(services, made).anomalous
    now = models.get(made.device)
    assert now
    assert models.put(now, now)
    assert not models.put(now, None)


def test_scores_are_scored(made: Uploaded, plant: Door, services: Services):
    second = uploaded(plant, services, source=made.data)
    made.write(WAVE[:10])
    made.infer()
    made.infer()
    first = [score(WAVE[at - 3 : at + 1]) for at in range(3, 10)]
    assert second.scores() == {
        at: pytest.approx(score(first[at - 6 : at - 2]), abs=1e-4) for at in range(6, 10)
    }


def test_a_device_that_scores_is_up(made: Uploaded):
    made.write(WAVE[:10])
    made.infer()
    state = made.state()
    assert (state["status"], state["last_error"], state["worker"]) == ("up", None, "a worker")
    assert state["last_good"]
    assert state["latency_ms"] > 0


def test_a_file_that_is_missing_is_told_and_others_go_on(
    made: Uploaded, plant: Door, services: Services, database: Database
):
    other = uploaded(plant, services)
    file = database["models"].find_one({"_id": made.device})["file"]  # type: ignore[index]
    database["model_files.chunks"].delete_many({"files_id": file})
    for each in (made, other):
        each.write(WAVE[:10])
    for _ in range(3):
        made.infer()
    assert made.state()["last_error"]["message"] == "the model is not there any more"
    assert made.state()["missed"] == 1
    assert other.scores() == expected(WAVE[:10])


def broken(database: Database, made: Uploaded) -> None:
    """Let the model's file hold what is none."""
    file = database["models"].find_one({"_id": made.device})["file"]  # type: ignore[index]
    database["model_files.chunks"].update_one({"files_id": file}, {"$set": {"data": b"x" * 600}})
    database["model_files.files"].update_one({"_id": file}, {"$set": {"length": 600}})


def test_a_model_that_breaks_is_the_state_of_its_device_alone(
    made: Uploaded, plant: Door, services: Services, database: Database
):
    other = uploaded(plant, services)
    broken(database, made)
    for each in (made, other):
        each.write(WAVE[:10])
    made.infer()
    state = made.state()
    assert (state["status"], state["last_error"]["code"]) == ("down", "model_failed")
    assert "TFL3" in state["last_error"]["message"]
    assert other.scores() == expected(WAVE[:10])
    assert made.scores() == {}


def test_a_model_that_is_mended_goes_on_at_once(made: Uploaded, plant: Door, database: Database):
    broken(database, made)
    made.write(WAVE[:10])
    made.infer()
    assert upload(plant, source=made.source, device_id=made.device).status_code == 201
    made.infer()
    assert made.scores() == expected(WAVE[:10])
    state = made.state()
    assert (state["status"], state["last_error"]["code"]) == ("up", "model_failed")


def test_a_process_that_was_killed_is_followed_by_another_one(
    made: Uploaded, services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(standing, "RETRY_S", 0.0)
    made.write(WAVE[:10])
    made.infer()
    os.kill(services.ai.inferring._runners.pids()[made.device], signal.SIGKILL)
    made.write(WAVE[10:20], 10)
    made.infer()
    made.infer()
    assert made.scores() == expected(WAVE[:20])


def test_processes_are_kept_as_far_as_there_is_room(
    made: Uploaded, plant: Door, services: Services, monkeypatch: pytest.MonkeyPatch
):
    """One after another they have their turns; there is room for three of five."""
    monkeypatch.setattr(runners, "KEPT_BYTES", 3 * runners.PROCESS_BYTES + 100_000)
    numbers = [made.device, *(uploaded(plant, services).device for _ in range(4))]
    found = [services.ai.inferring._models.get(number) for number in numbers]
    models = [each for each in found if each]
    clock = [0.0]
    kept = runners.Runners(services.ai.inferring._models, lambda: clock[0])
    with closing(kept):
        for each in models:
            kept.of(each)
        first = kept.pids()
        assert list(first) == [numbers[0], numbers[1], numbers[4]]
        for each in models:
            kept.of(each)
        again = kept.pids()
        assert len(again) == 3
        assert again[numbers[0]] == first[numbers[0]]
        clock[0] = runners.IDLE_S + 1
        kept.of(models[2])
        assert list(kept.pids()) == [numbers[2]]


@pytest.mark.parametrize("which", ["source", "data"])
def test_a_stream_that_is_gone_is_told(made: Uploaded, plant: Door, which: str):
    made.write(WAVE[:10])
    assert plant.delete(f"data/{getattr(made, which)}/").status_code == 204
    made.infer()
    assert made.state()["last_error"]["code"] == "stream_not_found"


def test_with_its_device_a_model_goes(
    made: Uploaded, plant: Door, services: Services, database: Database
):
    file = database["models"].find_one({"_id": made.device})["file"]  # type: ignore[index]
    assert plant.delete(f"device/{made.device}/?cascade=delete").status_code == 204
    made.write(WAVE[:10])
    made.infer()
    services.ai.inferring.sweep()
    assert database["models"].find_one({"_id": made.device}) is None
    assert database["model_files.files"].find_one({"_id": file}) is None
    assert database["model_files.chunks"].find_one({"files_id": file}) is None


WORKER = """
import sys, threading
from hub.jobs.inference import infer
from hub.settings import Settings
from hub.wiring import open_hub
hub = open_hub(Settings(mongo_uri={uri!r}, mongo_db={name!r}, secret={secret!r}))
while True:
    infer(hub.services, threading.Event(), "a worker")
"""
MANY = 15_000
ANYBODY = Principal("test", frozenset(), EVERYTHING, None)


def test_a_worker_that_is_killed_again_and_again_leaves_nothing_out_and_nothing_twice(
    plant: Door, services: Services, settings: Settings
):
    made = uploaded(plant, services, threshold=1.0, name=fresh())
    rng = np.random.default_rng(3)
    wave = MEAN + np.sin(np.arange(MANY) / 300) * 4
    values = (wave + rng.normal(size=MANY) * 0.2).tolist()
    stream = services.plant.data.get(made.source, ANYBODY)
    services.values.setting.put_all(
        [(stream, (T0 + at) * 1000, value) for at, value in enumerate(values)]
    )
    text = WORKER.format(uri=settings.mongo_uri, name=settings.mongo_db, secret=settings.secret)
    for delay in (0.1, 0.4):
        killed_after(text, services, made, delay)
    while made.infer():
        pass
    data = services.plant.data.get(made.data, ANYBODY)
    rows = services.values.records.range([data], 0, 2**42)
    found = {record.at // 1000 - T0: record.value for record in rows}
    wanted = expected(values)
    assert found == wanted
    assert made.events() == edges(wanted)


def position(services: Services, made: Uploaded) -> Any:
    found = services.ai.inferring._models.get(made.device)
    return found and found.position


def killed_after(text: str, services: Services, made: Uploaded, delay: float) -> None:
    """A worker that is killed so long after it moved on."""
    before = position(services, made)
    worker = subprocess.Popen([sys.executable, "-c", text])
    try:
        until = time.monotonic() + 120
        while position(services, made) == before and time.monotonic() < until:
            assert worker.poll() is None, "the worker ended by itself"
            time.sleep(0.01)
        time.sleep(delay)
    finally:
        worker.kill()
        worker.wait()


def edges(found: dict[int, Any]) -> list[tuple[str, int]]:
    """The crossings of 1 and 0.9 in scores in order of time."""
    told: list[tuple[str, int]] = []
    for second, about in found.items():
        value = about.expected
        anomalous = bool(told) and told[-1][0] == "ai.anomaly"
        if value >= 1.0 and not anomalous:
            told.append(("ai.anomaly", second))
        elif value < 0.9 and anomalous:
            told.append(("ai.normal", second))
    return told
