"""The page that shows the interface: in a real browser, over a whole hub, under its policy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.api.openapi.views import FILES
from hub.services import scopes
from tests.browser import PATIENCE_MS, chromium
from tests.live import ROOT, Live
from tests.people import PASSWORD

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def faults() -> list[str]:
    """What the browser complained of; nothing in the end."""
    return []


@pytest.fixture
def page(browser: Browser, live: Live, faults: list[str]) -> Iterator[Page]:
    """The page, all of it loaded."""
    found = browser.new_page(viewport={"width": 1200, "height": 1000})
    found.set_default_timeout(PATIENCE_MS)
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    found.goto(f"{live.root}/api/docs/")
    expect(found.locator(".opblock-tag").first).to_be_visible()
    yield found
    found.close()


def opened(page: Page, operation: str, tag: str) -> None:
    """Unfold an operation, ready to be tried."""
    page.locator(f'.opblock-tag[data-tag="{tag}"]').click()
    page.locator(f'[id$="{operation}"] .opblock-summary-control').click()
    page.locator(f'[id$="{operation}"] .try-out__btn').click()


def executed(page: Page, operation: str) -> str:
    """The status of the answer to a call from the page."""
    block = page.locator(f'[id$="{operation}"]')
    block.locator(".execute").click()
    status = block.locator(".live-responses-table .response-col_status").nth(1)
    expect(status).to_be_visible()
    return status.inner_text().split()[0]


def test_it_shows_every_door_and_breaks_no_policy(
    page: Page, live: Live, faults: list[str]
) -> None:
    document = json.loads(page.request.get(f"{live.root}/api/openapi.json").body())
    shown = page.locator(".opblock-tag").evaluate_all("all => all.map(one => one.dataset.tag)")
    assert shown == [tag["name"] for tag in document["tags"]]
    assert faults == []


def test_every_file_comes_from_this_hub(browser: Browser, live: Live) -> None:
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live.root}/api/docs/")
    expect(page.locator(".opblock-tag").first).to_be_visible(timeout=PATIENCE_MS)
    page.close()
    assert {url.rsplit("/", 1)[1] for url in asked} >= {*FILES, "docs.js", "openapi.json"}
    assert [url for url in asked if not url.startswith((live.root, "data:"))] == []


def test_a_key_opens_what_is_tried(page: Page, live: Live, faults: list[str]) -> None:
    key = live.cli("key", "create", "docs", "--all-devices", "--scope", scopes.DEVICE_READ)["key"]
    page.locator(".btn.authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.locator(".auth-container", has_text="X-API-Key").locator("input").fill(key)
    dialog.locator(".auth-container", has_text="X-API-Key").locator(".authorize").click()
    dialog.locator(".close-modal").click()
    opened(page, "plant_devices_every", "devices")
    assert executed(page, "plant_devices_every") == "200"
    assert faults == []


def test_who_is_logged_in_changes_things_by_their_session(page: Page, live: Live) -> None:
    name = "reader-of-docs"
    subprocess.run(
        [sys.executable, "-m", "hub.cli", "user", "create", name, "--staff", "--password-stdin"],
        env=live.env, cwd=ROOT, input=PASSWORD.encode(), check=True, timeout=60,
    )  # fmt: skip
    answer = page.request.post(
        f"{live.root}/api/session/", data={"name": name, "password": PASSWORD}
    )
    assert answer.status == 201
    opened(page, "plant_groups_create", "groups")
    page.locator('[id$="plant_groups_create"] textarea').fill('{"name": "made from the page"}')
    assert executed(page, "plant_groups_create") == "201"
