"""``hub audit``: who changed what."""

from __future__ import annotations

import click

from hub.cli.session import json_option, put_out, session, table


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--action", help="Only those of this kind: key, terminal.end ...")
@json_option
def audit(limit: int, action: str | None, as_json: bool) -> None:
    """Show the latest changes, newest first: of datasets, streams, keys, users."""
    with session() as services:
        entries = services.audit.latest(limit, action)
    rows = [
        [e["at"], e["action"], " ".join(f"{k}={v}" for k, v in e.items() if k not in _SHOWN)]
        for e in entries
    ]
    put_out(entries, as_json=as_json, text=table(("AT", "ACTION", "WHAT"), rows))


_SHOWN = ("at", "action")
