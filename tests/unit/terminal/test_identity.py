"""As whom programs run."""

from __future__ import annotations

import os
import pwd

import pytest

from hub.terminal.identity import NoIdentity, identity, program

ROOT = os.geteuid() == 0


def test_nobody_of_that_name() -> None:
    with pytest.raises(NoIdentity, match="no user"):
        identity("no-such-user-here")


def test_root_is_not_whom_programs_run_as() -> None:
    with pytest.raises(NoIdentity, match="as root"):
        identity("root")


def test_root_must_name_somebody_and_others_are_themselves() -> None:
    if ROOT:
        with pytest.raises(NoIdentity, match="name a user"):
            identity(None)
        assert identity(None, root_allowed=True).change == {}
    else:
        assert identity(None).change == {}


def test_only_root_becomes_others() -> None:
    nobody = pwd.getpwnam("nobody")
    if ROOT:
        found = identity("nobody")
        assert (found.uid, found.change["user"]) == (nobody.pw_uid, nobody.pw_uid)
        assert found.change["group"] == nobody.pw_gid
        assert 0 not in found.change["groups"]
    else:
        with pytest.raises(NoIdentity, match="only root"):
            identity("nobody")


def test_the_environment_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET", "s" * 40)
    given = identity(None, root_allowed=True).environment("/bin/sh")
    assert given.keys() == {"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
    assert "s" * 40 not in given.values()


@pytest.mark.parametrize(
    ("name", "found"), [("sh", True), ("/bin/sh", True), ("no-such-program", False)]
)
def test_programs_are_found_by_a_path_of_their_own(
    name: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert (program(name) is not None) == found
