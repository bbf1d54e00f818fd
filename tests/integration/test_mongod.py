"""The embedded server with real processes: found, shared, killed, moved, refused.

Every process is ended by its own id; other servers on this machine are none of our business.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from hub.errors import SetupError, Unavailable
from hub.store.mongod import Lease, acquire, find_binary, logs, server, status

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120.0
DURABLE = WriteConcern(w="majority", j=True)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

USER = """
import sys
from pathlib import Path
from hub.store.mongod import acquire, status
with acquire(Path(sys.argv[1])):
    print(status(Path(sys.argv[1]))["mongod"], flush=True)
    sys.stdin.read()
"""

FULL_DISK = """
import sys
from pathlib import Path
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from hub.store.mongod import acquire, status
from tests.integration.test_mongod import until
data_dir = Path(sys.argv[1])
filler = data_dir / "filler"
with acquire(data_dir) as lease, MongoClient(lease.uri, retryWrites=False) as client:
    client.db.c.insert_one({"_id": -1})
    try:
        with open(filler, "wb", buffering=0) as file:
            while file.write(b"x" * 65536):
                pass
    except OSError:
        print("filled")
    try:
        for number in range(100_000):
            client.db.c.insert_one({"_id": number, "pad": "x" * 100_000})
    except PyMongoError:
        print("refused")
    until(lambda: "is full" in (status(data_dir)["trouble"] or ""))
    print((data_dir / "mongod" / "supervisor.log").read_text().count("is full") < 10)
    filler.unlink()
    until(lambda: status(data_dir)["alive"])
    print("found", client.db.c.find_one({"_id": -1}))
"""


def until(true: Callable[[], Any], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_all(data_dir: Path) -> None:
    """End supervisor and mongod the hard way, if they are there."""

    def gone() -> bool:
        seen = status(data_dir)
        for pid in (seen["supervisor"], seen["mongod"]):
            if pid:
                kill(pid)
        return not seen["running"]

    until(gone)


def has_ended(pid: int) -> bool:
    """Whether it runs no more; where nobody reaps orphans a dead one stays listed."""
    try:
        os.kill(pid, 0)
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def log_of(data_dir: Path) -> str:
    return (data_dir / "mongod" / "supervisor.log").read_text()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder for one server, which is gone afterwards whatever the test did."""
    folder = tmp_path / "d"
    yield folder
    kill_all(folder)


@contextmanager
def things(lease: Lease) -> Iterator[Collection[dict[str, Any]]]:
    """A collection with durable writes, on a client of its own."""
    with MongoClient[dict[str, Any]](lease.uri, serverSelectionTimeoutMS=120_000) as client:
        yield client.test.get_collection("things", write_concern=DURABLE)


@contextmanager
def user(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lease until its standard input ends."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", USER, str(data_dir)]
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:
        yield process


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def target(link: Path) -> str:
    """Where a link leads; nowhere when it is gone again."""
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


