"""The documentation names what there is: settings, error codes, commands, the demo's fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from hub import settings
from hub.api.errors import status_of
from hub.api.formats import leaves
from hub.cli.root import hub
from hub.demo.feed import day
from hub.errors import HubError
from hub.serve import web_command
from tests.live import ROOT

DOCS = ROOT / "docs"
README_LINES_MAX = 60
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def rows(page: str) -> dict[str, list[str]]:
    """The table rows of a page by the name in their first cell."""
    found = {}
    for line in (DOCS / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) > 1:
            found[cells[0].strip("`")] = cells[1:]
    return found


def defaults(group: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """(variable, default as the page shows it) of every setting."""
    for field in fields(group):
        value, name = getattr(group, field.name), prefix + field.name.upper()
        if is_dataclass(value):
            yield from defaults(value, name + "_")
        else:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            yield name, "none" if value is None else f"`{text}`"


def error_codes() -> dict[str, int]:
    """Every code an answer may carry, with its status."""
    found, kinds = {}, HubError.__subclasses__()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if not kind.__name__.startswith("_"):
            found[kind.code] = status_of(kind)
    return found


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """(full name, command) of everything that can be called."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, f"{path} {name}")


def section(text: str, name: str) -> str:
    """What stands under the heading of a command, up to the next heading."""
    found = re.search(rf"^#+ `{re.escape(name)}\b[^\n]*\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    assert found, f"no heading for {name}"
    return found[0]


def test_every_setting_stands_with_its_default():
    expected = dict(defaults(settings.Settings(), settings.PREFIX))
    assert list(expected) == settings.names()
    assert {name: cells[0] for name, cells in rows("settings.md").items()} == expected


def test_every_error_code_stands_with_its_status():
    shown = {code: cells[0] for code, cells in rows("errors.md").items()}
    expected = {code: str(status) for code, status in error_codes().items()}
    assert expected.items() <= shown.items()


@pytest.mark.parametrize(("name", "command"), list(commands(hub, "hub")))
def test_every_command_stands_with_its_options(name: str, command: click.Command):
    text = section((DOCS / "cli.md").read_text("utf-8"), name)
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            assert str(parameter.human_readable_name) in text
        else:
            assert all(f"`{option}" in text for option in parameter.opts), parameter.opts


def test_the_feed_is_as_its_page_says():
    documented = rows("feed.md")
    seen = set()
    for reading in day(datetime(2026, 6, 1, tzinfo=UTC)):
        for name, value in leaves(reading).items():
            seen.add(name)
            if bounds := re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", documented[name][1]):
                assert value is None or float(bounds[1]) <= value <= float(bounds[2]), name
    assert seen == documented.keys()


def test_the_documented_gunicorn_is_the_one_that_serve_starts():
    page = " ".join((DOCS / "running.md").read_text("utf-8").replace("\\\n", " ").split())
    command = web_command(settings.Settings())
    assert " ".join(command[command.index("wsgi:app") :]) in page


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES_MAX


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target
