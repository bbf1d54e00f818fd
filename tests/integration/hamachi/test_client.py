"""The program is called in its turn, bounded, without our secrets; a fake one on PATH replays what
others recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from hub.errors import HamachiError, HamachiTimeout, HamachiUnavailable
from hub.hamachi.client import OUTPUT_BYTES_MAX, TRIES, Hamachi
from hub.hamachi.parsing import Outcome
from tests.hamachi import DOWN, LIST, NO_RIGHTS, STATUS, Fake, step
from tests.live import ROOT, wait_until

BUSY = step("Joining net .. failed, busy\n")


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake.made(tmp_path)


@pytest.fixture
def hamachi(fake: Fake) -> Hamachi:
    return Hamachi(fake.command, fake.folder / "data")


def reason(failure: pytest.ExceptionInfo[HamachiUnavailable]) -> object:
    return failure.value.detail["reason"]


def test_how_it_is_called(fake: Fake, hamachi: Hamachi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET", "s" * 40)
    fake.prints(step(STATUS))
    assert hamachi.status().client_id == "230-321-123"
    (call,) = fake.calls
    assert call["args"] == []
    assert call["env"] == {"LC_ALL": "C", "PATH": os.defpath}
    assert call["cwd"] == "/"


def test_it_is_found_on_the_path(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{fake.folder}:{os.environ['PATH']}")
    fake.prints(step(LIST))
    assert len(Hamachi("hamachi", fake.folder / "data").networks()) == 3


@pytest.mark.parametrize("word", ["$(touch x)", "a b; c", "'\"`\\", "ü", "*"])
def test_words_come_as_they_are(fake: Fake, hamachi: Hamachi, word: str) -> None:
    fake.prints(step("Joining .. ok"))
    assert hamachi.join(word, word) == Outcome(True, None)
    assert hamachi.leave(word) == Outcome(True, None)
    assert fake.asked == [["do-join", word, word], ["leave", word]]


def test_what_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(HamachiUnavailable) as failure:
        Hamachi("hamachi-that-is-not", tmp_path / "data").status()
    assert reason(failure) == "not_installed"
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_run(fake: Fake, hamachi: Hamachi) -> None:
    program = Path(fake.command)
    program.write_text("#!/nowhere/at-all\n")
    with pytest.raises(HamachiUnavailable) as failure:
        hamachi.status()
    assert reason(failure) == "not_installed"


def test_what_is_on_a_relative_path_is_not_run(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fake.folder)
    for path, command in (("", "hamachi"), (".", "hamachi"), ("/bin", "./hamachi")):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(HamachiUnavailable) as failure:
            Hamachi(command, fake.folder / "data").status()
        assert reason(failure) == "not_installed"
    assert fake.calls == []


def test_what_is_replaced_is_what_is_called_next(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(step(STATUS))
    assert hamachi.status().pid == 25585
    program = Path(fake.command)
    old = program.rename(fake.folder / "old")
    with pytest.raises(HamachiUnavailable) as failure:
        hamachi.status()
    assert reason(failure) == "not_installed"
    old.rename(program)
    assert hamachi.status().pid == 25585


IN_ASCII = """
import sys
from pathlib import Path
from hub.hamachi.client import Hamachi
assert sys.getfilesystemencoding() == "ascii"
print(Hamachi(sys.argv[1], Path(sys.argv[2])).join("\\u6c34", "\\xfc").done)
"""


def test_words_come_as_they_are_whatever_the_language_of_the_hub(fake: Fake) -> None:
    fake.prints(step("Joining .. ok"))
    done = subprocess.run(
        [sys.executable, "-c", IN_ASCII, fake.command, str(fake.folder / "data")],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (b"True\n", b"")
    assert fake.asked == [["do-join", "\u6c34", "\xfc"]]


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize(("text", "why"), [(DOWN, "not_running"), (NO_RIGHTS, "no_rights")])
@pytest.mark.parametrize("errors", [False, True])
def test_what_does_not_run_or_is_not_allowed(
    fake: Fake, hamachi: Hamachi, text: str, why: str, errors: bool, code: int
) -> None:
    fake.prints(step("" if errors else text, err=text if errors else "", code=code))
    with pytest.raises(HamachiUnavailable) as failure:
        hamachi.networks()
    assert reason(failure) == why


@pytest.mark.parametrize("printed", [step("hm?\n"), step("", code=3), step(b"\xff\xfe\0", code=1)])
def test_what_is_not_understood(fake: Fake, hamachi: Hamachi, printed: dict[str, object]) -> None:
    fake.prints(printed)
    for ask in (hamachi.status, hamachi.networks, lambda: hamachi.leave("net")):
        with pytest.raises(HamachiError) as failure:
            ask()
        assert failure.value.detail == {"exit_code": printed["code"]}


@pytest.mark.parametrize("code", [0, 1, 255])
def test_the_text_counts_more_than_the_exit_code(fake: Fake, hamachi: Hamachi, code: int) -> None:
    fake.prints(step("Leaving net .. ok\n", code=code))
    assert hamachi.leave("net").done


def test_a_name_that_was_cut_in_a_character(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(step(LIST.encode().replace(b"Andrew", b"Andr\xc3")))
    assert hamachi.networks()[1].members[0].nickname == "Andr\ufffd"


def test_busy_is_tried_again(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(BUSY, BUSY, step("Joining net .. ok\n"))
    assert hamachi.join("net", "").done
    assert fake.asked == [["do-join", "net", ""]] * 3


def test_busy_for_good(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(BUSY)
    with pytest.raises(HamachiUnavailable) as failure:
        hamachi.join("net", "")
    assert reason(failure) == "busy"
    assert len(fake.calls) == TRIES


@pytest.mark.parametrize("stream", ["out", "err"])
def test_output_without_end_is_cut_off(fake: Fake, hamachi: Hamachi, stream: str) -> None:
    fake.prints(step("", code=0, times=10 * OUTPUT_BYTES_MAX // 1024) | {stream: "78" * 1024})
    with pytest.raises(HamachiError) as failure:
        hamachi.status()
    assert failure.value.detail == {"max": OUTPUT_BYTES_MAX}
    assert fake.calls == []


def test_who_does_not_answer_is_killed_with_all_that_it_started(fake: Fake) -> None:
    fake.prints(step(STATUS, forever=True, sleep=600))
    with pytest.raises(HamachiTimeout):
        Hamachi(fake.command, fake.folder / "data", timeout_s=4.0).status()
    group = int((fake.folder / "pgid").read_text())
    wait_until(lambda: not is_alive(group), "the whole group is gone")
    assert fake.calls == []


def is_alive(group: int) -> bool:
    """Whether a process of the group runs; one that is dead and not yet buried does not."""
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, NotADirectoryError):
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            return True
    return False


def test_who_ends_and_leaves_a_child_with_its_output_is_no_answer(fake: Fake) -> None:
    fake.prints(step(STATUS, forever=True))
    with pytest.raises(HamachiTimeout):
        Hamachi(fake.command, fake.folder / "data", timeout_s=4.0).status()
    group = int((fake.folder / "pgid").read_text())
    wait_until(lambda: not is_alive(group), "the child is gone")


def test_nothing_is_left_of_who_ends_well(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(step(STATUS, leaves=True))
    assert hamachi.status().pid == 25585
    group = int((fake.folder / "pgid").read_text())
    wait_until(lambda: not is_alive(group), "the child is gone")


def test_who_closes_its_output_and_does_not_end_is_killed(fake: Fake) -> None:
    fake.prints(step(STATUS, leaves=True, lingers=600))
    with pytest.raises(HamachiTimeout):
        Hamachi(fake.command, fake.folder / "data", timeout_s=4.0).status()
    group = int((fake.folder / "pgid").read_text())
    wait_until(lambda: not is_alive(group), "the whole group is gone")


def test_who_ignores_signals_is_killed(fake: Fake) -> None:
    fake.prints(step(STATUS, deaf=True, forever=True, sleep=600))
    with pytest.raises(HamachiTimeout):
        Hamachi(fake.command, fake.folder / "data", timeout_s=4.0).status()
    group = int((fake.folder / "pgid").read_text())
    wait_until(lambda: not is_alive(group), "the whole group is gone")


def test_it_has_no_terminal_to_ask_for_a_password(fake: Fake, hamachi: Hamachi) -> None:
    fake.prints(step("Joining net .. ok", asks=True))
    assert hamachi.join("net", "").done
    assert (fake.folder / "terminal").read_text() == "none"


def test_one_call_at_a_time(fake: Fake) -> None:
    fake.prints(step(STATUS, sleep=0.1))
    each = [Hamachi(fake.command, fake.folder / "data", turn_s=120.0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda one: one.status(), each))) == 4
    spans = sorted((call["from"], call["to"]) for call in fake.calls)
    assert len(spans) == 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_who_does_not_get_a_turn(fake: Fake) -> None:
    fake.prints(step(STATUS, sleep=600, forever=True))
    first = Hamachi(fake.command, fake.folder / "data", timeout_s=6.0)
    calling = threading.Thread(target=lambda: _times_out(first))
    calling.start()
    wait_until((fake.folder / "pgid").exists, "the first call has its turn")
    with pytest.raises(HamachiUnavailable) as failure:
        Hamachi(fake.command, fake.folder / "data", turn_s=0.2).status()
    calling.join()
    assert reason(failure) == "busy"
    fake.prints(step(STATUS))
    assert Hamachi(fake.command, fake.folder / "data").status().pid == 25585


def _times_out(hamachi: Hamachi) -> None:
    with pytest.raises(HamachiTimeout):
        hamachi.status()


def test_a_lock_that_cannot_be_made(fake: Fake) -> None:
    (fake.folder / "data").write_text("a file")
    with pytest.raises(HamachiUnavailable) as failure:
        Hamachi(fake.command, fake.folder / "data").status()
    assert reason(failure) == "no_lock"
