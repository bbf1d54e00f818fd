"""``hub user``: people who may log in."""

from __future__ import annotations

import sys
from typing import Any

import click

from hub.cli.session import json_option, put_out, session, table


@click.group()
def user() -> None:
    """People who may log in."""


def password_option(command: Any) -> Any:
    """``--password-stdin``, for whoever cannot be asked."""
    return click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password from the standard input, up to the end of its first line.",
    )(command)


@user.command()
@click.argument("name")
@click.option("--staff", is_flag=True, help="May log in and administer.")
@click.option("--superuser", is_flag=True, help="May log in and do everything.")
@password_option
@json_option
def create(name: str, *, staff: bool, superuser: bool, password_stdin: bool, as_json: bool) -> None:
    """Make a user; the password is asked for. Only staff and superusers may log in."""
    password = _password(from_stdin=password_stdin)
    with session() as services:
        made = services.people.users.create(name, password, staff=staff, superuser=superuser)
    put_out(made, as_json=as_json, text=f"Made user {made.name}.")


@user.command()
@click.argument("name")
@password_option
@json_option
def passwd(name: str, *, password_stdin: bool, as_json: bool) -> None:
    """Give a user another password, which is asked for; all sessions of the user end."""
    password = _password(from_stdin=password_stdin)
    with session() as services:
        services.people.users.set_password(name, password)
    put_out({"name": name, "changed": True}, as_json=as_json, text="Changed; sessions ended.")


@user.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List everybody."""
    with session() as services:
        found = services.people.users.all()
    rows = [[u.name, u.staff, u.superuser, u.created] for u in found]
    put_out(found, as_json=as_json, text=table(("NAME", "STAFF", "SUPERUSER", "CREATED"), rows))


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(name: str, yes: bool, as_json: bool) -> None:
    """Remove a user for good; all sessions of the user end."""
    with session() as services:
        found = services.people.users.get(name)
        if not yes:
            click.confirm(f"Delete user {found.name!r} for good?", abort=True)
        services.people.users.delete(name)
    put_out({"name": name, "deleted": True}, as_json=as_json, text="Deleted; sessions ended.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked
