"""``hub license``: how this hub is licensed, and issuing licences for others."""

from __future__ import annotations

import os
import stat
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.cli.session import json_option, put_out, session, table
from hub.errors import BadLicense
from hub.services.licensing import keys
from hub.services.licensing.activation import instance_of
from hub.services.licensing.facts import of_standing
from hub.services.licensing.licences import Licence, is_name, written
from hub.services.licensing.signing import TEXT_CHARS_MAX

FILE = click.Path(dir_okay=False, path_type=Path)
ADMIN = "command line"
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.group("license")
def license_() -> None:
    """Licences: how this hub is licensed, and issuing them."""


@license_.command()
@click.argument("key_file", type=FILE)
@json_option
def keygen(key_file: Path, as_json: bool) -> None:
    """Make an issuer's private key, in a file that only you can read; print its public key."""
    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise click.ClickException(f"{key_file} cannot be made: {exc.strerror}") from exc
    with os.fdopen(descriptor, "wb") as file:
        file.write(keys.written(key))
    public = keys.public(key)
    text = f"Wrote {key_file}; keep it safe. Its public key:\nHUB_LICENSE_PUBLIC_KEY={public}"
    put_out({"public_key": public, "file": str(key_file)}, as_json=as_json, text=text)


@license_.command()
@click.argument("key_file", type=FILE)
@click.argument("request_file", type=FILE)
@click.option("--to", "issued_to", required=True, help="To whom it is issued.")
@click.option("--from", "start", type=MOMENT, help="From when it is good, UTC; default: now.")
@click.option("--until", "end", type=MOMENT, help="Until when, UTC; default: no end.")
@json_option
def issue(  # noqa: PLR0913 - an option each
    key_file: Path,
    request_file: Path,
    *,
    issued_to: str,
    start: datetime | None,
    end: datetime | None,
    as_json: bool,
) -> None:
    """Sign a licence for the hub that an activation request comes from, and print it."""
    now = datetime.now(UTC).replace(microsecond=0)
    begins = now if start is None else start.replace(tzinfo=UTC)
    ends = None if end is None else end.replace(tzinfo=UTC)
    if ends is not None and ends <= begins:
        raise click.UsageError("--until is not after its beginning")
    if not is_name(issued_to):
        raise click.UsageError("--to is empty, too long, or holds control characters")
    licence = Licence(
        id=str(uuid.uuid4()),
        instance=_instance(request_file),
        issued_to=issued_to,
        issued=now,
        start=begins,
        end=ends,
    )
    text = written(licence, _private_key(key_file))
    put_out({"license": text}, as_json=as_json, text=text)


@license_.command("request")
@json_option
def request_(as_json: bool) -> None:
    """Print this hub's activation request, for who issues licences."""
    with session() as services:
        told = services.system.licensing.request()
    put_out(told, as_json=as_json, text=told["request"])


@license_.command()
@click.argument("license_file", type=FILE)
@json_option
def install(license_file: Path, as_json: bool) -> None:
    """Install a licence for this hub, in place of the one that is there."""
    try:
        text = _content(license_file).decode().strip()
    except ValueError as exc:
        raise click.ClickException(f"{license_file} holds no licence") from exc
    with session() as services:
        facts = of_standing(services.system.licensing.install(text, ADMIN))
    put_out(facts, as_json=as_json, text=_text(facts))


@license_.command()
@json_option
def show(as_json: bool) -> None:
    """Show to whom this hub is licensed, and until when."""
    with session() as services:
        facts = of_standing(services.system.licensing.standing())
    put_out(facts, as_json=as_json, text=_text(facts))


@license_.command()
@json_option
def remove(as_json: bool) -> None:
    """Remove the licence of this hub; the hub goes on as before."""
    with session() as services:
        services.system.licensing.remove(ADMIN)
        facts = of_standing(services.system.licensing.standing())
    put_out(facts, as_json=as_json, text="Removed.")


def _text(facts: dict[str, Any]) -> str:
    told = facts["license"] or {}
    names = ("issued_to", "from", "until")
    row = [facts["state"], facts["instance"], *(told.get(name) for name in names)]
    return table(("STATE", "INSTANCE", "ISSUED TO", "FROM", "UNTIL"), [row])


def _private_key(path: Path) -> Ed25519PrivateKey:
    """The issuer's key; refused where others can read its file."""
    content = _content(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise click.ClickException(f"others can read {path}; make it private: chmod 600 {path}")
    try:
        return keys.read(content)
    except ValueError as exc:
        raise click.ClickException(f"{path} holds no private key of Ed25519") from exc


def _instance(path: Path) -> str:
    """The hub that a request comes from: the answer of the hub as it is, or its signed part."""
    content = _content(path).strip()
    try:
        found = orjson.loads(content)["request"] if content[:1] == b"{" else content.decode()
        return instance_of(str(found))
    except BadLicense as exc:
        raise click.ClickException(f"{path}: {exc.message}") from exc
    except (ValueError, KeyError) as exc:
        raise click.ClickException(f"{path} holds no activation request") from exc


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4 * TEXT_CHARS_MAX)
    except OSError as exc:
        raise click.ClickException(f"{path} cannot be read: {exc.strerror}") from exc