class TestRunning:
    def test_it_is_a_replica_set_with_transactions_and_change_streams(self, data_dir: Path) -> None:
        with acquire(data_dir) as lease, things(lease) as found, found.watch() as changes:
            client = found.database.client
            with client.start_session() as session, session.start_transaction():
                found.insert_one({"_id": 1}, session=session)
            assert changes.next()["documentKey"] == {"_id": 1}

    def test_the_files_are_private(self, data_dir: Path) -> None:
        with acquire(data_dir):
            root = data_dir / "mongod"
            assert root.stat().st_mode & 0o777 == 0o700
            assert (root / "m.sock").stat().st_mode & 0o077 == 0
            assert not [
                path for path in Path("/tmp").glob("mongodb-*.sock") if path.owner() is None
            ]

    def test_a_very_long_pipeline_is_refused(self, data_dir: Path) -> None:
        with acquire(data_dir) as lease, MongoClient(lease.uri) as client:
            assert list(client.x.y.aggregate([{"$limit": 1}] * 100)) == []
            with pytest.raises(OperationFailure):
                client.x.y.aggregate([{"$limit": 1}] * 101)

    @LINUX
    def test_nothing_listens_on_tcp(self, data_dir: Path) -> None:
        with acquire(data_dir):
            process = Path("/proc", str(status(data_dir)["mongod"]))
            links = [found for link in (process / "fd").iterdir() if (found := target(link))]
            tables = [(process / "net" / name).read_text() for name in ("tcp", "tcp6")]
            inodes = {row.split()[9] for table in tables for row in table.splitlines()[1:]}
            assert links
            assert not inodes & {link[8:-1] for link in links if link.startswith("socket:[")}

    @LINUX
    def test_the_supervisor_sees_none_of_our_secrets(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_SECRET", "do not tell")
        with acquire(data_dir):
            for name in ("supervisor", "mongod"):
                environ = Path("/proc", str(status(data_dir)[name]), "environ").read_bytes()
                assert b"do not tell" not in environ

    def test_eight_racing_processes_share_one_server(self, data_dir: Path) -> None:
        with ExitStack() as stack:
            users = [stack.enter_context(user(data_dir)) for _ in range(8)]
            pids = {process.stdout.readline() for process in users if process.stdout}
            assert pids == {f"{status(data_dir)['mongod']}\n"}
            assert log_of(data_dir).count("is ready") == 1

    def test_threads_of_one_process_share_one_server(self, data_dir: Path) -> None:
        with ThreadPoolExecutor(4) as pool, ExitStack() as stack:
            for lease in pool.map(lambda _: acquire(data_dir), range(4)):
                stack.enter_context(lease)
            assert log_of(data_dir).count("is ready") == 1

    def test_a_log_that_grew_too_big_is_moved_aside(self, data_dir: Path) -> None:
        log = data_dir / "mongod" / "mongod.log"
        with acquire(data_dir) as lease:
            with open(log, "ab") as file:
                file.write(b"\n" * (logs.BYTES_MAX + 1))
            until(lambda: log.with_name("mongod.log.1").exists() and log.exists())
            lease.ensure()
            assert log.stat().st_size < logs.BYTES_MAX
            assert status(data_dir)["alive"]


class TestStopping:
    def test_it_stops_cleanly_after_the_last_user_and_keeps_the_data(self, data_dir: Path) -> None:
        assert not status(data_dir)["running"]
        with acquire(data_dir) as lease, things(lease) as found:
            found.insert_one({"_id": 1})
            mongod = status(data_dir)["mongod"]
        until(lambda: not status(data_dir)["running"])
        assert has_ended(mongod)
        assert (data_dir / "mongod" / "db" / "mongod.lock").read_bytes() == b""
        with acquire(data_dir) as lease, things(lease) as found:
            assert found.find_one() == {"_id": 1}

    def test_it_stays_while_one_user_is_left(self, data_dir: Path) -> None:
        with acquire(data_dir) as left:
            with user(data_dir) as other:
                assert other.stdout
                other.stdout.readline()
            left.ensure()
            assert log_of(data_dir).count("is ready") == 1

    def test_it_stops_when_all_users_are_killed(self, data_dir: Path) -> None:
        with user(data_dir) as one, user(data_dir) as two:
            for process in (one, two):
                assert process.stdout
                assert process.stdout.readline()
                process.kill()
        until(lambda: not status(data_dir)["running"])
        assert (data_dir / "mongod" / "db" / "mongod.lock").read_bytes() == b""

    def test_a_newcomer_while_it_stops_gets_a_new_one(self, data_dir: Path) -> None:
        first = acquire(data_dir)
        old = status(data_dir)["mongod"]
        first.close()
        until(lambda: not status(data_dir)["alive"])
        with acquire(data_dir) as lease, things(lease) as found:
            found.insert_one({"_id": 1})
            assert status(data_dir)["mongod"] != old

    def test_a_supervisor_told_to_leave_stops_mongod_and_can_be_replaced(
        self, data_dir: Path
    ) -> None:
        with acquire(data_dir) as lease, things(lease) as found:
            os.kill(status(data_dir)["supervisor"], signal.SIGTERM)
            until(lambda: not status(data_dir)["running"])
            assert (data_dir / "mongod" / "db" / "mongod.lock").read_bytes() == b""
            lease.ensure()
            found.insert_one({"_id": 1})

    def test_a_mongod_that_hangs_is_killed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("db").mkdir()
        hung = server.Server(server.command(str(find_binary(None)), 0.25, 256))
        hung.await_primary(PATIENCE_S)
        os.kill(hung.pid, signal.SIGSTOP)
        hung.stop(0.2)
        assert not hung.is_running()
        assert hung.epitaph() == "mongod ended by signal 9"

    def test_a_lease_can_be_closed_twice_and_then_ensures_nothing(self, data_dir: Path) -> None:
        lease = acquire(data_dir)
        lease.close()
        lease.close()
        with pytest.raises(ValueError, match="closed"):
            lease.ensure()


class TestCrashes:
    def test_killing_mongod_under_writers_loses_nothing_acknowledged(self, data_dir: Path) -> None:
        acknowledged: list[int] = []
        enough = threading.Event()

        def write(first: int) -> None:
            for number in range(first, 10**6, 2):
                with suppress(PyMongoError):
                    found.insert_one({"_id": number})
                    acknowledged.append(number)
                if enough.is_set():
                    return

        with acquire(data_dir) as lease, things(lease) as found, ThreadPoolExecutor(2) as pool:
            writers = [pool.submit(write, first) for first in (0, 1)]
            until(lambda: len(acknowledged) > 100)
            kill(status(data_dir)["mongod"])
            before = len(acknowledged)
            until(lambda: len(acknowledged) > before + 100)
            enough.set()
            for writer in writers:
                writer.result()
            stored = {document["_id"] for document in found.find({}, {"_id": 1})}
            assert set(acknowledged) <= stored

    def test_the_supervisor_restarts_mongod_again_and_again(self, data_dir: Path) -> None:
        with acquire(data_dir) as lease, things(lease) as found:
            for number in range(3):
                old = status(data_dir)["mongod"]
                kill(old)
                until(lambda old=old: status(data_dir)["mongod"] != old)
                lease.ensure()
                found.insert_one({"_id": number})
            assert "mongod ended by signal 9" in log_of(data_dir)

    def test_a_killed_supervisor_takes_mongod_along_and_is_replaced(self, data_dir: Path) -> None:
        with acquire(data_dir) as lease, things(lease) as found:
            found.insert_one({"_id": 1})
            before = status(data_dir)
            kill(before["supervisor"])
            until(lambda: not status(data_dir)["running"])
            lease.ensure()
            found.insert_one({"_id": 2})
            after = status(data_dir)
            assert after["uri"] == before["uri"]
            assert after["mongod"] != before["mongod"]
            assert has_ended(before["mongod"])

    def test_eight_newcomers_replace_a_killed_supervisor_once(self, data_dir: Path) -> None:
        with acquire(data_dir), ExitStack() as stack:
            kill(status(data_dir)["supervisor"])
            users = [stack.enter_context(user(data_dir)) for _ in range(8)]
            pids = {process.stdout.readline() for process in users if process.stdout}
            assert pids == {f"{status(data_dir)['mongod']}\n"}
            assert log_of(data_dir).count("is ready") == 2

    def test_killing_both_leaves_a_stale_socket_and_ensure_recovers(self, data_dir: Path) -> None:
        with acquire(data_dir) as lease, things(lease) as found:
            found.insert_one({"_id": 1})
            kill_all(data_dir)
            assert (data_dir / "mongod" / "m.sock").is_socket()
            assert (data_dir / "mongod" / "state.json").exists()
            lease.ensure()
            assert found.find_one() == {"_id": 1}

    def test_everyone_killed_at_once(self, data_dir: Path) -> None:
        with user(data_dir) as process:
            assert process.stdout
            assert process.stdout.readline()
            kill_all(data_dir)
            process.kill()
        with acquire(data_dir) as lease, things(lease) as found:
            found.insert_one({"_id": 1})

    def test_killed_in_the_middle_of_the_very_first_start(self, data_dir: Path) -> None:
        with user(data_dir):
            until(lambda: status(data_dir)["mongod"])
            seen = status(data_dir)
            kill(seen["mongod"])
            kill(seen["supervisor"])
            with acquire(data_dir) as lease, things(lease) as found:
                found.insert_one({"_id": 1})

    def test_a_full_disk_is_named_and_waited_out(self, tmp_path: Path) -> None:
        shell = 'mount -t tmpfs -o size=160m none "$1" && exec "$2" -c "$3" "$1"'
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell, "sh"]
        if not shutil.which("unshare") or subprocess.run([*command[:4], "true"]).returncode:
            end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            end("no user namespaces here")
        ran = subprocess.run(
            [*command, str(tmp_path), sys.executable, FULL_DISK],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        lines = ran.stdout.splitlines()
        assert lines == ["filled", "refused", "True", "found {'_id': -1}"], ran.stderr


class TestPlaces:
    def test_the_folder_can_be_moved_while_it_is_stopped(
        self, data_dir: Path, tmp_path: Path
    ) -> None:
        with acquire(tmp_path / "old") as lease, things(lease) as found:
            found.insert_one({"_id": 1})
        until(lambda: not status(tmp_path / "old")["running"])
        (tmp_path / "old").rename(data_dir)
        with acquire(data_dir) as lease, things(lease) as found:
            assert found.find_one() == {"_id": 1}
            found.insert_one({"_id": 2})

    def test_a_long_path_goes_through_a_short_link(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="m") as short:
            monkeypatch.setattr(tempfile, "tempdir", short)
            folder = tmp_path / ("long" * 30)
            with acquire(folder) as lease, things(lease) as found:
                found.insert_one({"_id": 1})
                assert len(lease.uri) < 120
                kill(status(folder)["mongod"])
                found.insert_one({"_id": 2})
                kill_all(folder)
                shutil.rmtree(Path(short, f"hub-{os.getuid()}"))
                lease.ensure()
                assert found.count_documents({}) == 2
            until(lambda: not status(folder)["running"])

    def test_a_link_folder_open_to_others_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        shared = tmp_path / f"hub-{os.getuid()}"
        shared.mkdir()
        shared.chmod(0o777)
        with pytest.raises(SetupError, match="not private"):
            acquire(tmp_path / ("long" * 30))

    @pytest.mark.parametrize("name", ["mongod/users.lock", "mongod/sup.lock"])
    def test_a_data_directory_that_cannot_be_used_is_refused(
        self, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / name).mkdir(parents=True)
        with pytest.raises(SetupError, match=r"HUB_DATA_DIR: .*Is a directory"):
            acquire(tmp_path)

    def test_a_data_directory_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SetupError, match=r"HUB_DATA_DIR: .*Not a directory"):
            acquire(tmp_path / "file" / "data")


