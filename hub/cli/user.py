"""``hub user``: people who may log in."""

from __future__ import annotations

import click

from hub.cli.session import json_option, put_out, session, table


@click.group()
def user() -> None:
    """People who may log in."""


@user.command()
@click.argument("name")
@click.option("--staff", is_flag=True, help="May administer.")
@click.option("--superuser", is_flag=True, help="May do everything.")
@click.password_option(help="Asked for when it is not given, which keeps it out of the history.")
@json_option
def create(name: str, *, staff: bool, superuser: bool, password: str, as_json: bool) -> None:
    """Make a user; the password is asked for."""
    with session() as services:
        made = services.users.create(name, password, staff=staff, superuser=superuser)
    put_out(made, as_json=as_json, text=f"Made user {made.name}.")


@user.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List everybody."""
    with session() as services:
        found = services.users.all()
    rows = [[u.name, u.staff, u.superuser, u.created] for u in found]
    put_out(found, as_json=as_json, text=table(("NAME", "STAFF", "SUPERUSER", "CREATED"), rows))
