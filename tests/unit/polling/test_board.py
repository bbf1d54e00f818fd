"""The states of devices, and the edges between up and down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hub.errors import BadField, DeviceTimeout, DeviceUnreachable
from hub.jobs.polling.board import Board
from hub.values import DeviceState

THEN = datetime(2026, 1, 1, tzinfo=UTC)
DOWN = DeviceUnreachable("nobody there")


def board(**known: DeviceState) -> Board:
    made = Board("me")
    made.begin([1, 2], {state.device: state for state in known.values()})
    made.taken()
    return made


def state(of: Board, device: int = 1) -> DeviceState:
    (found,) = [each for each in of.taken() if each.device == device]
    return found


def kinds(of: Board) -> list[str]:
    return [edge.kind for edge in of.edges]


def test_a_device_that_answers_from_the_first_is_up_without_an_event() -> None:
    made = board()
    made.good(1, 3.14159, None)
    found = state(made)
    assert (found.status, found.latency_ms, found.polls, found.missed) == ("up", 3.14, 1, 0)
    assert kinds(made) == []


def test_the_first_failure_is_an_event_and_those_after_it_are_not() -> None:
    made = board()
    made.failed(1, DOWN)
    made.failed(1, DeviceTimeout("late"))
    found = state(made)
    assert (found.status, found.polls, found.missed) == ("down", 2, 2)
    assert found.error is not None
    assert found.error["code"] == "device_timeout"
    assert kinds(made) == ["device.down"]


def test_an_answer_after_failures_is_an_event() -> None:
    made = board()
    made.failed(1, DOWN)
    made.good(1, 1.0, None)
    made.good(1, 1.0, None)
    made.failed(1, DOWN)
    assert kinds(made) == ["device.down", "device.up", "device.down"]


def test_the_last_error_stays_when_the_device_is_up_again() -> None:
    made = board()
    made.failed(1, DOWN)
    made.good(1, 1.0, None)
    error = state(made).error
    assert error is not None
    assert error["code"] == "device_unreachable"


def test_who_takes_over_a_device_goes_on_from_what_was_known() -> None:
    known = DeviceState(
        device=1, status="down", since=THEN, polls=7, missed=7, counted_from=THEN, worker="other"
    )
    made = Board("me")
    made.begin([1], {1: known})
    found = state(made)
    assert (found.status, found.since, found.worker) == ("down", THEN, "me")
    assert (found.polls, found.missed) == (0, 0)
    made.failed(1, DOWN)
    assert kinds(made) == []
    made.good(1, 1.0, None)
    assert kinds(made) == ["device.up"]


def test_a_configuration_that_is_wrong_is_no_poll() -> None:
    made = board()
    made.failed(1, BadField("options.frame: unknown"), polled=False)
    found = state(made)
    assert (found.status, found.polls, found.missed) == ("down", 0, 0)


def test_points_that_are_not_read_are_told_of_a_device_that_is_up() -> None:
    made = board()
    made.good(1, 1.0, {"code": "bad_address", "message": "no such"})
    found = state(made)
    assert found.status == "up"
    assert found.error is not None
    assert found.error["code"] == "bad_address"


def test_only_what_changed_is_told() -> None:
    made = board()
    made.good(2, 1.0, None)
    assert [each.device for each in made.taken()] == [2]
    assert made.taken() == []


def test_what_was_not_told_is_told_the_next_time_as_it_is_then() -> None:
    made = board()
    made.good(1, 1.0, None)
    untold = made.taken()
    made.missed(1, 4)
    made.put_back(untold)
    (found,) = made.taken()
    assert (found.polls, found.missed) == (1, 4)


def test_a_device_that_is_left_is_nobody_s_and_counted_no_more() -> None:
    made = board()
    made.good(1, 1.0, None)
    (left,) = made.leave([1])
    assert left.worker is None
    made.good(1, 1.0, None)
    made.failed(1, DOWN)
    made.missed(1, 1)
    assert made.taken() == []
    assert kinds(made) == []
    assert made.devices == {2}


def test_states_of_others_are_not_changed() -> None:
    made = board()
    made.begin([1], {})
    first = state(made)
    made.good(1, 1.0, None)
    assert first == replace(first, polls=0)
