"""Checks: side by side, each in its time, once for all who ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from hub.errors import BadParameter, Unavailable
from hub.jobs.schedule import timetable
from hub.services import Services
from hub.services.health import WORKER_JOBS, Check, Finding, Health
from hub.store.health import Pulse, Room
from tests.live import wait_until

LIMIT_S = 0.3
PATIENCE_S = 60.0
FAULT = "no such place: secret"


def health(kept_s: float = 3600, **checks: Check | None) -> Health:
    return Health(cast(Pulse, None), checks, kept_s=kept_s)


def well(look: Callable[[], None]) -> Check:
    """A check that has all the time that it needs."""
    return Check(look, PATIENCE_S)


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
    found = health(a=well(lambda: None)).findings(["a"])["a"]
    assert (found.status, found.reason) == ("ok", None)
    assert found.latency_ms is not None
    assert found.latency_ms >= 0


def test_what_is_not_well_says_why() -> None:
    found = health(a=well(refusing)).findings(["a"])["a"]
    assert (found.status, found.reason) == ("failed", "it is not there")


def test_what_is_not_set_up_is_not_looked_at() -> None:
    assert health(a=None).findings(["a"]) == {"a": Finding("not_configured")}


def test_only_what_is_asked_for_is_looked_at_and_once() -> None:
    asked, other = Counted(), Counted()
    found = health(0, a=well(asked), b=well(other)).findings(["a", "a"])
    assert list(found) == ["a"]
    assert (asked.times, other.times) == (1, 0)


@pytest.mark.parametrize(
    ("names", "told"), [(["c"], "c"), (["a", "c"], "c"), ([""], ""), (["A"], "A")]
)
def test_an_unknown_check_is_named_and_so_are_the_known_ones(names: list[str], told: str) -> None:
    look = Counted()
    with pytest.raises(BadParameter) as refused:
        health(a=well(look), b=None).findings(names)
    detail = {"parameter": "checks", "value": told, "allowed": ["a", "b"]}
    assert refused.value.detail == detail
    assert look.times == 0


def test_checks_run_side_by_side() -> None:
    together = threading.Barrier(3)
    checks = {name: Check(lambda: together.wait(PATIENCE_S) and None, PATIENCE_S) for name in "abc"}
    found = health(**checks).findings("abc")
    assert [finding.status for finding in found.values()] == ["ok"] * 3


def test_what_hangs_fails_in_its_time_and_holds_up_nobody(released: threading.Event) -> None:
    """It is released after they were told: whoever waited for it would wait for ever."""
    hangs = Check(lambda: released.wait() and None, LIMIT_S)
    found = health(a=hangs, b=hangs, c=Check(lambda: None, PATIENCE_S)).findings("abc")
    for name in "ab":
        assert (found[name].status, found[name].reason) == ("failed", "no answer in time")
        assert (found[name].latency_ms or 0) >= 1000 * LIMIT_S - 1
    assert found["c"].status == "ok"


def test_what_hangs_holds_one_thread_and_is_not_waited_for_again(
    released: threading.Event,
) -> None:
    look = Counted(lambda: released.wait())
    own = health(0, a=Check(look, LIMIT_S))
    own.findings("a")
    told = [own.findings("a")["a"] for _ in range(50)]
    assert {each.status for each in told} == {"failed"}
    assert look.times == 1


def test_what_hung_is_looked_at_again_when_it_is_back(released: threading.Event) -> None:
    own = health(0, a=Check(lambda: released.wait() and None, LIMIT_S))
    assert own.findings("a")["a"].status == "failed"
    released.set()
    wait_until(lambda: own.findings("a")["a"].status == "ok", "it is looked at again")


def test_many_who_ask_at_once_share_one_look(released: threading.Event) -> None:
    look, found = Counted(lambda: released.wait(PATIENCE_S)), []
    own = health(a=Check(look, PATIENCE_S))
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


@pytest.mark.parametrize(("kept_s", "times"), [(3600, 1), (0, 3)])
def test_a_finding_is_told_again_for_a_while(kept_s: float, times: int) -> None:
    look = Counted()
    own = health(kept_s, a=well(look))
    for _ in range(3):
        assert own.findings("a")["a"].status == "ok"
    assert look.times == times


def test_a_check_with_a_fault_fails_and_only_the_log_says_how(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = health(a=well(faulty)).findings("a")["a"]
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
