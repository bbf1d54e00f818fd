"""Which mongod is run, and what becomes of its log. No server is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.errors import SetupError
from hub.store.mongod import find_binary, logs
from tests.integration.test_mongod import program


class TestBinary:
    def test_nothing_anywhere_names_the_cures(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", [])
        monkeypatch.setenv("PATH", "")
        with pytest.raises(SetupError, match=r"HUB_MONGO_URI.*HUB_MONGOD.*Linux"):
            find_binary(None)

    def test_one_on_the_path_is_the_last_choice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program(tmp_path / "mongod", "echo 'db version v8.0.1'")
        monkeypatch.setattr(sys, "path", [])
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_binary(None) == tmp_path / "mongod"
        assert find_binary("mongod") == tmp_path / "mongod"

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("echo 'db version v5.0.9'", r"is MongoDB 5\.0; the hub needs 6\.0"),
            ("echo hello", "does not say which MongoDB"),
            ("echo 'libcurl.so.4: not found' >&2; exit 127", "cannot run here: libcurl.*libcurl4"),
            ("exit 1", "cannot run here: .*exit status 1"),
        ],
    )
    def test_one_that_will_not_do(self, tmp_path: Path, text: str, sentence: str) -> None:
        with pytest.raises(SetupError, match=sentence):
            find_binary(program(tmp_path / "mongod", text))

    def test_one_of_another_machine(self, tmp_path: Path) -> None:
        path = tmp_path / "mongod"
        path.write_bytes(b"\x7fELF of another kind")
        path.chmod(0o755)
        with pytest.raises(SetupError, match="cannot run here"):
            find_binary(str(path))


class TestLogs:
    def test_only_a_few_old_ones_are_kept(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        for number in range(5):
            log.write_text(str(number))
            assert logs.rotate(log, bytes_max=0, kept=2)
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
            "log.1": "4",
            "log.2": "3",
        }
        assert not logs.rotate(log)

    def test_the_last_error_wins_and_other_lives_do_not_count(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        old = b'{"s":"F","msg":"long ago"}\n'
        error = b'{"s":"E","msg":"no room","attr":{"file":1}}\n'
        fatal = b'{"s":"F","msg":"broken"}\nno json\n{}\n{"s":"F","msg":"aborting"}\n'
        log.write_bytes(old + error + fatal)
        assert logs.last_error(log, len(old)) == 'no room {"file": 1}'
        assert logs.last_error(log, len(old + error)) == "broken"
        assert logs.last_error(log, log.stat().st_size) is None
        assert logs.last_error(tmp_path / "none", 0) is None
