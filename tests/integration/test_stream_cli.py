"""``hub stream``, and keys for streams, on a real database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.root import hub
from hub.services import Services
from hub.settings import Settings
from hub.values import Reach

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, services: Services) -> Run:
    """Run ``hub`` over the database of ``services``."""
    env = {
        "HUB_MONGO_URI": settings.mongo_uri,
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": settings.secret,
    }
    return lambda *arguments, **more: CliRunner(env=env).invoke(hub, arguments, **more)


@pytest.fixture
def create(run: Run) -> Callable[..., Any]:
    """Make a stream; what is told of it."""

    def made(*options: str, **more: Any) -> Any:
        done = run("stream", "create", f"stream {uuid.uuid4()}", *options, "--json", **more)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return made


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (("--public",), "public", True),
        ((), "public", False),
        (("--value-type", "graph"), "value_type", "graph"),
        (("--granularity", "6hours"), "highest_granularity", "6hours"),
        (("--late", "reject"), "late", "reject"),
    ],
)
def test_options_say_what_the_stream_is(create: Callable, options: tuple, field: str, value: Any):
    made = create(*options)
    assert (made["made"], made[field]) == (True, value)


def test_the_interval_sets_the_width(create: Callable, services: Services):
    made = create("--interval", "60s")
    assert services.streams.of(made["number"]).widths == ((0, 21_600_000),)


def test_tags_are_json_or_text(create: Callable):
    made = create("--tag", "n=5", "--tag", "unit=m/s", "--tag", 'at={"floor": 2}', "--tag", "e=")
    made["tags"].pop("title")
    assert made["tags"] == {"n": 5, "unit": "m/s", "at": {"floor": 2}, "e": ""}


def test_the_definition_says_the_rest_and_options_count_first(create: Callable):
    source = create()["id"]
    definition = {
        "derive_op": "derivative", "derive_from": [source], "tags": {"a": 1, "b": 1},
        "late": "reject",
    }  # fmt: skip
    options = ("--definition", "-", "--late", "replace", "--tag", "b=2")
    made = create(*options, input=json.dumps(definition))
    assert made["derived_from"]["sources"][0]["stream"] == source
    assert (made["late"], made["tags"]["a"], made["tags"]["b"]) == ("replace", 1, 2)


def test_the_same_title_gives_the_stream_that_is_there(create: Callable, run: Run):
    made = create()
    again = json.loads(run("stream", "create", made["title"], "--json").stdout)
    assert again == made | {"made": False}


@pytest.mark.parametrize("name", ["id", "number"])
def test_a_stream_is_shown_by_its_uuid_and_its_number(create: Callable, run: Run, name: str):
    made = create()
    shown = json.loads(run("stream", "show", str(made[name]), "--json").stdout)
    assert {"made": True} | shown == made


def test_the_list_has_every_stream(create: Callable, run: Run):
    made = create()
    listed = json.loads(run("stream", "list", "--json").stdout)
    assert listed[-1]["stream"] == made["id"]
    assert [row["number"] for row in listed] == sorted(row["number"] for row in listed)


@pytest.mark.parametrize("stream", ["x", "0", "9" * 30, str(uuid.UUID(int=1))])
def test_what_is_no_stream_is_told_in_a_line(run: Run, stream: str):
    done = run("stream", "show", stream)
    assert (done.exit_code, done.stderr.startswith("Error: ")) == (1, True)


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (("--tag", "novalue"), None),
        (("--definition", "-"), "{"),
        (("--definition", "-"), "[]"),
        (("--definition", "-", "--tag", "a=1"), '{"tags": 5}'),
        (("--interval", "soon"), None),
    ],
)
def test_what_is_not_understood_makes_nothing(run: Run, options: tuple, given: str | None):
    title = f"stream {uuid.uuid4()}"
    assert run("stream", "create", title, *options, input=given).exit_code == 2
    assert title not in run("stream", "list").stdout


def test_a_stream_that_others_are_derived_from_is_not_deleted(create: Callable, run: Run):
    source = create()["id"]
    definition = json.dumps({"derive_op": "derivative", "derive_from": [source]})
    derived = create("--definition", "-", input=definition)["id"]
    refused = run("stream", "delete", source, "--yes")
    assert (refused.exit_code, derived in refused.stderr) == (1, True)
    assert [run("stream", "delete", each, "--yes").exit_code for each in (derived, source)] == [
        0,
        0,
    ]


@pytest.mark.parametrize("name", ["id", "number"])
def test_a_key_is_made_for_streams(create: Callable, run: Run, services: Services, name: str):
    made = create()
    options = ("--scope", "stream:read", "--stream", str(made[name]), "--json")
    issued = json.loads(run("key", "create", "k", *options).stdout)
    assert services.keys.get(issued["key_id"]).reach == Reach(
        datasets=frozenset(), devices=frozenset(), streams=frozenset({made["number"]})
    )


def test_a_key_is_made_for_all_streams(run: Run, services: Services):
    options = ("--scope", "stream:write", "--all-streams", "--json")
    issued = json.loads(run("key", "create", "k", *options).stdout)
    assert services.keys.get(issued["key_id"]).reach == Reach(
        datasets=frozenset(), devices=frozenset()
    )


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--stream", str(uuid.UUID(int=1))), 1),
        (("--stream", "x"), 1),
        (("--stream", "1", "--all-streams"), 2),
        ((), 2),
    ],
)
def test_a_key_for_no_such_stream_is_not_made(
    run: Run, services: Services, options: tuple, status: int
):
    before = len(services.keys.all())
    assert run("key", "create", "k", "--scope", "stream:read", *options).exit_code == status
    assert len(services.keys.all()) == before
