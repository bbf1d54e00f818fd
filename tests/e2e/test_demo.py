"""``scripts/serve --demo``: what it prints works as printed."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.live import Live, running, wait_until


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub started for the first time with ``--demo``, once it has printed everything."""
    with running(tmp_path_factory.mktemp("demo"), "--demo") as hub:
        wait_until(lambda: "Ctrl-C stops everything." in hub.log.read_text(), "the demo is printed")
        yield hub


def printed(demo: Live, method: str) -> str:
    """What the one printed curl line with this in it answers, run as it stands."""
    lines = re.findall(r"^ +(curl .*)$", demo.log.read_text(), re.MULTILINE)
    assert len(lines) == 3
    (line,) = [line for line in lines if method in line]
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_says_where_the_hub_is_and_what_it_holds(demo: Live):
    log = demo.log.read_text()
    assert f"The hub is at {demo.root}\n" in log
    assert int(re.search(r"holds (\d+) readings", log)[1]) > 200
    assert re.search(rf"URL +{demo.root}/api/dataset/[0-9a-f-]{{36}}/\n", log)


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
