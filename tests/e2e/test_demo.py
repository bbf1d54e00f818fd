"""``scripts/serve --demo``: what it prints works as printed."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.live import PATIENCE_S, Live, running, wait_for, wait_until


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub started for the first time with ``--demo``, once it has printed everything."""
    with running(tmp_path_factory.mktemp("demo"), "--demo") as hub:
        wait_until(lambda: is_printed(hub), "the demo is printed")
        yield hub


def is_printed(hub: Live) -> bool:
    return "Ctrl-C stops everything." in hub.log.read_text()


def printed(demo: Live, method: str) -> str:
    """What the one printed curl line with this in it answers, run as it stands."""
    lines = re.findall(r"^ +(curl .*)$", demo.log.read_text(), re.MULTILINE)
    assert len(lines) == 6
    (line,) = [line for line in lines if method in line]
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_says_where_the_hub_is_and_what_it_holds(demo: Live):
    log = demo.log.read_text()
    assert f"The hub is at {demo.root}\n" in log
    assert int(re.search(r"holds (\d+) readings", log)[1]) > 200
    assert re.search(rf"URL +{demo.root}/api/dataset/[0-9a-f-]{{36}}/\n", log)


def test_the_printed_variables_are_those_of_the_examples(demo: Live):
    (line,) = re.findall(r"^ +(export .*)$", demo.log.read_text(), re.MULTILINE)
    asked = 'curl -sS -u "$KEY:" "$HUB/api/dataset/$DATASET/?count=true"'
    done = subprocess.run(
        ["bash", "-c", f"{line}\n{asked}"], capture_output=True, timeout=PATIENCE_S, check=True
    )
    assert json.loads(done.stdout)["count"] > 200


def test_the_printed_put_gives_the_stored_document(demo: Live):
    document = json.loads(printed(demo, "-X PUT"))
    assert (document["station"], document["temperature_c"]) == ("desk", 21.5)
    assert re.fullmatch("[0-9a-f]{24}", document["_id"])
    assert {"_datasetid", "_timestamp", "_timestamp_year", "_timestamp_second"} < document.keys()


def test_the_printed_query_gives_matching_rows(demo: Live):
    rows = json.loads(printed(demo, "-X POST"))
    assert len(rows) == 3
    assert all(row["temperature_c"] < 5 and row["wind"]["speed_ms"] >= 3 for row in rows)


def test_the_printed_get_gives_csv(demo: Live):
    header, *rows = csv.reader(printed(demo, "format=csv").splitlines())
    assert header == ["station", "temperature_c", "humidity_pct"]
    assert len(rows) == 3


def test_the_printed_odata_request_gives_observations(demo: Live):
    rows = json.loads(printed(demo, "/v1/odata/v4/Observations"))["value"]
    assert len(rows) == 3
    assert all(0 <= row["ResultValue"] <= 14 for row in rows)


def test_it_says_where_odata_is_and_how_much_there_is(demo: Live):
    log = demo.log.read_text()
    assert "20000 made-up observations of water are published, in 5 datasets." in log
    assert re.search(rf"OData +{demo.root}/v1/odata/v4/ ", log)
    assert re.search(rf"^ +{demo.root}/odata/v4/ ", log, re.MULTILINE)


def plant_key(demo: Live) -> str:
    return re.search(r"A simulated plant.*?\n +key +(\S+)\n", demo.log.read_text(), re.DOTALL)[1]


