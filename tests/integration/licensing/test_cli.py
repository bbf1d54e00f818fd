"""The command line of licences: from an issuer's key to a hub that shows whom it is licensed to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.root import hub
from hub.services import Services
from hub.services.licensing import keys
from hub.services.licensing.licences import read
from hub.services.licensing.signing import public_key
from hub.settings import Settings
from tests.licences import CLAIMS, HEADER, ISSUER, ISSUER_TEXT, text_of

FOREVER = ("--to", "Springwater works", "--json")


@pytest.fixture
def run(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command on the database of the tests, of a hub that trusts the issuer."""
    monkeypatch.setenv("HUB_MONGO_URI", settings.mongo_uri or "")
    monkeypatch.setenv("HUB_MONGO_DB", settings.mongo_db)
    monkeypatch.setenv("HUB_SECRET", settings.secret or "")
    monkeypatch.setenv("HUB_LICENSE_PUBLIC_KEY", ISSUER_TEXT)

    def command(*arguments: object) -> Result:
        return CliRunner().invoke(hub, ["license", *map(str, arguments)])

    return command


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The issuer's key in its file."""
    path = tmp_path / "issuer.pem"
    path.write_bytes(keys.written(ISSUER))
    path.chmod(0o600)
    return path


@pytest.fixture
def request_file(tmp_path: Path, services: Services) -> Path:
    """The answer of the hub, as it is."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps(services.system.licensing.request()))
    return path


def value(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_key_is_made_for_its_owner_alone(run: Any, tmp_path: Path):
    path = tmp_path / "new.pem"
    made = value(run("keygen", path, "--json"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert made == {"public_key": keys.public(keys.read(path.read_bytes())), "file": str(path)}
    assert path.read_text() not in json.dumps(made)


def test_no_key_is_overwritten(run: Any, key: Path):
    result = run("keygen", key)
    assert (result.exit_code, key.read_bytes()) == (1, keys.written(ISSUER))
    assert "exists" in result.output


@pytest.mark.parametrize("signed_part", [False, True])
def test_from_a_request_to_a_hub_that_is_licensed(
    run: Any, key: Path, request_file: Path, tmp_path: Path, signed_part: bool
):
    if signed_part:
        request_file.write_text(json.loads(request_file.read_text())["request"] + "\n")
    options = ("--to", "Springwater works", "--from", "2020-01-01", "--until", "2999-12-31")
    issued = run("issue", key, request_file, *options)
    license_file = tmp_path / "license.txt"
    license_file.write_text(issued.stdout)
    told = value(run("install", license_file, "--json"))
    assert told["state"] == "valid"
    assert told["license"]["issued_to"] == "Springwater works"
    assert told["license"]["from"].startswith("2020-01-01T00:00:00")
    assert told["license"]["until"].startswith("2999-12-31T00:00:00")
    assert value(run("show", "--json")) == told
    assert "valid" in run("show").output


def test_without_times_it_is_good_from_now_on(run: Any, key: Path, request_file: Path):
    text = value(run("issue", key, request_file, *FOREVER))["license"]
    found = read(text, public_key(ISSUER_TEXT))
    assert (found.start, found.end) == (found.issued, None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_signs_nothing(
    run: Any, key: Path, request_file: Path, mode: int
):
    key.chmod(mode)
    result = run("issue", key, request_file, *FOREVER)
    assert result.exit_code == 1
    assert "chmod 600" in result.output


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"request": 1}', b"\xff", b"a.b.c", b'"x"', b"{" * 9]
)
def test_what_is_no_request(run: Any, key: Path, request_file: Path, content: bytes):
    request_file.write_bytes(content)
    result = run("issue", key, request_file, *FOREVER)
    assert (result.exit_code, "Error: " in result.output) == (1, True)


def test_a_request_that_was_altered(run: Any, key: Path, request_file: Path):
    told = json.loads(request_file.read_text())
    head, body, signature = told["request"].split(".")
    request_file.write_text(json.dumps(told | {"request": f"{head}.{body[:-4]}.{signature}"}))
    assert run("issue", key, request_file, *FOREVER).exit_code == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--to", ""),
        ("--to", "a\nb"),
        ("--to", "x", "--until", "1999-01-01"),
        ("--to", "x", "--from", "2030-01-01", "--until", "2030-01-01"),
        ("--to", "x", "--until", "tomorrow"),
        (),
    ],
)
def test_options_that_make_no_licence(
    run: Any, key: Path, request_file: Path, options: tuple[str, ...]
):
    assert run("issue", key, request_file, *options).exit_code == 2


@pytest.mark.parametrize("missing", ["key", "request"])
def test_a_file_that_is_not_there(
    run: Any, key: Path, request_file: Path, tmp_path: Path, missing: str
):
    files = {"key": key, "request": request_file} | {missing: tmp_path / "nowhere"}
    result = run("issue", *files.values(), *FOREVER)
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)


def test_a_key_file_without_a_key(run: Any, key: Path, request_file: Path):
    key.write_text("no key")
    result = run("issue", key, request_file, *FOREVER)
    assert (result.exit_code, "no private key" in result.output) == (1, True)


def test_a_request_on_the_command_line_is_one_that_is_issued_for(
    run: Any, key: Path, services: Services, tmp_path: Path
):
    told = value(run("request", "--json"))
    assert told["instance"] == services.system.licensing.standing().instance
    assert told.keys() == services.system.licensing.request().keys()
    path = tmp_path / "bare.txt"
    path.write_text(run("request").stdout)
    text = value(run("issue", key, path, *FOREVER))["license"]
    assert read(text, public_key(ISSUER_TEXT)).instance == told["instance"]


def test_one_that_is_removed(run: Any, key: Path, request_file: Path, tmp_path: Path):
    license_file = tmp_path / "license.txt"
    license_file.write_text(run("issue", key, request_file, *FOREVER[:2]).stdout)
    assert value(run("install", license_file, "--json"))["state"] == "valid"
    assert value(run("remove", "--json"))["state"] == "none"
    assert value(run("show", "--json"))["state"] == "none"
    again = run("remove")
    assert (again.exit_code, again.stderr) == (1, "Error: no licence is installed\n")


@pytest.mark.parametrize("content", [b"x", b"\xff", text_of(HEADER, CLAIMS).encode()])
def test_what_is_not_installed(run: Any, tmp_path: Path, content: bytes):
    license_file = tmp_path / "license.txt"
    license_file.write_bytes(content)
    result = run("install", license_file)
    assert (result.exit_code, "Error: " in result.output) == (1, True)
