"""``hub dataset``: make, list, show and delete datasets."""

from __future__ import annotations

import sys

import click

from hub.cli.session import json_option, put_out, session, table
from hub.services import scopes

COUNT_BUDGET_MS = 60_000


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
@json_option
def create(name: str, key_scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a dataset and its access key, which is shown this once."""
    with session() as services:
        made = services.datasets.create(name, key_scopes or scopes.OF_DATASETS)
    facts = {
        "dataset": made.dataset.uuid,
        "name": made.dataset.name,
        "path": f"/api/dataset/{made.dataset.uuid}/",
        "key_id": made.access.key.id,
        "key": made.access.secret,
    }
    text = "\n".join(f"{name:8} {value}" for name, value in facts.items())
    put_out(facts, as_json=as_json, text=f"{text}\nKeep the key now; it is not shown again.")


@dataset.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every dataset."""
    with session() as services:
        found = services.datasets.all()
    rows = [{"dataset": d.uuid, "name": d.name, "created": d.created} for d in found]
    text = table(("DATASET", "NAME", "CREATED"), [list(row.values()) for row in rows])
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
    facts = {
        "dataset": found.uuid,
        "name": found.name,
        "created": found.created,
        "documents": count,
        "keys": keys,
    }
    text = "\n".join(f"{name:10} {value}" for name, value in facts.items())
    put_out(facts, as_json=as_json, text=text)


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
