"""``hub model``: models of what is normal, for AI devices."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.session import json_option, put_out, session
from hub.cli.stream import ADMIN

VALUES = 10_000


@click.group()
def model() -> None:
    """Models that score data streams."""


@model.command()
@click.argument("data", type=click.IntRange(1))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--window",
    type=click.IntRange(2, 512),
    default=32,
    show_default=True,
    help="How many values the model looks at together.",
)
@click.option(
    "--values",
    type=click.IntRange(10, 1_000_000),
    default=VALUES,
    show_default=True,
    help="How many of the newest values it is fitted to.",
)
@json_option
def fit(data: int, folder: Path, window: int, values: int, as_json: bool) -> None:
    """Fit a small model to the newest values of a data stream; write it into a folder.

    It writes model.tflite and scaler.pkl, to be uploaded as of type cnn_ae, and tells a threshold.
    """
    with session() as services:
        found = services.ai.fitting.fit(data, ADMIN, window=window, most=values)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model": folder / "model.tflite", "scaler": folder / "scaler.pkl"}
    files["model"].write_bytes(found.model)
    files["scaler"].write_bytes(found.scaler)
    threshold = float(f"{found.threshold:.4g}")
    facts = {name: str(path) for name, path in files.items()}
    text = f"Wrote {facts['model']} and {facts['scaler']}; threshold {threshold:g}."
    put_out(facts | {"window": window, "threshold": threshold}, as_json=as_json, text=text)
