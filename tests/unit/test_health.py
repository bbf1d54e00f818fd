"""Checks: side by side, each in its time, once for all who ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import cast

import pytest

from hub.errors import BadParameter, Unavailable
from hub.jobs.schedule import timetable
from hub.services import Services
from hub.services.health import WORKER_JOBS, Check, Finding, Health
from hub.store.health import Pulse, Room

LIMIT_S = 0.3
FAULT = "no such place: secret"


def health(kept_s: float = 60, **checks: Check | None) -> Health:
    return Health(cast(Pulse, None), checks, kept_s=kept_s)


class Counted:
    """A check that is well, and how often it looked."""

    def __init__(self, look: Callable[[], object] = lambda: None) -> None:
        self.times = 0
        self._look = look

    def __call__(self) -> None:
        self.times += 1
        self._look()


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What a check that hangs waits for; set in the end."""
    event = threading.Event()
    yield event
    event.set()


def refusing() -> None:
    raise Unavailable("it is not there")


def faulty() -> None:
    raise RuntimeError(FAULT)


def test_what_is_well_says_how_long_it_took() -> None:
    found = health(a=Check(lambda: None)).findings(["a"])["a"]
    assert (found.status, found.reason) == ("ok", None)
    assert found.latency_ms is not None
    assert 0 <= found.latency_ms < 1000


def test_what_is_not_well_says_why() -> None:
    found = health(a=Check(refusing)).findings(["a"])["a"]
    assert (found.status, found.reason) == ("failed", "it is not there")


def test_what_is_not_set_up_is_not_looked_at() -> None:
    assert health(a=None).findings(["a"]) == {"a": Finding("not_configured")}


def test_only_what_is_asked_for_is_looked_at_and_once() -> None:
    asked, other = Counted(), Counted()
    found = health(0, a=Check(asked), b=Check(other)).findings(["a", "a"])
    assert list(found) == ["a"]
    assert (asked.times, other.times) == (1, 0)


@pytest.mark.parametrize(
    ("names", "told"), [(["c"], "c"), (["a", "c"], "c"), ([""], ""), (["A"], "A")]
)
def test_an_unknown_check_is_named_and_so_are_the_known_ones(names: list[str], told: str) -> None:
    look = Counted()
    with pytest.raises(BadParameter) as refused:
        health(a=Check(look), b=None).findings(names)
    detail = {"parameter": "checks", "value": told, "allowed": ["a", "b"]}
    assert refused.value.detail == detail
    assert look.times == 0


def test_checks_run_side_by_side() -> None:
    together = threading.Barrier(3)
    checks = {name: Check(lambda: together.wait(10) and None, 10) for name in "abc"}
    found = health(**checks).findings("abc")
    assert [finding.status for finding in found.values()] == ["ok"] * 3


def test_what_hangs_fails_in_its_time_and_holds_up_nobody(released: threading.Event) -> None:
    hangs = Check(lambda: released.wait(60) and None, LIMIT_S)
    started = monotonic()
    found = health(a=hangs, b=hangs, c=Check(lambda: None, LIMIT_S)).findings("abc")
    assert LIMIT_S <= monotonic() - started < 3 * LIMIT_S
    assert (found["a"].status, found["a"].reason) == ("failed", "no answer in time")
    assert found["c"].status == "ok"


def test_what_hangs_holds_one_thread_and_is_not_waited_for_again(
    released: threading.Event,
) -> None:
    look = Counted(lambda: released.wait(60))
    own = health(0, a=Check(look, LIMIT_S))
    own.findings("a")
    started = monotonic()
    assert {own.findings("a")["a"].status for _ in range(50)} == {"failed"}
    assert monotonic() - started < LIMIT_S
    assert look.times == 1


def test_what_hung_is_looked_at_again_when_it_is_back(released: threading.Event) -> None:
    own = health(0, a=Check(lambda: released.wait(60) and None, LIMIT_S))
    assert own.findings("a")["a"].status == "failed"
    released.set()
    until = monotonic() + 5
    while own.findings("a")["a"].status != "ok":
        assert monotonic() < until


def test_many_who_ask_at_once_share_one_look(released: threading.Event) -> None:
    look, found = Counted(lambda: released.wait(10)), []
    own = health(a=Check(look, 10))
    threads = [
        threading.Thread(target=lambda: found.append(own.findings("a")["a"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    released.set()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert look.times == 1
    assert {finding.status for finding in found} == {"ok"}


@pytest.mark.parametrize(("kept_s", "times"), [(60, 1), (0, 3)])
def test_a_finding_is_told_again_for_a_while(kept_s: float, times: int) -> None:
    look = Counted()
    own = health(kept_s, a=Check(look))
    for _ in range(3):
        assert own.findings("a")["a"].status == "ok"
    assert look.times == times


def test_a_check_with_a_fault_fails_and_only_the_log_says_how(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = health(a=Check(faulty)).findings("a")["a"]
    assert (found.status, found.reason) == ("failed", "the check has a fault")
    assert FAULT in caplog.text


def test_the_jobs_that_show_a_worker_are_every_worker_s_and_have_the_shortest_lease() -> None:
    jobs = {job.id: job for job in timetable(cast(Services, None), threading.Event())}
    shortest = min(job.lease for job in jobs.values())
    assert {(jobs[name].lease, jobs[name].every_s) for name in WORKER_JOBS} == {(shortest, 1)}


def test_there_is_room(tmp_path: Path) -> None:
    Room(tmp_path, 1).look()


def test_the_folder_need_not_be_there_yet(tmp_path: Path) -> None:
    Room(tmp_path / "a" / "b", 1).look()


def test_too_little_room_says_how_much_there_should_be(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="less than 1,099,511,627,776 MiB") as failure:
        Room(tmp_path, 1 << 60).look()
    assert str(tmp_path) not in failure.value.message
