"""Made-up streams: what the options say, which values there are, and for which moments."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hub.cli.dummy.kinds import Choice, Graph, Real, Whole, kinds
from hub.cli.dummy.making import DEMO, tags
from hub.cli.dummy.noise import uniform
from hub.cli.dummy.span import after, between, moments, next_tick
from hub.cli.root import hub
from hub.series.kinds import check_value

TWO_DAYS = np.arange(1_700_000_000_000, 1_700_172_800_001, 5_000, dtype=np.int64)
NOW = 1_700_000_001_234


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", (Whole(0, 100),)),
        ("float", (Real(0, 100),)),
        ("enum", (Choice(("a", "b", "c")),)),
        ("graph", (Graph(4, 6),)),
        ("int(-3,3)", (Whole(-3, 3),)),
        ("int(7,7)", (Whole(7, 7),)),
        ("float(-0.5, 1e3)", (Real(-0.5, 1000.0),)),
        ("enum(on, off)", (Choice(("on", "off")),)),
        ("graph(1,0)", (Graph(1, 0),)),
        (" int(0,1) , enum(x),graph", (Whole(0, 1), Choice(("x",)), Graph(4, 6))),
        (DEMO, (Whole(0, 10), Real(-2, 2), Real(0, 100))),
    ],
)
def test_a_list_of_types_is_read(text: str, expected: tuple[Any, ...]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "int,", "int(0,10", "int(0)", "int(0,1,2)", "int(a,b)", "int(1.5,2)", "int(2,1)",
        f"int(0,{2**53})", "float(1,1)", "float(2,1)", "float(0,inf)", "float(nan,1)",
        "float(-1e308,1e308)", "float(1)", "enum(a,,b)", "enum( )", "graph(0,0)", "graph(2,3)",
        "graph(4,-1)", "graph(101,1)", "graph(20,101)", "bool", "int float", "intx", "INT",
    ],
)  # fmt: skip
def test_what_is_no_list_of_types_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        kinds(text)


def test_whole_numbers_are_even_over_their_domain() -> None:
    values = Whole(0, 10).values(TWO_DAYS, 0)
    counts = np.bincount(values, minlength=11)
    assert len(counts) == 11
    assert counts.min() > 0.9 * len(values) / 11


@pytest.mark.parametrize(("low", "high"), [(-2, 2), (0, 100), (1e-9, 2e-9), (-1e300, 1e300)])
def test_floats_stay_in_their_domain_and_cover_it(low: float, high: float) -> None:
    values = np.array(Real(low, high).values(TWO_DAYS, 1), np.float64)
    assert low <= values.min() < low + 0.04 * (high - low)
    assert high >= values.max() > high - 0.04 * (high - low)


def test_floats_change_little_from_one_moment_to_the_next() -> None:
    values = Real(0, 100).values(TWO_DAYS, 2)
    assert max(abs(one - other) for one, other in pairwise(values)) < 15
    assert len(set(values)) > 5000


def test_all_names_come_about_equally_often() -> None:
    values = Choice(("a", "b", "c")).values(TWO_DAYS, 0)
    assert min(values.count(name) for name in "abc") > 0.95 * len(values) / 3


def test_graphs_are_such_that_a_stream_takes_them_and_differ() -> None:
    values = Graph(4, 6).values(TWO_DAYS[:500], 0)
    for value in values:
        check_value("graph", value, ("count",))
        assert (len(value["v"]), len({(e["f"], e["t"]) for e in value["e"]})) == (4, 6)
        assert all(edge["f"] != edge["t"] for edge in value["e"])
    assert len({str(value) for value in values}) > 250


@pytest.mark.parametrize("kind", kinds("int,float,enum,graph"), ids=lambda kind: kind.value_type)
def test_a_moment_has_the_same_value_however_it_is_asked_for(kind: Any) -> None:
    assert kind.values(TWO_DAYS[7:8], 3) == kind.values(TWO_DAYS[:10], 3)[7:8]


def test_streams_of_one_type_differ() -> None:
    assert abs(np.corrcoef(uniform(TWO_DAYS, 0), uniform(TWO_DAYS, 1))[0, 1]) < 0.03


def test_the_tags_of_a_number_are_those_of_the_interface() -> None:
    (kind,) = kinds("float(-2,2)")
    found = tags(kind, 1)
    assert found.pop("description").endswith(".")
    assert found == {
        "title": "Stream 1",
        "unit_description": "random, domain: -2,2",
        "stream_number": 1,
        "visualization": {
            "type": "line",
            "hidden": False,
            "value_downsamplers": ["mean", "min", "max"],
            "time_downsamplers": ["mean"],
            "minimum": -2,
            "maximum": 2,
        },
    }


def test_what_is_no_number_has_no_range_to_be_drawn_in() -> None:
    (kind,) = kinds("enum(on,off)")
    found = tags(kind, 0)
    drawn = found["visualization"]
    assert (drawn["value_downsamplers"], drawn["minimum"], drawn["maximum"]) == ([], None, None)
    assert found["unit_description"] == "random, domain: on,off"


def test_two_days_back_in_steps_of_five_seconds_are_34561_moments() -> None:
    times = moments(timedelta(days=2), 5000, NOW)
    assert (len(times), times[-1]) == (34_561, 1_700_000_000_000)


def test_a_span_between_moments_begins_with_the_first_and_includes_the_last() -> None:
    times = moments(between("2026-03-01T00:00:01  2026-03-01T00:00:11"), 5000, NOW)
    assert [at - times[0] for at in times] == [0, 5000, 10_000]
    assert times[0] == 1_772_323_201_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T00:00:00", "2026-03-02T00:00:00 2026-03-01T00:00:00", "yesterday today",
        "1969-12-31T23:59:59 2026-03-01T00:00:00", "2026-03-01T00:00:00 2038-01-19T03:14:08",
        "2026-03-01T00:00:00 2026-03-01T00:00:01 2026-03-01T00:00:02", "2026-03-01 2026-03-02",
    ],
)  # fmt: skip
def test_what_are_not_two_moments_in_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        between(text)


def test_a_span_does_not_reach_back_before_1970() -> None:
    with pytest.raises(ValueError, match="1970"):
        moments(timedelta(days=30_000), 5000, NOW)


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        (None, [10, 15, 20]), (9, [10, 15, 20]), (10, [15, 20]), (14, [15, 20]), (19, [20]),
        (20, []), (99, []),
    ],
)  # fmt: skip
def test_only_what_is_later_than_the_latest_is_left(
    latest: int | None, expected: list[int]
) -> None:
    assert list(after(range(10, 21, 5), latest)) == expected


@pytest.mark.parametrize(("at", "expected"), [(0, 5), (4, 5), (5, 10)])
def test_the_next_tick_is_a_multiple_of_the_interval(at: int, expected: int) -> None:
    assert next_tick(at, 5) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "give --span"),
        ("-t int", "give --span"),
        ("-n 2 -t int -s 1h", "--streams says 2, and --types lists 1"),
        ("--demo -n 3", "--demo says how many"),
        ("--demo -t int", "--demo says how many"),
        ("--flush --demo", "--flush goes with no other"),
        ("--flush -n 1", "--flush goes with no other"),
        ("--flush -i 5", "--flush goes with no other"),
        ("--flush -t int", "--flush goes with no other"),
        ("--flush -s 1h", "--flush goes with no other"),
        ("--flush --no-real-time", "--flush goes with no other"),
        ("-n 0 -s 1h", "--streams"),
        ("-i 0 -s 1h", "--interval"),
        ("-i nan -s 1h", "--interval"),
        ("-t bool -s 1h", "'bool' is no list"),
        ("-s 1y", "1y"),
        ("-s 0", "'0' is neither"),
        ("-s -1h", "'-1h' is neither"),
        ("-s '2026-03-02T00:00:00 2026-03-01T00:00:00'", "in order"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_done(
    options: str, words: str
) -> None:
    done = CliRunner().invoke(hub, f"dummystream {options}", env={"HUB_DATA_DIR": "/dev/null/none"})
    assert (done.exit_code, words in " ".join(done.output.split())) == (2, True), done.output
