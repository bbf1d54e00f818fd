"""Floor (a): the least that a web application can do for a durable document.

One Flask view, one ``insert_one`` that is acknowledged by the journal, orjson both ways; no
key, no checks, no annotation. It runs under the hub's own gunicorn command (``bench.site``), in
a collection with the hub's own index and compression, with wsgi.py's garbage collector settings.
"""

from __future__ import annotations

import gc
import os

import orjson
from flask import Flask, Response, request
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

COLLECTION = "floor"

app = Flask("floor", static_folder=None)
client = MongoClient(os.environ["BENCH_MONGO_URI"], tz_aware=True)
documents = client[os.environ["BENCH_MONGO_DB"]].get_collection(
    COLLECTION, write_concern=WriteConcern(w="majority", j=True)
)


@app.put("/")
def put() -> Response:
    document = orjson.loads(request.get_data())
    stored = documents.insert_one(document)
    body = orjson.dumps({"_id": str(stored.inserted_id)})
    return Response(body, 201, content_type="application/json")


@app.get("/")
def ready() -> Response:
    return Response(b"{}", content_type="application/json")


gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
