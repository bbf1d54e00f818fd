"""The page of streams in a real browser, over a whole hub."""

from __future__ import annotations

import json
import math
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import PATIENCE_MS, chromium
from tests.live import Live, running, wait_for, wait_until

DAY_S = 86_400
STEP_S = 10
SPAN_S = 2 * DAY_S
PUBLIC = {"Stream 0": (0, 10), "Stream 1": (-2, 2), "Stream 2": (0, 100)}
"""The streams that everybody sees, with the limits of their axes."""
GAP = range(SPAN_S - 30_000, SPAN_S - 20_000)
"""Seconds after the start in which the second stream sends nulls."""
LINE = ".plot .scatterlayer .trace:last-child .js-line"
"""The pieces of the line of means."""
MINUS = "\N{MINUS SIGN}"
PLOT_LEFT, PLOT_RIGHT = 68, 18
"""Pixels between the edges of a chart and of what it draws on, in a wide window."""

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Filled:
    """A hub with streams: their ids by title, and the moment of the last datapoint."""

    live: Live
    key: str
    ids: dict[str, str] = field(default_factory=dict)
    until: int = 0

    def send(self, method: str, path: str, body: bytes) -> Any:
        request = urllib.request.Request(
            f"{self.live.root}/api/v1/stream/{path}", body, method=method,
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def make(
        self, title: str, limits: tuple[float | None, float | None], *, public: bool = True
    ) -> None:
        low, high = limits
        drawn = {
            "type": "line", "hidden": False, "value_downsamplers": ["mean", "min", "max"],
            "time_downsamplers": ["mean"], "minimum": low, "maximum": high,
        }  # fmt: skip
        tags = {"unit_description": f"<i>domain</i>: {low},{high}", "visualization": drawn}
        wanted = {"query_tags": {"title": title}, "tags": tags, "public": public}
        self.ids[title] = self.send("POST", "", json.dumps(wanted).encode())["id"]

    def put(self, title: str, points: object) -> None:
        self.send("PUT", f"{self.ids[title]}/", json.dumps(points).encode())

    def public(self) -> set[str]:
        return {self.ids[title] for title in PUBLIC}

    def get(self, title: str, query: str) -> dict[str, Any]:
        url = f"{self.live.root}/api/v1/stream/{self.ids[title]}/?{query}"
        with urllib.request.urlopen(url, timeout=60) as response:
            return json.load(response)


def opened_key(live: Live) -> str:
    made = live.cli("key", "create", "page", "--scope", "stream:write", "--all-streams")
    return str(made["key"])


@contextmanager
def hub_at(folder: Path) -> Iterator[Filled]:
    with running(folder) as live:
        yield Filled(live, opened_key(live))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Two days of three streams, the second with a gap, downsampled by the worker."""
    with hub_at(tmp_path_factory.mktemp("streams")) as hub:
        hub.until = int(time.time()) // STEP_S * STEP_S
        start = hub.until - SPAN_S
        for title, limits in PUBLIC.items():
            hub.make(title, limits)
            low, high = limits
            points = [
                {
                    "t": start + offset,
                    "v": None if title == "Stream 1" and offset in GAP
                    else (low + high) / 2 + (high - low) / 2 * math.sin(offset / 7000 + offset),
                }
                for offset in range(0, SPAN_S + 1, STEP_S)
            ]  # fmt: skip
            hub.put(title, points)
        for title in hub.ids:
            wait_until(lambda title=title: downsampled(hub, title), f"{title} is downsampled")
        yield hub


def downsampled(hub: Filled, title: str) -> bool:
    counts = hub.get(title, "granularity=10minutes&limit=0")["meta"]["total_count"]
    return bool(counts >= SPAN_S // 600 - 2)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Visit:
    """The page in a fresh profile, what it asked for, and what it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def cards(self) -> Locator:
        return self.page.locator("main > article.card")

    def card(self, title: str) -> Locator:
        return self.cards().filter(has=self.page.get_by_role("heading", name=title))

    def ranges(self) -> list[list[float]]:
        """What each chart shows, in milliseconds since 1970."""
        script = """plots => plots.map(({ layout }) => layout.xaxis.range.map((at) =>
            typeof at === "number" ? at : Date.parse(`${at.replace(" ", "T")}Z`)))"""
        return list(self.page.locator(".plot").evaluate_all(script))

    def common_range(self) -> list[float]:
        """What every chart shows."""
        ranges = wait_for(
            self.ranges, lambda of: len(of) == len(PUBLIC) and of == [of[0]] * len(of), "one range"
        )
        return ranges[0]

    def requests(self, granularity: str) -> dict[str, dict[str, list[str]]]:
        """The last request for datapoints at a granularity, by stream id."""
        self.page.evaluate("0")  # What the browser has to tell is heard only while it is asked.
        found = {}
        for url in self.asked:
            query = parse_qs(urlsplit(url).query)
            if query.get("granularity") == [granularity]:
                found[urlsplit(url).path.split("/")[-2]] = query
        return found

    def drag(self, title: str, start: float, end: float) -> None:
        """Drag over a chart between two shares of its width."""
        box = self.card(title).locator(".plot").bounding_box()
        assert box is not None
        left, width = box["x"] + PLOT_LEFT, box["width"] - PLOT_LEFT - PLOT_RIGHT
        mouse, y = self.page.mouse, box["y"] + 80
        mouse.move(left + start * width, y)
        mouse.down()
        mouse.move(left + end * width, y, steps=8)
        mouse.up()


@contextmanager
def visit(browser: Browser, hub: Filled, **options: Any) -> Iterator[Visit]:
    """The page once it is drawn. It must not complain about anything while it is open."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}} | options)
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda request: visit.asked.append(request.url))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on(
        "console", lambda said: said.type == "error" and visit.complaints.append(said.text)
    )
    try:
        answer = visit.page.goto(f"{hub.live.root}/streams/")
        assert answer is not None
        assert answer.status == 200
        expect(visit.page.locator("main")).to_have_attribute("aria-busy", "false")
        yield visit
    finally:
        context.close()


@pytest.fixture
def seen(browser: Browser, hub: Filled) -> Iterator[Visit]:
    with visit(browser, hub) as seen:
        yield seen
        assert seen.complaints == []


def test_three_streams_are_three_charts_with_a_band_a_line_and_a_navigator(seen: Visit) -> None:
    expect(seen.cards()).to_have_count(3)
    expect(seen.page.locator(".card-title")).to_have_text(list(PUBLIC))
    for index in range(3):
        card = seen.cards().nth(index)
        expect(card.locator(LINE).first).to_have_attribute("d", re.compile("L.*L.*L"))
        expect(card.locator(".plot .js-fill")).to_have_attribute("d", re.compile("L.*Z"))
        expect(card.locator(".strip path")).to_have_attribute("d", re.compile("L.*L.*L"))


def test_the_limits_and_the_title_of_the_axis_come_from_the_tags(seen: Visit) -> None:
    axes = seen.page.locator(".plot").evaluate_all(
        "plots => plots.map((p) => p.layout.yaxis.range)"
    )
    assert axes == [list(limits) for limits in PUBLIC.values()]
    expect(seen.card("Stream 1").locator(".ytitle")).to_have_text("<i>domain</i>: -2,2")


def test_the_first_view_is_the_last_day_in_ten_minutes(seen: Visit, hub: Filled) -> None:
    shown = seen.common_range()
    assert shown[1] == hub.until * 1000
    assert shown[1] - shown[0] == DAY_S * 1000
    asked = seen.requests("10minutes")
    assert asked.keys() == hub.public()
    assert all(int(query["limit"][0]) == 1000 for query in asked.values())
    assert not seen.requests("minutes")


def test_zooming_one_chart_moves_all_and_fetches_minutes(seen: Visit, hub: Filled) -> None:
    seen.drag("Stream 1", 0.3, 0.3 + 4.9 / 24)
    expect(seen.page.locator("#level")).to_have_text("1-minute means")
    wait_until(lambda: seen.requests("minutes").keys() == hub.public(), "minutes")
    shown = seen.common_range()
    assert shown[1] - shown[0] == pytest.approx(4.9 * 3_600_000, rel=0.02)
    for query in seen.requests("minutes").values():
        start, end = int(query["start"][0]), int(query["end"][0])
        assert start % 60 == end % 60 == 0
        tenth = (shown[1] - shown[0]) / 10
        assert start * 1000 == pytest.approx(shown[0] - tenth, abs=60_000)
        assert end * 1000 == pytest.approx(shown[1] + tenth, abs=60_000)
        assert query["value_downsamplers"] == ["mean", "min", "max"]
    expect(seen.page.locator("#live-text")).to_have_text("Paused")


def test_the_navigator_and_the_buttons_move_the_view(seen: Visit, hub: Filled) -> None:
    seen.page.get_by_role("button", name="All").click()
    wait_until(
        lambda: seen.ranges()[0][0] == (hub.until - SPAN_S) * 1000, "the whole span is shown"
    )
    grip = seen.card("Stream 2").get_by_role("slider", name="Start of the view")
    grip.press("ArrowRight")
    moved = (hub.until - SPAN_S + SPAN_S / 50) * 1000
    wait_until(lambda: seen.ranges() == [[moved, hub.until * 1000]] * 3, "all charts follow")


def test_values_under_the_cursor_are_shown_in_every_chart(seen: Visit) -> None:
    number = rf"{MINUS}?\d+\.\d\d"
    said = re.compile(rf"UTC\s*mean {number}\s*min {number}\s*max {number}")
    box = seen.card("Stream 0").locator(".plot").bounding_box()
    assert box is not None
    places = cycle(range(100, 200))

    def moved() -> list[str]:
        """What the charts say when the cursor has moved on."""
        seen.page.mouse.move(box["x"] + box["width"] / 2 + next(places), box["y"] + 80)
        return [seen.card(title).locator(".tip").inner_text() for title in PUBLIC]

    wait_until(lambda: all(said.search(text) for text in moved()), "values in every chart")


def test_nulls_break_the_line(seen: Visit) -> None:
    pieces = {title: seen.card(title).locator(LINE) for title in ("Stream 0", "Stream 1")}
    expect(pieces["Stream 0"]).to_have_count(1)
    expect(pieces["Stream 1"]).to_have_count(2)


def test_the_csv_download_is_what_the_interface_gives(seen: Visit) -> None:
    link = seen.card("Stream 0").get_by_role("link", name="Download CSV")
    with seen.page.expect_download() as waiting:
        link.click()
    saved = Path(waiting.value.path()).read_bytes()
    with urllib.request.urlopen(str(link.evaluate("link => link.href")), timeout=60) as response:
        assert response.headers.get_content_type() == "text/csv"
        given = response.read()
    assert saved == given
    assert saved.startswith(b"t.m,v.l,v.m,v.u\r\n")
    assert saved.count(b"\n") >= DAY_S // 600


def test_the_interface_can_be_opened_with_the_request_of_the_view(seen: Visit, hub: Filled) -> None:
    link = seen.card("Stream 2").get_by_role("link", name="API request")
    with urllib.request.urlopen(str(link.evaluate("link => link.href")), timeout=60) as response:
        told = json.load(response)
    assert (told["id"], told["query_params"]["granularity"]) == (hub.ids["Stream 2"], "10minutes")


@pytest.mark.parametrize(
    ("hours", "highest", "level"),
    [
        (48, "seconds", "10minutes"),
        (24, "seconds", "10minutes"),
        (5, "seconds", "minutes"),
        (5, "hours", "hours"),
        (300 / 3600, "seconds", "seconds"),
        (301 / 3600, "seconds", "10seconds"),
        (24 * 300, "seconds", "days"),
        (24 * 3000, "seconds", "days"),
    ],
)
def test_a_view_has_the_finest_level_of_at_most_300_points(
    asset_page: Page, hours: float, highest: str, level: str
) -> None:
    script = """async ([span, highest]) => {
        const { href } = document.querySelector("link[href$='page.css']");
        const { fitting } = await import(href.replace("page.css", "levels.js"));
        return fitting(span, highest).name;
    }"""
    assert asset_page.evaluate(script, [hours * 3_600_000, highest]) == level


@pytest.fixture(scope="module")
def asset_page(browser: Browser, hub: Filled) -> Iterator[Page]:
    """The page, for tests of its modules."""
    with visit(browser, hub) as seen:
        yield seen.page


def test_a_phone_shows_everything_without_scrolling_sideways(browser: Browser, hub: Filled) -> None:
    size = {"width": 400, "height": 800}
    with visit(browser, hub, viewport=size, has_touch=True, is_mobile=True) as seen:
        expect(seen.cards()).to_have_count(3)
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 400
        assert seen.complaints == []


def test_an_empty_hub_says_so_then_draws_what_arrives_and_tells_when_it_is_gone(
    browser: Browser, tmp_path: Path
) -> None:
    with hub_at(tmp_path) as hub, visit(browser, hub) as seen:
        expect(seen.page.locator("#empty")).to_contain_text("nothing to draw yet")
        hub.make("<img src=x onerror=alert(1)>", (None, None))
        (title,) = hub.ids
        hub.put(
            title, [{"t": int(time.time()) - 60, "v": 1}, {"t": int(time.time()) - 1, "v": 4.5}]
        )
        expect(seen.page.locator(".card-title")).to_have_text(title)
        expect(seen.page.locator(".latest-value")).to_have_text("4.50")
        seen.page.evaluate("window.same = true")
        line = seen.page.locator(LINE)
        before = str(line.get_attribute("d"))
        hub.put(title, {"t": int(time.time()) + 60, "v": -7.25})
        expect(seen.page.locator(".latest-value")).to_have_text(f"{MINUS}7.25")
        expect(line).not_to_have_attribute("d", before)
        assert seen.page.evaluate("window.same")
        assert seen.page.locator("main img").count() == 0
        assert seen.complaints == []
        hub.live.process.terminate()
        expect(seen.page.locator("#live-text")).to_have_text("Trying to reach the hub")


@pytest.mark.parametrize(
    ("other", "together"),
    [
        ({"place": "roof"}, True),
        ({"place": "cellar"}, False),
        ({"place": "roof", "unit": "K"}, False),
        ({"place": "roof", "minimum": 0}, False),
    ],
)
def test_streams_share_a_chart_by_their_tags_if_their_axes_agree(
    asset_page: Page, other: dict[str, Any], together: bool
) -> None:
    script = """async (tags) => {
        const { href } = document.querySelector("link[href$='page.css']");
        const { grouped } = await import(href.replace("page.css", "groups.js"));
        return grouped(tags.map((tags) => ({ tags }))).length;
    }"""
    first = {"at": {"place": "roof"}, "visualization": {"with": {"at": {"place": "roof"}}}}
    minimum = {"minimum": other["minimum"]} if "minimum" in other else {}
    unit = {"unit": other["unit"]} if "unit" in other else {}
    second = {"at": {"place": other["place"]}, "visualization": minimum, **unit}
    assert asset_page.evaluate(script, [first, second]) == (1 if together else 2)


def test_a_key_shows_streams_that_are_not_public(seen: Visit, hub: Filled) -> None:
    hub.make("Private", (0, 1), public=False)
    hub.put("Private", [{"t": hub.until - 5, "v": 0.25}, {"t": hub.until, "v": 0.75}])
    expect(seen.card("Private")).to_have_count(0)
    seen.page.get_by_role("button", name="Access key").click()
    seen.page.locator("#key-text").fill(hub.key)
    seen.page.get_by_role("button", name="Use this key").click()
    expect(seen.card("Private").locator(".latest-value")).to_have_text("0.75")
    with seen.page.expect_download() as waiting:
        seen.card("Private").get_by_role("link", name="Download JSON").click()
    saved = json.loads(Path(waiting.value.path()).read_bytes())
    assert saved["id"] == hub.ids["Private"]
