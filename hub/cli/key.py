"""``hub key``: make, list, rotate and revoke access keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from hub.cli.session import Duration, json_option, put_out, session, table
from hub.cli.stream import named
from hub.services import Services, scopes
from hub.services.keys import Issued
from hub.values import Key, Reach

KINDS = ("datasets", "devices", "streams")


@click.group()
def key() -> None:
    """Access keys, good at every door."""


@key.command()
@click.argument("label")
@click.option(
    "--scope",
    "key_scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(scopes.SCOPES)),
    help="What it may do (repeatable).",
)
@click.option("--dataset", "datasets", multiple=True, help="Open this one (repeatable).")
@click.option("--all-datasets", is_flag=True, help="Open every dataset, also those to come.")
@click.option("--device", "devices", multiple=True, type=int, help="Open this one (repeatable).")
@click.option("--all-devices", is_flag=True, help="Open every device, also those to come.")
@click.option("--stream", "streams", multiple=True, help="Open this one (repeatable).")
@click.option("--all-streams", is_flag=True, help="Open every stream, also those to come.")
@click.option("--expires-in", type=Duration(), help="For example 12h or 90d; default: never.")
@json_option
def create(  # noqa: PLR0913 - an option each
    label: str,
    key_scopes: tuple[str, ...],
    *,
    datasets: tuple[str, ...],
    all_datasets: bool,
    devices: tuple[int, ...],
    all_devices: bool,
    streams: tuple[str, ...],
    all_streams: bool,
    expires_in: timedelta | None,
    as_json: bool,
) -> None:
    """Make a key, restricted to some things of each kind or open to all; shown this once."""
    _check_restrictions((datasets, all_datasets), (devices, all_devices), (streams, all_streams))
    with session() as services:
        for uuid in datasets:
            services.datasets.get(uuid)
        reach = Reach(
            datasets=None if all_datasets else frozenset(datasets),
            devices=None if all_devices else frozenset(devices),
            streams=None if all_streams else frozenset(named(services, s).id for s in streams),
        )
        issued = services.keys.create(label, key_scopes, reach=reach, lifetime=expires_in)
    _put_out_issued(issued, as_json=as_json)


def _check_restrictions(*kinds: tuple[tuple[object, ...], bool]) -> None:
    """Each kind with what is named of it, and whether all of it is meant."""
    if any(named and every for named, every in kinds):
        raise click.UsageError("give either some or all of a kind")
    if not any(named or every for named, every in kinds):
        raise click.UsageError(
            "give --dataset, --device or --stream, or else "
            "--all-datasets, --all-devices or --all-streams"
        )


@key.command("list")
@click.option("--dataset", help="Only keys restricted to this one.")
@json_option
def list_(dataset: str | None, as_json: bool) -> None:
    """List keys: what they may do, when they were last used. Secrets are not kept."""
    with session() as services:
        rows = [_facts(found) for found in services.keys.all(dataset)]
    headings = (
        "KEY",
        "LABEL",
        "SCOPES",
        *map(str.upper, KINDS),
        "CREATED",
        "EXPIRES",
        "REVOKED",
        "LAST USED",
    )
    put_out(rows, as_json=as_json, text=table(headings, [_line(row) for row in rows]))


@key.command()
@click.argument("key_id")
@click.option(
    "--grace",
    type=Duration(),
    default="24h",
    show_default=True,
    help="How long the secret in use stays good; 0 ends it now.",
)
@json_option
def rotate(key_id: str, grace: timedelta, as_json: bool) -> None:
    """Give a key a new secret; both are good until the grace time is over."""
    with session() as services:
        issued = services.keys.rotate(key_id, grace=grace)
    _put_out_issued(issued, as_json=as_json)


@key.command()
@click.argument("key_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def revoke(key_id: str, yes: bool, as_json: bool) -> None:
    """Close a key for good, within a second everywhere."""
    with session() as services:
        if not yes:
            click.confirm(f"Revoke {_label(services, key_id)!r} for good?", abort=True)
        services.keys.revoke(key_id)
    put_out({"key_id": key_id, "revoked": True}, as_json=as_json, text="Revoked.")


def _label(services: Services, key_id: str) -> str:
    return services.keys.get(key_id).label


def _put_out_issued(issued: Issued, *, as_json: bool) -> None:
    facts = {"key_id": issued.key.id, "label": issued.key.label, "key": issued.secret}
    text = "\n".join(f"{name:7} {value}" for name, value in facts.items())
    put_out(facts, as_json=as_json, text=f"{text}\nKeep the key now; it is not shown again.")


def _shown(ids: frozenset[Any] | None) -> list[Any] | None:
    return None if ids is None else sorted(ids)


def _facts(found: Key) -> dict[str, Any]:
    return {
        "key_id": found.id,
        "label": found.label,
        "scopes": list(found.scopes),
        **{kind: _shown(getattr(found.reach, kind)) for kind in KINDS},
        "created": found.created,
        "expires": found.expires,
        "revoked": found.revoked,
        "last_used": found.last_used,
    }


def _line(facts: dict[str, Any]) -> list[Any]:
    shown = [
        " ".join(map(str, ids)) if (ids := facts[kind]) is not None else "all" for kind in KINDS
    ]
    scopes_shown = " ".join(facts["scopes"])
    times = [facts[name] for name in ("created", "expires", "revoked", "last_used")]
    return [facts["key_id"], facts["label"], scopes_shown, *shown, *times]