class TestRefusals:
    def test_a_directory_in_use_by_another_mongod_is_left_alone(self, data_dir: Path) -> None:
        lock = data_dir / "mongod" / "db" / "mongod.lock"
        lock.parent.mkdir(parents=True)
        with open(lock, "w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(SetupError, match="another mongod is still using"):
                acquire(data_dir, timeout_s=1)
        with acquire(data_dir) as lease:
            lease.ensure()
            assert status(data_dir)["trouble"] is None

    def test_a_mongod_that_fails_to_start_is_given_up_with_its_reason(
        self, data_dir: Path, tmp_path: Path
    ) -> None:
        real = find_binary(None)
        text = f'[ "$1" = --version ] && exec "{real}" --version\nexit 3'
        with pytest.raises(SetupError, match="mongod ended with code 3"):
            acquire(data_dir, mongod=program(tmp_path / "bad", text))

    def test_too_few_files_are_named(self, data_dir: Path) -> None:
        ran = subprocess.run(
            ["sh", "-c", 'ulimit -n 256 && exec "$1" -c "$2" "$3"', "sh", sys.executable, USER,
             str(data_dir)],
            cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert "mongod needs 1024 open files, and may have 256" in ran.stderr

    def test_what_mongod_logged_about_its_end_is_told(self, data_dir: Path) -> None:
        (data_dir / "mongod" / "db").mkdir(parents=True)
        (data_dir / "mongod" / "db" / "WiredTiger.turtle").mkdir()
        with pytest.raises(SetupError, match=r"mongod ended .*: .*WiredTiger"):
            acquire(data_dir)

    def test_a_program_that_is_missing_leaves_no_lock_behind(self, data_dir: Path) -> None:
        with pytest.raises(SetupError, match="HUB_MONGOD: /no/such is not a program"):
            acquire(data_dir, mongod="/no/such")
        with acquire(data_dir):
            assert status(data_dir)["alive"]

    def test_a_supervisor_that_always_crashes_is_given_up(self, data_dir: Path) -> None:
        (data_dir / "mongod" / "db" / "mongod.lock").mkdir(parents=True)
        with pytest.raises(SetupError, match="supervisor of mongod ends at once"):
            acquire(data_dir)

    @pytest.mark.parametrize(
        ("name", "sentence"), [("users.lock", "still stopping"), ("sup.lock", "not ready in time")]
    )
    def test_waiting_has_an_end(self, tmp_path: Path, name: str, sentence: str) -> None:
        (tmp_path / "mongod").mkdir()
        with open(tmp_path / "mongod" / name, "w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(Unavailable, match=sentence):
                acquire(tmp_path, timeout_s=0.1)
