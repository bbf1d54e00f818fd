"""``hub import observations``: rows out of files, checked, each stored once whatever happens."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from pymongo.database import Database

from hub.cli.root import hub
from hub.cli.sample.rows import rows
from hub.cli.sample.tables import themes
from hub.errors import Conflict, NotFound
from hub.ingest.stamp import Clock
from hub.observations.columns import NAMES
from hub.services import Services
from hub.services.observing.importing import BATCH, Taking, Tally
from hub.settings import Settings
from hub.store.observations.imports import Pending
from tests.live import ROOT, wait_until
from tests.observations import at, row

Run = Callable[..., Any]
PARTS = ("year", "month", "day", "hour", "minute", "second")
ADDED = ("_id", "_datasetid", "_observation", "_timestamp", *(f"_timestamp_{p}" for p in PARTS))


@pytest.fixture(scope="module")
def env(settings: Settings) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return own | {
        "HUB_MONGO_URI": str(settings.mongo_uri),
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": str(settings.secret),
    }


@pytest.fixture
def into(services: Services) -> str:
    return services.datasets.create("observations", kind="observations").dataset.uuid


@pytest.fixture
def run(env: dict[str, str], into: str) -> Run:
    """Imports a file in this process; its JSON, or its error output where there is none."""

    def invoked(file: Path, *options: str, status: int = 0) -> Any:
        arguments = ["import", "observations", str(file), "--dataset", into, "--json", *options]
        done = CliRunner().invoke(hub, arguments, env=env)
        assert done.exit_code == status, done.output
        return orjson.loads(done.stdout) if done.stdout else done.stderr

    return invoked


def sample(count: int) -> Iterator[dict[str, Any]]:
    theme = themes()[0]
    return islice(rows(7, 0, theme, theme.name), count)


def written(path: Path, found: Any, columns: Any = NAMES, **form: Any) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, **form)
        writer.writeheader()
        writer.writerows(found)
    return path


def stored(database: Database, dataset: str) -> list[dict[str, Any]]:
    """The rows as they were sent, in the order of ``Id``."""
    found = database.documents.find({"_datasetid": dataset}, dict.fromkeys(ADDED, 0))
    return list(found.sort("_observation.Id"))


def names(found: list[dict[str, Any]]) -> list[str]:
    return [row["MonitoringLocationID"] for row in found]


def test_a_file_is_stored_as_it_stands(run: Run, database: Database, into: str, tmp_path: Path):
    told = run(written(tmp_path / "f.csv", sample(5_000)))
    assert (told["stored"], told["refused"], told["rules"]) == (5_000, 0, [])
    assert stored(database, into) == list(sample(5_000))


def test_columns_stand_in_any_order(run: Run, database: Database, into: str, tmp_path: Path):
    run(written(tmp_path / "f.csv", [row()], [*row()][::-1]))
    assert stored(database, into) == [row()]


@pytest.mark.parametrize(
    ("before", "ending"), [("\ufeff", "\n"), ("", "\r\n"), ("", "\n"), ("\ufeff", "\r\n")]
)
def test_byte_order_marks_and_line_ends_do_not_matter(
    run: Run, database: Database, into: str, tmp_path: Path, before: str, ending: str
):
    text = io.StringIO()
    writer = csv.DictWriter(text, [*row()], lineterminator=ending)
    writer.writeheader()
    writer.writerows([row(), at("B")])
    (tmp_path / "f.csv").write_bytes((before + text.getvalue()).encode())
    run(tmp_path / "f.csv")
    assert names(stored(database, into)) == ["BOW-01", "B"]


def test_a_quoted_cell_holds_line_breaks(run: Run, database: Database, into: str, tmp_path: Path):
    comment = 'ice, "thin"\nand grey'
    run(written(tmp_path / "f.csv", [row(ResultComment=comment), at("B")]))
    assert [r.get("ResultComment") for r in stored(database, into)] == [comment, None]


def test_rows_with_errors_are_told_and_the_others_stored(
    run: Run, database: Database, into: str, tmp_path: Path
):
    bad = [at("B", ResultUnit=None), at("C", ResultValue="warm"), at("D", ActivityMediaName="Tea")]
    told = run(written(tmp_path / "f.csv", [at("A"), *bad, at("E")]), status=1)
    assert (told["stored"], told["refused"]) == (2, 3)
    assert names(stored(database, into)) == ["A", "E"]
    found = [(each["row"], each["column"], each["value"], each["rule"]) for each in told["first"]]
    assert found[:1] == [(3, "ResultUnit", None, "result_unit")]
    assert (4, "ResultValue", "warm", "type") in found
    assert (5, "ActivityMediaName", "Tea", "enumeration") in found


def test_the_report_holds_what_the_screen_does_not(run: Run, tmp_path: Path):
    bad = [at(f"S{number}", ActivityMediaName="=Tea") for number in range(30)]
    report = tmp_path / "findings.csv"
    told = run(written(tmp_path / "f.csv", bad), "--report", str(report), status=1)
    assert len(told["first"]) == 20
    assert told["rules"] == [{"severity": "error", "rule": "enumeration", "count": 30}]
    with report.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [int(each["row"]) for each in found] == list(range(2, 32))
    assert {each["value"] for each in found} == {"'=Tea"}
    assert list(found[0]) == ["row", "column", "value", "rule", "severity", "message"]


def test_a_warning_refuses_nothing(run: Run, database: Database, into: str, tmp_path: Path):
    told = run(written(tmp_path / "f.csv", [row(CharacteristicName="Unheard of")]))
    assert told["rules"][0]["severity"] == "warning"
    assert len(stored(database, into)) == 1


def test_people_get_a_table(env: dict[str, str], into: str, tmp_path: Path):
    file = written(tmp_path / "f.csv", [at("A"), at("B", ResultUnit=None)])
    arguments = ["import", "observations", str(file), "--dataset", into]
    done = CliRunner().invoke(hub, arguments, env=env)
    assert done.exit_code == 1
    assert "Stored 1 of 2 rows." in done.stdout
    assert "result_unit" in done.stdout.splitlines()[1]


def test_all_or_nothing_stores_nothing(run: Run, database: Database, into: str, tmp_path: Path):
    good = [at(f"S{number}") for number in range(BATCH)]
    file = written(tmp_path / "f.csv", [*good, at("X", ResultUnit=None)])
    told = run(file, "--all-or-nothing", status=1)
    assert (told["note"], told["stored"], told["refused"]) == ("Nothing was stored.", 0, 1)
    assert told["first"][0]["row"] == BATCH + 2
    assert stored(database, into) == []


def test_all_or_nothing_stores_all(run: Run, database: Database, into: str, tmp_path: Path):
    report = tmp_path / "findings.csv"
    file = written(tmp_path / "f.csv", [at("A"), at("B", CharacteristicName="Unheard of")])
    run(file, "--all-or-nothing", "--report", str(report))
    assert names(stored(database, into)) == ["A", "B"]
    assert len(report.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "no_header"),
        ("\n\n", "no_header"),
        ("a;b\n1;2\n", "separator"),
        (",".join(n for n in NAMES if n != "DatasetName") + "\n", "missing_column"),
        (",".join([*NAMES, "DatasetNam"]) + "\n", "unknown_column"),
        (",".join([*NAMES, "DatasetName"]) + "\n", "repeated_column"),
    ],
)
def test_a_wrong_header_is_told(run: Run, tmp_path: Path, text: str, rule: str):
    (tmp_path / "f.csv").write_text(text)
    told = run(tmp_path / "f.csv", status=1)
    assert (told["stored"], told["note"]) == (0, "The header is wrong; nothing was stored.")
    assert {each["rule"] for each in told["first"]} == {rule}
    assert {each["row"] for each in told["first"]} == {1}


def test_a_header_alone_is_no_error(run: Run, tmp_path: Path):
    assert run(written(tmp_path / "f.csv", []))["stored"] == 0


def test_a_dataset_of_documents_is_refused(
    run: Run, services: Services, env: dict[str, str], tmp_path: Path
):
    plain = services.datasets.create("plain").dataset.uuid
    file = written(tmp_path / "f.csv", [row()])
    done = CliRunner().invoke(
        hub, ["import", "observations", str(file), "--dataset", plain], env=env
    )
    assert (done.exit_code, "not one of observations" in done.stderr) == (1, True)


def test_the_same_file_again_stores_nothing(
    run: Run, database: Database, into: str, tmp_path: Path
):
    file = written(tmp_path / "f.csv", [at("A"), at("B", ResultUnit=None)])
    first = run(file, status=1)
    again = run(file, status=1)
    assert "imported before" in again["note"]
    assert again["rules"] == first["rules"]
    assert names(stored(database, into)) == ["A"]


def test_a_report_of_a_file_that_was_imported_is_whole(run: Run, tmp_path: Path):
    file = written(tmp_path / "f.csv", [at("A"), at("B", ResultUnit=None)])
    run(file, status=1)
    run(file, "--report", str(tmp_path / "findings.csv"), status=1)
    assert len((tmp_path / "findings.csv").read_text().splitlines()) == 2


def test_resume_needs_something_to_go_on_with(run: Run, tmp_path: Path):
    file = written(tmp_path / "f.csv", [row()])
    assert "nothing was imported yet" in run(file, "--resume", status=1)


def test_kill_in_the_middle_and_again_stores_each_row_once(
    env: dict[str, str], run: Run, database: Database, into: str, tmp_path: Path
):
    count = 20_000
    wanted = list(sample(count))
    for number in range(5, count, 997):
        wanted[number]["ActivityMediaName"] = "Tea"
    file, report = written(tmp_path / "f.csv", wanted), tmp_path / "findings.csv"
    command = [sys.executable, "-m", "hub.cli", "import", "observations", str(file)]
    with subprocess.Popen(
        [*command, "--dataset", into, "--report", str(report)], env=env, cwd=ROOT
    ) as process:
        try:
            wait_until(
                lambda: (
                    database.documents.count_documents({"_datasetid": into}) > BATCH + BATCH / 4
                    or process.poll() is not None
                ),
                "some rows are stored",
            )
        finally:
            process.send_signal(signal.SIGKILL)
    assert 0 < len(stored(database, into)) < count - 50
    told = run(file, "--resume", "--report", str(report), status=1)
    good = [each for each in wanted if each["ActivityMediaName"] != "Tea"]
    assert (told["stored"], told["refused"]) == (len(good), count - len(good))
    assert stored(database, into) == good
    with report.open(newline="") as lines:
        refused = [int(each["row"]) for each in csv.DictReader(lines)]
    assert refused == [number + 2 for number in range(5, count, 997)]


def taken(services: Services, into: str, source: str) -> Taking:
    return services.importing.taking(into, source)


def test_a_batch_that_was_torn_is_made_whole_with_the_same_ids(
    services: Services, database: Database, into: str, tmp_path: Path
):
    found = list(sample(BATCH + 100))
    file = written(tmp_path / "f.csv", found)
    torn = taken(services, into, "torn")
    torn.store(found[:BATCH], BATCH)
    ids = [each["_id"] for each in database.documents.find({"_datasetid": into}).sort("_id")]
    database.documents.delete_many({"_id": {"$in": ids[700:]}})
    with file.open("rb") as stream:
        for _ in services.importing.run(taken(services, into, "torn"), stream, Tally()):
            pass
    again = [each["_id"] for each in database.documents.find({"_datasetid": into}).sort("_id")]
    assert again[:BATCH] == ids
    assert len(again) == len(found)


def test_of_two_at_once_one_is_told(services: Services, into: str, tmp_path: Path):
    file = written(tmp_path / "f.csv", sample(3 * BATCH))
    first, second = taken(services, into, "twice"), taken(services, into, "twice")
    with file.open("rb") as one:
        for _ in services.importing.run(first, one, Tally()):
            pass
    with file.open("rb") as other, pytest.raises(Conflict, match="somebody else"):
        for _ in services.importing.run(second, other, Tally()):
            pass
    assert services.datasets.count(into, budget_ms=10_000) == 3 * BATCH


def test_nothing_goes_into_a_dataset_that_was_deleted_meanwhile(services: Services):
    uuid = services.datasets.create("gone", kind="observations").dataset.uuid
    taking = taken(services, uuid, "gone")
    services.datasets.delete(uuid)

    def is_refused() -> bool:
        try:
            taking.store([], 1)
        except NotFound:
            return True
        return False

    wait_until(is_refused, "it is known that the dataset is gone")


def test_a_position_moves_only_from_where_it_stands(services: Services, into: str):
    imports = services.importing.imports
    start = imports.at(into, "cas")
    claimed = imports.claim(start, Pending(3, Clock().arrival()))
    imports.done(claimed, row=4, offset=9, facts={})
    for stale in (
        lambda: imports.claim(start, Pending(3, Clock().arrival())),
        lambda: imports.done(claimed, row=4, offset=9, facts={}),
    ):
        with pytest.raises(Conflict, match="somebody else"):
            stale()


FLAT = """
import resource, sys
from hub.cli.root import hub
limit = int(sys.argv.pop(1)) << 20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
hub(prog_name="hub")
"""
"""The command with so many MiB of memory of its own."""


def test_memory_does_not_grow_with_the_file(
    env: dict[str, str], into: str, services: Services, tmp_path: Path
):
    file = tmp_path / "f.csv"
    padded = [at(f"S{number}", ResultComment="x" * 4_000) for number in range(100)]
    written(file, (row for _ in range(250) for row in padded), [*padded[0]])
    assert file.stat().st_size > 100_000_000
    done = subprocess.run(
        [
            *(sys.executable, "-c", FLAT, "256"),
            *("import", "observations", str(file), "--dataset", into),
        ],
        env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert services.datasets.count(into, budget_ms=10_000) == 25_000
