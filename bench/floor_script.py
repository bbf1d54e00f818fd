"""Floors (b) and (c): what a plain script does with the same mongod, without any server.

Prints one JSON value. Started by the benchmarks (``bench.site.Site.script``).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import time
import uuid
from typing import Any

import bson
import click
import orjson
from bson import Decimal128, ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from bench.feed import in_batches
from hub.ingest.stamp import Clock, stamped
from hub.store.schema import DOCUMENT_ORDER
from hub.values import BSON_CODEC

BATCH = 1_000
BODIES = 10


def command(*arguments: str) -> list[str]:
    """The command line that runs one of them."""
    return [sys.executable, "-m", "bench.floor_script", *arguments]


def collection(name: str) -> Collection[dict[str, Any]]:
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["BENCH_MONGO_URI"])
    return client[os.environ["BENCH_MONGO_DB"]].get_collection(
        name, codec_options=BSON_CODEC, write_concern=WriteConcern(w="majority", j=True)
    )


@click.group()
def main() -> None:
    """Floors of the benchmarks, as plain scripts."""
    settle()


def settle() -> None:
    """The garbage collector as wsgi.py sets it, so that it makes no difference."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@main.command()
@click.option("--dataset", required=True)
@click.option("--batch", default=500, show_default=True)
def stream(dataset: str, batch: int) -> None:
    """Read a dataset in its order of arrival and make JSON of it, batch by batch."""
    documents = collection("documents")
    documents.find_one({"_datasetid": dataset})
    begun = time.perf_counter()
    cursor = documents.find_raw_batches(
        {"_datasetid": dataset}, sort=list(DOCUMENT_ORDER)[1:], batch_size=batch
    )
    rows = size = 0
    for raw in cursor:
        found = bson.decode_all(raw, BSON_CODEC)
        rows += len(found)
        size += len(orjson.dumps(found, _plain, orjson.OPT_UTC_Z))
    seconds = time.perf_counter() - begun
    click.echo(orjson.dumps({"rows": rows, "bytes": size, "seconds": seconds}))


@main.command()
@click.option("--clients", default=1, show_default=True)
@click.option("--seconds", default=3.0, show_default=True)
def insert(clients: int, seconds: float) -> None:
    """Store batches of the annotated feed with ``insert_many``, one process a client."""
    starts = multiprocessing.get_context("spawn")
    gate, told = starts.Barrier(clients), starts.SimpleQueue()
    writers = [
        starts.Process(target=_insert, args=(gate, told, seconds), daemon=True)
        for _ in range(clients)
    ]
    for writer in writers:
        writer.start()
    counts = [told.get() for _ in writers]
    for writer in writers:
        writer.join()
    click.echo(
        orjson.dumps(
            {
                "documents": sum(stored for stored, _ in counts),
                "seconds": max(taken for _, taken in counts),
            }
        )
    )


def _insert(gate: Any, told: Any, seconds: float) -> None:
    """One client. The ``_id``s are the driver's; all other fields are as the hub stores them."""
    settle()
    documents = collection("floor")
    arrival, dataset = Clock().arrival(), str(uuid.UUID(int=7))
    batches = [stamped(batch, dataset, arrival) for batch in in_batches(BATCH, BODIES)]
    documents.find_one({})
    gate.wait(60)
    stored, number = 0, 0
    begun = now = time.perf_counter()
    while now < begun + seconds:
        batch = batches[number % BODIES]
        for document in batch:
            document.pop("_id", None)
        documents.insert_many(batch, ordered=False)
        stored, number = stored + BATCH, number + 1
        now = time.perf_counter()
    told.put((stored, now - begun))


def _plain(value: Any) -> Any:
    if isinstance(value, (ObjectId, Decimal128)):
        return str(value)
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    main()
