"""The page with a terminal in a real browser: through the hub to a host's agent, and back."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.browser import PATIENCE_MS, chromium
from tests.live import ROOT, Live, wait_until

HOST = "paged"
BRIEF = "paged-briefly"
PRESETS = {"count": "seq 3", "fail": "sh -c 'exit 4'"}
PASSWORD = "correct horse battery"
REFUSED = "Failed to load resource: the server responded with a status of 4"
WIDE = {"width": 1280, "height": 800}
COUNTED = """(() => {
    window.printed = 0;
    const make = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...given) {
        const channel = make.apply(this, given);
        const count = ({ data }) => { window.printed += data.byteLength ?? 0; };
        channel.addEventListener("message", count);
        return channel;
    };
})()"""
"""Counts the bytes that the page gets from the host."""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def agent(live: Live, host: str, *options: str) -> Iterator[None]:
    """An agent with a shell while it is held."""
    user = ("--user", "nobody") if os.geteuid() == 0 else ()
    words = [sys.executable, "-m", "hub.cli", "terminal-host", "--host-id", host, "--json"]
    with subprocess.Popen(
        [*words, "--shell", "/bin/sh", *user, *options],
        env=live.env, cwd=ROOT, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            assert json.loads(process.stdout.readline())["host"] == host
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0


@dataclass(frozen=True)
class Hosted:
    """A hub with a host, and a key for its terminals."""

    live: Live
    key: str

    def grant(self) -> str:
        answer = requests.post(
            f"{self.live.root}/api/webrtc/terminal-grant/",
            json={"terminal_id": "given", "host_id": HOST, "interactive": True},
            headers={"X-API-Key": self.key},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def ended(self, terminal: str) -> dict[str, Any]:
        """The audit's entry of the end of a terminal's one session, once it is there."""
        found: list[dict[str, Any]] = []

        def told() -> bool:
            entries: Any = self.live.cli("audit", "--limit", "200")
            found.extend(
                entry
                for entry in entries
                if entry["action"] == "terminal.end" and entry["terminal"] == terminal
            )
            return bool(found)

        wait_until(told, f"the end of {terminal} is in the audit")
        return found[0]


@pytest.fixture(scope="module")
def hosted(live: Live) -> Iterator[Hosted]:
    scope = ("--scope", "webrtc-terminal:write", "--all-devices")
    key = str(live.cli("key", "create", "page of terminals", *scope)["key"])
    presets = [word for name, words in PRESETS.items() for word in ("--preset", f"{name}={words}")]
    with agent(live, HOST, *presets):
        yield Hosted(live, key)


@pytest.fixture(scope="module")
def brief(hosted: Hosted) -> Iterator[str]:
    """A host whose sessions end soon where nothing is typed."""
    with agent(hosted.live, BRIEF, "--idle", "2s"):
        yield BRIEF


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Visit:
    """The page in a fresh profile, and what it complained of."""

    page: Page
    hosted: Hosted
    complaints: list[str] = field(default_factory=list)

    def wish(self, terminal: str = "page", *, host: str = HOST, presets: str = "") -> None:
        """Fill the form in."""
        for name, words in {
            "host": host, "terminal": terminal, "presets": presets, "key": self.hosted.key
        }.items():  # fmt: skip
            self.page.locator(f"#{name}").fill(words)

    def connect(self) -> None:
        self.page.get_by_role("button", name="Connect", exact=True).click()

    def is_at(self, state: str) -> None:
        expect(self.page.locator("#state")).to_have_attribute("data-state", state)

    def opened(self, terminal: str = "page", **more: str) -> None:
        """A session with its shell, once that has said that it listens."""
        self.wish(terminal, **more)
        self.connect()
        self.is_at("open")
        expect(self.rows.first).to_contain_text("$")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".xterm-rows > div")

    @property
    def told(self) -> Locator:
        return self.page.locator("#told")

    def lines(self) -> list[str]:
        return [row.rstrip().replace("\xa0", " ") for row in self.rows.all_inner_texts()]

    def shows(self, *lines: str) -> None:
        """These lines are on the screen, one under the other."""
        wanted = "\n".join(("", *lines, ""))
        try:
            wait_until(lambda: wanted in "\n".join(("", *self.lines(), "")), f"it shows {lines}")
        except AssertionError as exc:
            exc.add_note("\n".join(self.lines()))
            raise

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def size(self, mark: str) -> tuple[int, int]:
        """Rows and columns that a program on the host sees; the mark is not on the screen yet."""
        self.type(f"stty size | sed s/^/{mark}:/\n")
        found: list[re.Match[str]] = []

        def seen() -> bool:
            sizes = (re.fullmatch(mark + r":(\d+) (\d+)", line) for line in self.lines())
            found.extend(filter(None, sizes))
            return bool(found)

        wait_until(seen, "the size is on the screen")
        return int(found[0][1]), int(found[0][2])


@contextmanager
def visit(browser: Browser, hosted: Hosted, **options: Any) -> Iterator[Visit]:
    """The page, which must not complain but of answers that refuse."""
    context = browser.new_context(**{"viewport": WIDE} | options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(COUNTED)
    visit = Visit(context.new_page(), hosted)

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith(REFUSED):
            visit.complaints.append(said.text)

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    try:
        answer = visit.page.goto(f"{hosted.live.root}/terminal/")
        assert answer is not None
        assert answer.status == 200, answer.text()
        yield visit
    finally:
        context.close()
    assert visit.complaints == []


@pytest.fixture
def seen(browser: Browser, hosted: Hosted) -> Iterator[Visit]:
    with visit(browser, hosted) as seen:
        yield seen


def processes(words: str) -> int:
    """How many processes of this machine were started with these words."""
    wanted = words.replace(" ", "\0").encode() + b"\0"
    return sum(_command(entry) == wanted for entry in Path("/proc").glob("[0-9]*"))


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def test_what_is_typed_is_done_and_shown(seen: Visit) -> None:
    seen.opened()
    expect(seen.told).to_have_text(f"Connected to {HOST}, as page.")
    seen.type("echo h''i\n")
    seen.shows("$ echo h''i", "hi")


def test_what_is_typed_and_printed_is_utf8(seen: Visit) -> None:
    seen.opened()
    seen.type("echo gr''ün-日本-€; printf 'na\\303\\257ve\\n'\n")
    seen.shows("grün-日本-€", "naïve")


def test_the_terminal_has_the_size_of_its_box_when_that_changes_too(seen: Visit) -> None:
    seen.opened()
    rows, columns = seen.size("wide")
    assert rows == seen.rows.count()
    seen.page.set_viewport_size({"width": 900, "height": 560})
    wait_until(lambda: seen.rows.count() < rows, "the box is smaller")
    fewer, narrower = seen.size("small")
    assert fewer == seen.rows.count()
    assert narrower < columns


def test_megabytes_come_whole_and_the_page_lives(seen: Visit) -> None:
    seen.opened("flooded")
    seen.type("seq 300000\n")
    seen.shows(*(str(number) for number in range(299_990, 300_001)))
    seen.type("echo ali''ve\n")
    seen.shows("alive")
    seen.type("exit\n")
    seen.is_at("ended")
    sent = seen.hosted.ended("flooded")["sent_bytes"]
    assert sent > 2_000_000
    assert seen.page.evaluate("window.printed") == sent


def test_the_end_of_the_shell_is_told_with_its_status(seen: Visit) -> None:
    seen.opened("exited")
    seen.type("exit 3\n")
    seen.is_at("ended")
    expect(seen.told).to_have_text("The shell ended with status 3.")
    assert seen.hosted.ended("exited")["reason"] == "exit"


def test_another_session_begins_on_an_empty_screen(seen: Visit) -> None:
    seen.opened()
    seen.type("echo first''one; exit\n")
    seen.is_at("ended")
    seen.page.get_by_role("button", name="New session").click()
    expect(seen.page.locator("#host")).to_be_focused()
    seen.opened()
    assert "firstone" not in seen.lines()
    seen.type("echo sec''ond\n")
    seen.shows("second")


def test_disconnecting_ends_what_runs(seen: Visit) -> None:
    seen.opened("left")
    words = f"sleep 86399.{os.getpid()}"
    seen.type(f"{words}\n")
    wait_until(lambda: processes(words) == 1, "the shell runs something")
    seen.page.get_by_role("button", name="Disconnect").click()
    seen.is_at("ended")
    expect(seen.told).to_have_text("You disconnected.")
    wait_until(lambda: processes(words) == 0, "it runs no more")
    assert seen.hosted.ended("left")["reason"] == "closed"


def test_prepared_commands_are_buttons_where_there_is_no_shell(seen: Visit) -> None:
    seen.wish(presets=" ".join(PRESETS))
    seen.page.get_by_label("With a shell").uncheck()
    seen.connect()
    seen.is_at("open")
    expect(seen.page.locator("#runs button")).to_have_text(list(PRESETS))
    seen.page.get_by_role("button", name="count").click()
    seen.shows("1", "2", "3")
    expect(seen.told).to_have_text("count ended with status 0.")
    seen.page.get_by_role("button", name="fail").click()
    expect(seen.told).to_have_text("fail ended with status 4.")
    seen.shows("fail ended with status 4.")


def test_a_shell_is_begun_by_its_button_where_there_are_commands_too(seen: Visit) -> None:
    seen.wish(presets="count")
    seen.connect()
    seen.page.get_by_role("button", name="Shell").click()
    expect(seen.rows.first).to_contain_text("$")
    expect(seen.page.get_by_role("button", name="count")).to_be_disabled()
    seen.type("echo h''i\n")
    seen.shows("hi")


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"key": "hub_wrong"}, "The hub answered 401: "),
        ({"key": ""}, "An access key is needed, as nobody is logged in."),
        ({"host": "nowhere"}, "The hub answered 404: no agent is there for the host"),
        ({"presets": "none-such"}, "Is no preset of the host: none-such."),
    ],
)
def test_a_refusal_is_told_in_the_hubs_words(
    seen: Visit, filled: dict[str, str], said: str
) -> None:
    seen.wish()
    for name, words in filled.items():
        seen.page.locator(f"#{name}").fill(words)
    seen.connect()
    seen.is_at("refused")
    expect(seen.page.get_by_role("alert")).to_contain_text(said)
    expect(seen.page.locator("#open")).to_be_visible()


def test_a_grant_opens_one_session(seen: Visit) -> None:
    token = seen.hosted.grant()
    seen.page.get_by_role("button", name="Grant").click()
    seen.page.locator("#grant").fill(token)
    seen.connect()
    seen.is_at("open")
    expect(seen.told).to_have_text(f"Connected to {HOST}, as given.")
    seen.page.get_by_role("button", name="Disconnect").click()
    seen.page.get_by_role("button", name="New session").click()
    seen.page.locator("#grant").fill(token)
    seen.connect()
    seen.is_at("refused")
    alert = seen.page.get_by_role("alert")
    expect(alert).to_have_text("The hub answered 409: the grant was used")


def test_who_is_logged_in_needs_no_key(seen: Visit) -> None:
    live = seen.hosted.live
    name = f"pager-{secrets.token_hex(4)}"
    command = [sys.executable, "-m", "hub.cli", "user", "create", name, "--staff"]
    subprocess.run(
        [*command, "--password-stdin"],
        env=live.env, cwd=ROOT, input=PASSWORD.encode(), check=True, timeout=60,
    )  # fmt: skip
    login = {"name": name, "password": PASSWORD}
    assert seen.page.request.post(f"{live.root}/api/session/", data=login).status == 201
    seen.wish()
    seen.page.locator("#key").fill("")
    seen.connect()
    seen.is_at("open")


def test_the_key_is_kept_nowhere(seen: Visit) -> None:
    seen.opened()
    kept = seen.page.evaluate(
        "() => [localStorage.length, sessionStorage.length, document.cookie, location.href]"
    )
    assert kept == [0, 0, "", f"{seen.hosted.live.root}/terminal/"]


def test_the_host_says_why_it_ends_a_session(seen: Visit, brief: str) -> None:
    seen.wish(host=brief)
    seen.connect()
    expect(seen.told).to_contain_text("Nothing was typed for too long")
    seen.is_at("ended")


def test_waiting_for_a_host_can_be_given_up(seen: Visit) -> None:
    seen.page.route("**/api/webrtc/terminal-session/", lambda route: None)
    seen.wish()
    seen.connect()
    expect(seen.told).to_have_text("Waiting for the host…")
    seen.page.get_by_role("button", name="Disconnect").click()
    seen.is_at("idle")
    expect(seen.page.locator("#open")).to_be_visible()


def test_colours_are_drawn_under_the_policy(seen: Visit) -> None:
    seen.opened()
    seen.type("printf '\\033[48;2;1;2;3mtrue\\033[44mfour\\033[m\\n'\n")
    seen.shows("truefour")
    row = seen.rows.filter(has_text=re.compile(r"^truefour\s*$"))
    expect(row.get_by_text("true", exact=True)).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(row.get_by_text("four", exact=True)).to_have_css("background-color", "rgb(31, 95, 196)")


def test_much_is_typed_at_once_and_too_much_is_not(seen: Visit) -> None:
    seen.opened()
    seen.type("stty -icanon -echo; echo rea''dy; head -c 20000 | wc -c; stty sane\n")
    seen.shows("ready")
    seen.page.keyboard.insert_text("a" * 20_000)
    seen.shows("20000")
    seen.page.keyboard.insert_text("a" * 300_000)
    expect(seen.told).to_contain_text("can be typed at once; nothing was.")
    seen.type("echo ali''ve\n")
    seen.shows("alive")


def test_a_flood_is_stopped_from_the_keyboard(seen: Visit) -> None:
    seen.opened()
    seen.type("yes\n")
    seen.shows(*["y"] * 10)
    seen.page.keyboard.press("Control+c")
    seen.type("echo ali''ve\n")
    seen.shows("alive")


def test_what_is_selected_is_copied_and_nothing_is_interrupted(seen: Visit) -> None:
    seen.page.context.grant_permissions(["clipboard-read"])
    seen.opened()
    seen.type("echo pi''cked; read line; echo l''ine=$line\n")
    seen.shows("picked")
    box = seen.rows.filter(has_text=re.compile(r"^picked\s*$")).bounding_box()
    assert box
    seen.page.mouse.dblclick(box["x"] + 10, box["y"] + box["height"] / 2)
    seen.page.keyboard.press("Control+c")
    copied = "navigator.clipboard.readText()"
    wait_until(lambda: seen.page.evaluate(copied) == "picked", "it is copied")
    seen.type("still\n")
    seen.shows("line=still")


def test_a_page_with_a_session_is_not_closed_unasked(seen: Visit) -> None:
    seen.opened()
    seen.type("echo h''i\n")
    seen.shows("hi")
    with seen.page.expect_event("dialog") as asked:
        seen.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_the_keyboard_leaves_the_terminal(seen: Visit) -> None:
    seen.opened()
    expect(seen.page.get_by_label("Terminal input")).to_be_focused()
    seen.page.keyboard.press("Shift+F6")
    expect(seen.page.get_by_role("button", name="Disconnect")).to_be_focused()


def test_what_is_shown_can_be_read_aloud(seen: Visit) -> None:
    seen.page.get_by_label("For a screen reader").check()
    seen.opened()
    seen.type("echo h''i\n")
    spoken = seen.page.get_by_role("listitem").filter(has_text=re.compile(r"^hi\s*$"))
    expect(spoken).to_have_count(1)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_narrow_window_has_all_of_it(browser: Browser, hosted: Hosted, colours: str) -> None:
    small = {"width": 400, "height": 700}
    with visit(browser, hosted, viewport=small, color_scheme=colours) as seen:
        overflow = "() => document.scrollingElement.scrollWidth - innerWidth"
        assert seen.page.evaluate(overflow) <= 0
        seen.opened(presets="")
        assert seen.page.evaluate(overflow) <= 0
        rows, columns = seen.size("narrow")
        assert rows >= 20
        assert columns >= 40


def test_output_that_is_drawn_too_slowly_is_left_out_and_told(seen: Visit) -> None:
    script = seen.page.locator("script[src$='terminal.js']").get_attribute("src")
    assert script
    lost, drawn = seen.page.evaluate(
        """async (folder) => {
            const { Feed } = await import(`./${folder}/feed.js`);
            const drawn = [], done = [], lost = [];
            const draw = (bytes, then) => { drawn.push(bytes[0]); done.push(then); };
            const feed = new Feed(draw, (bytes) => lost.push(bytes));
            for (let number = 0; number < 40; number += 1) {
                feed.push(new Uint8Array(1024 * 1024).fill(number));
            }
            while (done.length) done.shift()();
            return [lost, drawn];
        }""",
        script.split("/")[0],
    )
    assert sum(lost) // 2**20 + len(drawn) == 40
    assert lost
    assert drawn == [0, *range(40 - len(drawn) + 1, 40)]
