"""``hub dummystream`` over a real database: what is filled, continued, appended, deleted."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from pymongo.database import Database

from hub.cli.root import hub
from hub.cli.stream import ADMIN
from hub.errors import Unavailable
from hub.series.names import STORED_VALUES
from hub.series.selection import LIMIT_MAX, Selection
from hub.serve import Part
from hub.services import Services
from hub.services.streams.registry.wanted import wanted
from hub.settings import Settings
from hub.store.mongod import status
from hub.store.streams.points import PointStore
from hub.values import Stream
from hub.wiring import open_hub
from tests.live import PATIENCE_S, ROOT, wait_until
from tests.streams import Streams

Run = Callable[..., Any]
SPAN = "2026-03-01T00:00:00 2026-03-01T01:00:00"
START = "2026-03-01T00:00:00Z"
DEMO_STEP_S = 5


@pytest.fixture(scope="module")
def env(settings: Settings) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return own | {
        "HUB_MONGO_URI": str(settings.mongo_uri),
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": str(settings.secret),
    }


@pytest.fixture
def run(env: dict[str, str]) -> Iterator[Run]:
    """Runs the command in this process; its JSON. There are no streams before and after."""

    def invoked(*arguments: str, status: int = 0) -> Any:
        done = CliRunner().invoke(hub, ["dummystream", *arguments, "--json"], env=env)
        assert done.exit_code == status, done.output
        return orjson.loads(done.stdout) if not status else done.stderr

    invoked("--flush")
    yield invoked
    invoked("--flush")


def by_title(services: Services) -> dict[str, Stream]:
    found, _ = services.streams.page({}, None, offset=0, limit=0)
    return {stream.name: stream for stream in found}


def points(services: Services, stream: Stream, **asked: Any) -> list[dict[str, Any]]:
    """All its datapoints."""
    found: list[dict[str, Any]] = []
    while True:
        asked |= {"limit": LIMIT_MAX, "offset": len(found)}
        reading = services.readings.read(stream, Selection(**asked))
        found += reading.points
        if len(found) >= reading.total:
            return found


def times_of(services: Services, database: Database, stream: Stream) -> list[int]:
    """The moments of all stored datapoints in ms."""
    store = PointStore(Streams(services, database).mongo)
    return [at for piece in store.between(stream, 0, 2**31 * 1000) for at in piece.at.tolist()]


@contextmanager
def command(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process; killed in the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "dummystream", *arguments],
        env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def steady(times: list[int], step_ms: int) -> bool:
    """Whether each moment is there exactly once."""
    return times == list(range(times[0], times[-1] + 1, step_ms))


def downsampling_is_free(services: Services) -> bool:
    """Whether a worker could downsample now."""
    fence = services.leases.take("downsample", "a test", timedelta(seconds=1))
    services.leases.give_back("downsample", "a test")
    return fence is not None


def wait_for(process: subprocess.Popen[str], true: Callable[[], bool], what: str) -> None:
    """Wait until something holds, for as long as the process runs."""
    wait_until(lambda: process.poll() is not None or true(), what)
    assert process.poll() is None, process.communicate()


def test_the_demo_makes_three_public_streams_over_two_days(run: Run, services: Services) -> None:
    began_s = time.time()
    rows = run("--demo", "--no-real-time")
    assert [(row["title"], row["domain"], row["appended"]) for row in rows] == [
        ("Stream 0", "0,10", 34_561),
        ("Stream 1", "-2,2", 34_561),
        ("Stream 2", "0,100", 34_561),
    ]
    streams = list(by_title(services).values())
    assert {(s.value_type, s.highest, s.late, s.public) for s in streams} == {
        ("numeric", "seconds", "keep", True)
    }
    assert {s.value_downsamplers for s in streams} == {STORED_VALUES}
    ends = services.readings.ends(streams)
    assert len(set(ends.values())) == 1
    first, last = ends[streams[0].id]
    assert (last or 0) - (first or 0) == 2 * 86_400_000
    assert began_s - DEMO_STEP_S < (last or 0) / 1000 <= time.time()


def test_a_span_between_moments_is_filled_and_downsampled(
    run: Run, services: Services, database: Database
) -> None:
    run("-t", "int(0,10)", "-s", SPAN, "-i", "2", "--no-real-time")
    (stream,) = by_title(services).values()
    times = times_of(services, database, stream)
    assert (len(times), steady(times, 2000)) == (1801, True)
    assert points(services, stream)[0]["t"] == START
    assert not database["values"].count_documents({"_id.s": stream.id, "d": True})
    minutes = points(services, stream, granularity="minutes")
    assert [point["v"]["c"] for point in minutes] == [30] * 60


def test_every_type_is_taken(run: Run, services: Services) -> None:
    run("-t", "int,float,enum(on,off),graph(3,2)", "-s", SPAN, "-i", "600", "--no-real-time")
    kinds = [stream.value_type for stream in by_title(services).values()]
    assert kinds == ["numeric", "numeric", "nominal", "graph"]
    assert [len(points(services, s)) for s in by_title(services).values()] == [7] * 4


def test_a_number_of_streams_without_types_is_of_whole_numbers(run: Run) -> None:
    rows = run("-n", "2", "-s", "30s", "--no-real-time")
    assert [(row["title"], row["domain"]) for row in rows] == [
        ("Stream 0", "0,100"),
        ("Stream 1", "0,100"),
    ]


def test_it_goes_on_after_the_last_datapoint(
    run: Run, services: Services, database: Database
) -> None:
    (first,) = run("-t", "int", "-s", SPAN, "--no-real-time")
    longer = SPAN.replace("T01:", "T02:")
    (again,) = run("-t", "int", "-s", longer, "--no-real-time")
    assert (again["stream"], first["appended"], again["appended"]) == (first["stream"], 721, 720)
    (stream,) = by_title(services).values()
    assert steady(times_of(services, database, stream), 5000)


def test_nothing_is_appended_to_a_span_that_is_full(run: Run) -> None:
    run("-t", "int", "-s", SPAN, "--no-real-time")
    assert run("-t", "int", "-s", SPAN, "--no-real-time")[0]["appended"] == 0


def test_a_stream_of_another_type_of_values_is_not_filled(run: Run, services: Services) -> None:
    run("-t", "int", "-s", SPAN, "--no-real-time")
    words = run("-t", "enum", "-s", SPAN, "--no-real-time", status=1)
    assert "made otherwise" in words
    assert [s.value_type for s in by_title(services).values()] == ["numeric"]


def test_a_span_back_before_1970_is_refused(run: Run) -> None:
    assert "1970" in run("-t", "int", "-s", "30000d", "--no-real-time", status=2)


def test_flush_deletes_every_stream_also_derived_ones(run: Run, services: Services) -> None:
    (made,) = run("-t", "int", "-s", SPAN, "--no-real-time")
    derived = {
        "title": "the sum",
        "derive_from": [made["stream"]],
        "derive_op": "sum",
    }
    services.streams.ensure(wanted(derived), ADMIN)
    services.streams.ensure(wanted({"title": "mine", "public": False}), ADMIN)
    assert run("--flush") == {"deleted": 3}
    assert services.streams.page({}, ADMIN, offset=0, limit=0) == ([], 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_real_time_one_value_comes_every_interval_until_a_signal(
    run: Run,
    services: Services,
    database: Database,
    env: dict[str, str],
    number: signal.Signals,
) -> None:
    with command(env, "-t", "int,float", "-s", "10s", "-i", "0.2") as process:
        wait_for(process, lambda: len(by_title(services)) == 2, "the streams are made")
        one, other = by_title(services).values()
        wait_for(process, lambda: len(times_of(services, database, other)) > 60, "values come")
        now_ms = time.time() * 1000
        wait_for(process, lambda: times_of(services, database, other)[-1] > now_ms, "it keeps up")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert "Appending every 0.2 s until Ctrl-C." in out
    assert downsampling_is_free(services)
    for stream in (one, other):
        times = times_of(services, database, stream)
        assert steady(times, 200)
        assert {at % 200 for at in times} == {0}


def test_a_signal_while_it_is_filling_ends_it_and_lets_the_lease_go(
    run: Run, services: Services, env: dict[str, str]
) -> None:
    with command(env, "-t", "int", "-s", "3000d") as process:
        wait_for(process, lambda: len(by_title(services)) == 1, "the stream is made")
        stream = by_title(services)["Stream 0"]
        wait_for(
            process, lambda: services.readings.ends([stream])[stream.id][1] is not None, "values"
        )
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (1, "Aborted!\n")
    assert downsampling_is_free(services)


def test_a_stream_that_is_deleted_is_fed_no_more_and_the_others_are(
    run: Run, services: Services, env: dict[str, str]
) -> None:
    def latest(stream: Stream) -> int:
        return services.readings.ends([stream])[stream.id][1] or 0

    with command(env, "-t", "int,int", "-s", "1s", "-i", "0.1") as process:
        wait_for(process, lambda: len(by_title(services)) == 2, "the streams are made")
        one, other = by_title(services).values()
        services.streams.delete(one)
        before = latest(other)
        wait_for(process, lambda: latest(other) > before + 1000, "the other one goes on")
        services.streams.delete(other)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert re.findall(r"(Stream \d) was deleted|No stream (is) left", err) == [
        ("Stream 0", ""),
        ("Stream 1", ""),
        ("", "is"),
    ]


def test_a_killed_database_costs_no_datapoint(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    env = own | {"HUB_DATA_DIR": str(tmp_path)}
    opened = open_hub(Settings(data_dir=tmp_path))
    services = opened.services
    try:
        with command(env, "-t", "int", "-s", "10s", "-i", "1") as process:
            wait_for(process, lambda: len(by_title(services)) == 1, "the stream is made")
            stream = by_title(services)["Stream 0"]
            before = status(tmp_path)["mongod"]
            os.kill(before, signal.SIGKILL)
            killed = time.time()
            wait_for(
                process,
                lambda: status(tmp_path)["alive"] and status(tmp_path)["mongod"] != before,
                "the database is back",
            )

            def latest() -> int:
                with contextlib.suppress(Unavailable):
                    return services.readings.ends([stream])[stream.id][1] or 0
                return 0

            wait_for(process, lambda: latest() / 1000 > killed + 3, "values come again")
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        seconds = [datetime.fromisoformat(p["t"]).timestamp() for p in points(services, stream)]
        assert seconds == [seconds[0] + n for n in range(len(seconds))]
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("code", "may_finish", "again"), [(0, True, False), (1, True, True), (0, False, True)]
)
def test_a_part_is_started_again_unless_it_finished(
    code: int, may_finish: bool, again: bool
) -> None:
    part = Part("demo", ["sh", "-c", f"exit {code}"], may_finish=may_finish)
    part.look_after()
    assert part.process is not None
    part.process.wait(PATIENCE_S)
    part.look_after()
    part.due = 0.0
    part.look_after()
    started = part.process is not None
    part.stop()
    assert started is again