def plant_device(demo: Live) -> dict[str, Any]:
    headers = {"X-API-Key": plant_key(demo)}
    request = urllib.request.Request(f"{demo.root}/api/device/", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        (device,) = json.load(response)
    return device


def test_the_printed_request_gives_the_newest_values_of_the_plant(demo: Live):
    def seen() -> set[str]:
        """When the printed values were read; they may be seen while they are being stored."""
        values = json.loads(printed(demo, "/api/value/?limit=7"))
        return {value["timestamp"] for value in values if len({v["data"] for v in values}) == 7}

    (first,) = wait_for(seen, lambda times: len(times) == 1, "the values of a poll")
    wait_until(lambda: seen() not in ({first}, set()), "newer values")
    wait_until(lambda: any(age_s(at) < 30 for at in seen()), "those of now")


def age_s(at: str) -> float:
    return time.time() - datetime.fromisoformat(at).timestamp()


def test_the_plant_is_up(demo: Live):
    device = plant_device(demo)
    assert (device["name"], device["kind"]) == ("Demo plant", "modbus")
    wait_until(lambda: plant_device(demo)["state"]["status"] == "up", "the plant is up")


def get(demo: Live, path: str) -> Any:
    with urllib.request.urlopen(demo.root + path, timeout=PATIENCE_S) as response:
        return json.load(response)


def streams(demo: Live) -> list[dict[str, Any]]:
    return get(demo, "/api/v1/stream/?tags__title__startswith=Stream")["objects"]


def test_it_says_where_the_page_of_streams_is(demo: Live):
    assert re.search(rf"Page +{demo.root}/streams/\n", demo.log.read_text())


def test_the_printed_stream_request_gives_the_last_three_hours(demo: Live):
    answer = json.loads(printed(demo, "granularity=hours"))
    points = answer["datapoints"]
    assert len(points) == 3
    assert [point["t"]["a"] for point in points] == sorted(
        (point["t"]["a"] for point in points), reverse=True
    )
    assert all(0 <= p["v"]["l"] <= p["v"]["m"] <= p["v"]["u"] <= 100 for p in points)


def test_three_streams_hold_two_days(demo: Live):
    found = streams(demo)
    assert [stream["tags"]["title"] for stream in found] == ["Stream 0", "Stream 1", "Stream 2"]
    for stream in found:
        end = datetime.fromisoformat(stream["earliest_datapoint"]).timestamp() + 2 * 86_400
        answer = get(demo, f"{stream['resource_uri']}?limit=0&end={end:.0f}")
        assert answer["meta"]["total_count"] == 34_561


def test_values_go_on_coming_every_five_seconds(demo: Live):
    (stream, *_) = streams(demo)
    latest = stream["latest_datapoint"]
    wait_until(lambda: streams(demo)[0]["latest_datapoint"] > latest, "another value")
    now = datetime.fromisoformat(streams(demo)[0]["latest_datapoint"]).timestamp()
    assert (now - datetime.fromisoformat(latest).timestamp()) % 5 == 0
    assert now % 5 == 0
    wait_until(lambda: age_s(streams(demo)[0]["latest_datapoint"]) < 10, "the value of now")


def test_the_feed_is_started_again_where_it_is_killed_and_stopped_in_the_end(tmp_path: Path):
    with running(tmp_path, "--demo") as hub:
        wait_until(lambda: is_printed(hub), "the demo is printed")

        def feeds() -> list[int]:
            return hub.children("dummystream --demo")

        (before,) = wait_for(feeds, lambda pids: len(pids) == 1, "the feed")
        os.kill(before, signal.SIGKILL)
        (after,) = wait_for(feeds, lambda pids: pids not in ([], [before]), "a new feed")
        latest = streams(hub)[0]["latest_datapoint"]
        wait_until(lambda: streams(hub)[0]["latest_datapoint"] > latest, "another value")
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(PATIENCE_S) == 0
        assert not Path(f"/proc/{after}").exists()
    assert "Traceback" not in hub.log.read_text()


def test_streams_that_are_flushed_stay_away(demo: Live):
    assert demo.cli("dummystream", "--flush") == {"deleted": 21}
    wait_until(lambda: not demo.children("dummystream --demo"), "the feed ends")
    time_up = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > time_up, "serve has looked again")
    assert (streams(demo), demo.children("dummystream --demo")) == ([], [])
