"""The plant of the simulators: what it does, when it goes wrong, where it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.devices.contract import Point
from hub.devices.registry import check_point
from hub.devices.simulators.plant.model import ALARMS, Alarm, Plant
from hub.devices.simulators.plant.tags import KINDS, TAGS, Kind, data
from hub.devices.simulators.plant.trouble import SLOT_S, Episodes
from hub.errors import BadAddress, BadDeviceValue
from tests.devices import device


def after(seconds: float, change: Callable[[Plant], None] = lambda plant: None) -> Plant:
    """A plant that has been running for some time, and as long again after a change."""
    plant = Plant()
    plant.advance(seconds)
    change(plant)
    plant.advance(seconds)
    return plant


def test_the_same_seed_gives_the_same_values_however_time_is_cut() -> None:
    whole, cut = Plant(seed=4), Plant(seed=4)
    whole.advance(30)
    for _ in range(70):
        cut.advance(30 / 70)
    assert whole.values() == cut.values()


def test_another_seed_gives_other_noise() -> None:
    one, other = Plant(seed=1), Plant(seed=2)
    one.advance(30)
    other.advance(30)
    assert one.values()["current"] != other.values()["current"]


def test_the_motor_comes_to_its_setpoint_with_inertia() -> None:
    plant = Plant()
    plant.advance(1)
    soon = plant.values()["rpm"]
    plant.advance(60)
    assert 200 < soon < 700
    assert plant.values()["rpm"] == pytest.approx(1450, abs=20)


def test_a_stopped_motor_runs_down_takes_nothing_and_makes_nothing() -> None:
    def stop(plant: Plant) -> None:
        plant.commands.run = False

    stopped = after(60, stop)
    before = stopped.values()
    stopped.advance(60)
    now = stopped.values()
    assert (now["running"], now["rpm"]) == (0, 0)
    assert now["current"] < 0.5
    assert (now["pieces"], now["energy"]) == (before["pieces"], before["energy"])
    assert now["temperature"] < before["temperature"]


def test_a_running_motor_grows_warm_and_counts() -> None:
    now = after(120).values()
    assert 50 < now["temperature"] < 75
    assert now["pieces"] > 200
    assert now["energy"] > 6_000_000_100
    assert now["running"] == 1


def test_the_tank_keeps_between_its_levels_by_itself() -> None:
    plant, levels, inlets = Plant(), [], set()
    for _ in range(900):
        plant.advance(1)
        levels.append(plant.values()["level"])
        inlets.add(plant.values()["inlet"])
    assert 28 < min(levels) < 32
    assert 78 < max(levels) < 82
    assert inlets == {0, 1}


@pytest.mark.parametrize(
    ("inlet", "outlet", "level", "alarm"), [(1, 0, 100, "alarm_high"), (0, 1, 0, "alarm_low")]
)
def test_valves_worked_by_hand_fill_and_empty_the_tank(
    inlet: int, outlet: int, level: float, alarm: str
) -> None:
    def by_hand(plant: Plant) -> None:
        told = plant.values() | {"inlet": inlet, "outlet": outlet, "automatic": 0}
        plant.commands.take(told)

    now = after(600, by_hand).values()
    assert now["level"] == pytest.approx(level, abs=1)
    assert [key for key in ALARMS if now[key]] == [alarm]


def test_a_setpoint_beyond_the_motors_reach_is_cut() -> None:
    plant = Plant()
    plant.commands.take(plant.values() | {"setpoint": 60_000})
    assert plant.values()["setpoint"] == 3000


def test_nothing_goes_wrong_by_itself() -> None:
    plant = Plant()
    for _ in range(900):
        plant.advance(1)
        now = plant.values()
        assert [key for key in (*ALARMS, "troubled") if now[key]] == []


def test_trouble_makes_the_motor_hot_and_draw_more_and_says_so() -> None:
    quiet, troubled = Plant(), Plant(trouble=lambda at_s: float(at_s > 200))
    for plant in (quiet, troubled):
        plant.advance(320)
    was, now = quiet.values(), troubled.values()
    assert now["current"] > 1.3 * was["current"]
    assert now["temperature"] > was["temperature"] + 20
    assert (was["troubled"], now["troubled"], now["alarm_hot"]) == (0, 1, 1)


@pytest.mark.parametrize("slot", range(20))
def test_every_slot_has_one_episode_and_ends_quietly(slot: int) -> None:
    episodes = Episodes(seed=3)
    begin_s, end_s = episodes.episode(slot)
    first_s = slot * SLOT_S
    assert 0 < begin_s < end_s < SLOT_S
    assert episodes(first_s + begin_s - 0.1) == 0
    assert episodes(first_s + (begin_s + end_s) / 2) == 1
    assert episodes(first_s + end_s + 0.1) == 0
    assert episodes(first_s + end_s - 3) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("before", "value", "now"), [(False, 79, False), (False, 81, True), (True, 76, True)]
)
def test_an_alarm_comes_and_goes_at_different_values(before: bool, value: float, now: bool) -> None:
    assert Alarm(80, 75).after(before, value) is now
    assert Alarm(-80, -75).after(before, -value) is now


@pytest.mark.parametrize("kind", KINDS)
def test_every_address_is_one_of_its_protocol(kind: Kind) -> None:
    for body in data(kind):
        check_point(device(kind), Point(body["path"], body.get("type")))


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_tags_stand_at_the_same_place(kind: Kind) -> None:
    assert len({tag.address(kind) for tag in TAGS}) == len(TAGS)


def test_an_address_that_is_none_would_be_noticed() -> None:
    with pytest.raises((BadAddress, BadDeviceValue)):
        check_point(device("modbus"), Point("coil:0", "fp32"))


def test_every_tag_has_a_value() -> None:
    assert Plant().values().keys() == {tag.key for tag in TAGS}
