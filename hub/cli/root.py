"""The command tree: every group is in a file of its name."""

from __future__ import annotations

import click

from hub.cli import (
    audit,
    dataset,
    demo,
    device,
    dummystream,
    importing,
    key,
    license,
    model,
    region,
    simulate,
    stream,
    terminal,
    user,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def hub() -> None:
    """Administer the hub: datasets, streams, devices, access keys, users.

    Works on the same database as the running hub, or starts the embedded one for as long as
    the command runs. With --json every command prints one JSON value.
    """


for _command in (
    audit.audit,
    dataset.dataset,
    demo.demo,
    device.device,
    dummystream.dummystream,
    importing.import_,
    key.key,
    license.license_,
    model.model,
    region.region,
    simulate.simulate,
    stream.stream,
    terminal.terminal_host,
    user.user,
):
    hub.add_command(_command)
