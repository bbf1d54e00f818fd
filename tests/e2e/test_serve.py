"""The three commands as people run them: starting, stopping, administering, refusing clearly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from hub.store.mongod import acquire, find_binary, status
from tests.live import PATIENCE_S, ROOT, Live, free_port, running, wait_for, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as hub:
        parts = [*hub.children(r"gunicorn|hub\.worker"), status(tmp_path)["mongod"]]
        hub.process.send_signal(number)
        assert hub.process.wait(PATIENCE_S) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in parts)
    assert not status(tmp_path)["running"]
    assert "Traceback" not in hub.log.read_text()


def test_a_hub_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    with running(tmp_path) as hub:
        parts = wait_for(
            lambda: hub.children(r"gunicorn|hub\.worker"), lambda pids: len(pids) >= 5, "all parts"
        )
        hub.process.kill()
        hub.process.wait(PATIENCE_S)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts), "parts end")
        wait_until(lambda: not status(tmp_path)["running"], "the database stops")


def test_a_second_start_finds_what_the_first_one_stored(tmp_path: Path) -> None:
    with running(tmp_path) as hub:
        made = hub.cli("dataset", "create", "kept")
    with running(tmp_path) as hub:
        assert [d["dataset"] for d in hub.cli("dataset", "list")] == [made["dataset"]]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HUB_TYPO": "1", "HUB_WEB_WORKERS": "x"}, "HUB_TYPO: unknown; HUB_WEB_WORKERS"),
        ({"HUB_MONGOD": "/nowhere/mongod"}, "HUB_MONGOD"),
        ({"HUB_MONGO_URI": "http://x", "HUB_SECRET": "s" * 40}, "HUB_MONGO_URI"),
        ({"HUB_MONGO_URI": "mongodb://127.0.0.1:1/"}, "HUB_SECRET: required"),
    ],
)
def test_a_hub_that_cannot_start_says_why_in_a_line(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    env = os.environ | {"HUB_DATA_DIR": str(tmp_path)} | settings
    for module in ("hub.serve", "hub.worker", "hub.cli"):
        arguments = ["dataset", "list"] if module == "hub.cli" else []
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("bind", ["nonsense", "127.0.0.1:99999", "127.0.0.1:{port}"])
def test_an_address_that_cannot_be_had_is_refused(tmp_path: Path, live: Live, bind: str) -> None:
    bind = bind.format(port=live.root.rpartition(":")[2])
    env = os.environ | {"HUB_DATA_DIR": str(tmp_path), "HUB_BIND": bind}
    done = subprocess.run(
        [sys.executable, "-m", "hub.serve"],
        env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"HUB_BIND: {bind} cannot be used" in done.stderr
    assert "set it to another" in done.stderr


def test_the_command_line_does_all_that_keys_and_datasets_need(live: Live) -> None:
    made = live.cli("dataset", "create", "by hand", "--scope", "dataset:write")
    uuid = made["dataset"]
    assert live.cli("dataset", "show", uuid)["documents"] == 0
    issued = live.cli(
        "key",
        "create",
        "reader",
        "--scope",
        "dataset:read",
        "--dataset",
        uuid,
        "--expires-in",
        "2h",
    )
    rotated = live.cli("key", "rotate", issued["key_id"], "--grace", "1h")
    assert rotated["key"] != issued["key"]
    live.cli("key", "revoke", issued["key_id"], "--yes")
    keys = {key["key_id"]: key for key in live.cli("key", "list", "--dataset", uuid)}
    assert keys[issued["key_id"]]["revoked"]
    assert keys[made["key_id"]]["scopes"] == ["dataset:write"]
    live.cli("dataset", "delete", uuid, "--yes")
    assert uuid not in [d["dataset"] for d in live.cli("dataset", "list")]
    actions = [entry["action"] for entry in live.cli("audit", "--limit", "5")]
    assert actions == [
        "dataset.delete", "key.revoke", "key.rotate", "key.create", "key.create",
    ]  # fmt: skip


def test_the_worker_cleans_up_what_was_deleted(live: Live) -> None:
    made = live.cli("dataset", "create", "short-lived")
    body = json.dumps([{"n": n} for n in range(12_000)])
    command = ["curl", "-sS", "-u", f"{made['key']}:", "-X", "PUT", "--data-binary", "@-"]
    command += ["-H", "Content-Type: application/json", live.root + made["path"]]
    subprocess.run(
        command, input=body.encode(), check=True, capture_output=True, timeout=PATIENCE_S
    )
    assert live.cli("dataset", "show", made["dataset"])["documents"] == 12_000
    live.cli("dataset", "delete", made["dataset"], "--yes", "--no-wait")
    with acquire(live.data_dir) as lease, MongoClient[Any](lease.uri) as client:
        left, known = client["hub"]["documents"], client["hub"]["datasets"]
        wait_until(lambda: not left.count_documents({"_datasetid": made["dataset"]}), "the purge")
        wait_until(lambda: not known.count_documents({"_id": made["dataset"]}), "its end")


def run_cli(live: Live, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *arguments],
        env=live.env, cwd=ROOT, input=typed, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip


def test_nothing_is_deleted_without_a_yes(live: Live) -> None:
    made = live.cli("dataset", "create", "kept")
    assert run_cli(live, "dataset", "delete", made["dataset"], typed="n\n").returncode == 1
    assert run_cli(live, "key", "revoke", made["key_id"], typed="").returncode == 1
    assert live.cli("dataset", "show", made["dataset"])["keys"] == [made["key_id"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("dataset", "show", "nope"), ("dataset", "delete", "nope", "--yes"),
        ("key", "rotate", "nope"), ("key", "create", "k", "--scope", "dataset:read"),
        ("key", "create", "k", "--scope", "dataset:read", "--dataset", "nope"),
        ("key", "rotate", "nope", "--grace", "soon"), ("user", "create", "bad name"),
    ],
)  # fmt: skip
def test_a_command_that_fails_says_why(live: Live, arguments: tuple[str, ...]) -> None:
    typed = "long enough now\nlong enough now\n"
    done = run_cli(live, *arguments, typed=typed)
    assert done.returncode in (1, 2)
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_user_is_made_with_a_typed_password(live: Live) -> None:
    typed = "a long password\na long password\n"
    made = run_cli(live, "user", "create", "beth", "--staff", typed=typed)
    assert made.returncode == 0, made.stderr
    again = run_cli(live, "user", "create", "beth", typed=typed)
    assert (again.returncode, "exists" in again.stderr) == (1, True)
    (beth,) = (user for user in live.cli("user", "list") if user["name"] == "beth")
    assert (beth["staff"], beth["superuser"]) == (True, False)


def test_every_command_has_help_and_needs_arguments_to_act(live: Live) -> None:
    for command in ([], ["dataset"], ["key"], ["user"], ["dataset", "create"], ["key", "rotate"]):
        assert "Usage:" in run_cli(live, *command, "--help").stdout
        bare = run_cli(live, *command)
        assert bare.returncode == 2
        assert "Usage:" in bare.stderr


def test_a_standalone_server_serves_all_but_transactions(tmp_path: Path) -> None:
    """With HUB_MONGO_URI; the server is one that knows no replica set."""
    port, db = free_port(), tmp_path / "standalone"
    db.mkdir()
    command = [find_binary(None), "--dbpath", db, "--bind_ip", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "mongod.log").open("wb") as log:
        mongod = subprocess.Popen([*command, "--nounixsocket"], stdout=log, stderr=log)
    try:
        wait_until(lambda: port in listening(), "mongod listens")
        settings = {"HUB_MONGO_URI": f"mongodb://127.0.0.1:{port}/", "HUB_SECRET": "s" * 40}
        with running(tmp_path, **settings) as hub:
            made = hub.cli("dataset", "create", "standalone")
            url = hub.root + made["path"]
            assert put(url, made["key"], '[{"a": 1}, {"a": 2}]') == 201
            assert put(url, made["key"], '{"a": 1}') == 201
            assert put(url + "?atomic=true", made["key"], '[{"a": 1}]') == 501
            other = hub.env | {"HUB_SECRET": "t" * 40}
            done = subprocess.run(
                [sys.executable, "-m", "hub.cli", "dataset", "list"],
                env=other, cwd=ROOT, capture_output=True, text=True, check=False,
                timeout=PATIENCE_S,
            )  # fmt: skip
            assert "HUB_SECRET is not the one" in done.stderr
    finally:
        mongod.terminate()
        mongod.wait(PATIENCE_S)


def listening() -> set[int]:
    """The ports of this host at which somebody listens, found out without connecting to them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return {int(of[1].rpartition(":")[2], 16) for of in lines if of[3] == "0A"}


def put(url: str, key: str, body: str) -> int:
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-u", f"{key}:", "-X", "PUT"]
    command += ["-H", "Content-Type: application/json", "-d", body, url]
    return int(subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S).stdout)
