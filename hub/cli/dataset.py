"""``hub dataset``: make, list, show, describe, publish and delete datasets."""

from __future__ import annotations

import sys
from typing import Any, get_args

import click
import orjson

from hub.cli.session import json_option, put_out, session, table
from hub.services import scopes
from hub.services.observing.entry import SEVERAL
from hub.values import DatasetKind, Document

COUNT_BUDGET_MS = 60_000
SHOWN_CHARS_MAX = 70


@click.group()
def dataset() -> None:
    """Datasets, and the documents in them."""


@dataset.command()
@click.argument("name")
@click.option(
    "--scope",
    "key_scopes",
    multiple=True,
    type=click.Choice(scopes.OF_DATASETS),
    help="What its access key may do (repeatable; default: everything).",
)
@click.option(
    "--kind",
    type=click.Choice(get_args(DatasetKind)),
    default="documents",
    show_default=True,
    help="What it takes: any documents, or rows of the observation schema.",
)
@json_option
def create(name: str, key_scopes: tuple[str, ...], kind: DatasetKind, as_json: bool) -> None:
    """Make a dataset and its access key, which is shown this once."""
    with session() as services:
        made = services.datasets.create(name, key_scopes or scopes.OF_DATASETS, kind=kind)
    facts = {
        "dataset": made.dataset.uuid,
        "name": made.dataset.name,
        "path": f"/api/dataset/{made.dataset.uuid}/",
        "key_id": made.access.key.id,
        "key": made.access.secret,
    }
    text = "\n".join(f"{name:8} {value}" for name, value in facts.items())
    facts["kind"] = made.dataset.kind
    put_out(facts, as_json=as_json, text=f"{text}\nKeep the key now; it is not shown again.")


@dataset.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every dataset."""
    with session() as services:
        found = services.datasets.all()
    rows = [
        {
            "dataset": each.uuid,
            "name": each.name,
            "kind": each.kind,
            "created": each.created,
            "published": each.published,
        }
        for each in found
    ]
    headings = ("DATASET", "NAME", "KIND", "CREATED", "PUBLISHED")
    text = table(headings, [list(row.values()) for row in rows])
    put_out(rows, as_json=as_json, text=text)


@dataset.command()
@click.argument("uuid")
@json_option
def show(uuid: str, as_json: bool) -> None:
    """Show one dataset: how many documents it holds and which keys open it."""
    with session() as services:
        found = services.datasets.get(uuid)
        count = services.datasets.count(uuid, budget_ms=COUNT_BUDGET_MS)
        keys = [key.id for key in services.keys.all(uuid) if not key.revoked]
        entry = services.catalogue.entry(uuid)
    facts = {
        "dataset": found.uuid,
        "name": found.name,
        "kind": found.kind,
        "created": found.created,
        "published": found.published,
        "documents": count,
        "keys": keys,
    }
    text = "\n".join([*_lines(facts), *_lines(entry)])
    put_out(facts | {"catalogue": entry}, as_json=as_json, text=text)


@dataset.command("set")
@click.argument("uuid")
@click.argument("fields", nargs=-1, required=True, metavar="NAME=VALUE...")
@json_option
def set_(uuid: str, fields: tuple[str, ...], as_json: bool) -> None:
    """Tell something of a dataset in the catalogue; NAME= alone removes it."""
    changes = dict(map(_field, fields))
    with session() as services:
        entry = services.catalogue.change(uuid, changes)
    put_out(entry, as_json=as_json, text="\n".join(_lines(entry)))


@dataset.command()
@click.argument("uuid")
@json_option
def publish(uuid: str, as_json: bool) -> None:
    """Put a dataset into the catalogue, for everybody who may read published data."""
    with session() as services:
        found = services.catalogue.publish(uuid)
    facts = {"dataset": uuid, "published": found.published}
    put_out(facts, as_json=as_json, text=f"Published as {found.catalogue['DOI']}.")


@dataset.command()
@click.argument("uuid")
@json_option
def unpublish(uuid: str, as_json: bool) -> None:
    """Take a dataset out of the catalogue; its data and its keys stay."""
    with session() as services:
        services.catalogue.unpublish(uuid)
    facts = {"dataset": uuid, "published": None}
    put_out(facts, as_json=as_json, text="Unpublished.")


@dataset.command()
@click.argument("uuid")
@json_option
def rebuild(uuid: str, as_json: bool) -> None:
    """Make the locations and facets of a dataset of observations anew, after a crash."""
    removed = {"locations_removed": 0, "facets_removed": 0}
    with session() as services:
        count = services.datasets.count(uuid, budget_ms=COUNT_BUDGET_MS)
        with click.progressbar(length=count, label="reading", file=sys.stderr) as bar:
            for step in services.rebuilding.rebuild(uuid):
                bar.label = "waiting for writes under way" if step.waiting else bar.label
                bar.update(step.documents)
                removed["locations_removed"] += step.locations_removed
                removed["facets_removed"] += step.facets_removed
    facts = {"dataset": uuid, "documents": count, **removed}
    unused = "{locations_removed} locations and {facets_removed} facets".format(**removed)
    put_out(facts, as_json=as_json, text=f"Rebuilt; removed {unused} that nothing used.")


@dataset.command()
@click.argument("uuid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Leave removing the documents to the worker.")
@json_option
def delete(uuid: str, yes: bool, no_wait: bool, as_json: bool) -> None:
    """Delete a dataset, its documents and the keys that open nothing else."""
    with session() as services:
        found = services.datasets.get(uuid)
        count = services.datasets.count(uuid, budget_ms=COUNT_BUDGET_MS)
        if not yes:
            click.confirm(f"Delete {found.name!r} with {count} documents for good?", abort=True)
        services.datasets.delete(uuid)
        if not no_wait:
            with click.progressbar(length=count, label="removing", file=sys.stderr) as bar:
                for step in services.datasets.purge(uuid):
                    bar.update(step)
    facts = {"dataset": uuid, "documents": count, "finished": not no_wait}
    done = f"Deleted, with {count} documents." if not no_wait else "Deleted; the worker cleans up."
    put_out(facts, as_json=as_json, text=done)


def _field(text: str) -> tuple[str, Any]:
    """A field and its value: arrays as JSON or divided by commas, None for an empty one."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"a field is NAME=VALUE, and not {text!r}")
    if not value:
        return name, None
    if name not in SEVERAL:
        return name, value
    if not value.startswith("["):
        return name, [word.strip() for word in value.split(",")]
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise click.UsageError(f"{name} is no JSON: {exc}") from exc


def _lines(entry: Document) -> list[str]:
    """What is told, a line each; long texts cut."""
    told = {name: value for name, value in entry.items() if value is not None}
    return [f"{name:26} {_cut(value)}" for name, value in told.items()]


def _cut(value: Any) -> str:
    text = " ".join((", ".join(value) if isinstance(value, list) else str(value)).split())
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"
