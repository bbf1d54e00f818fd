"""Small frozen values that cross layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bson.codec_options import CodecOptions, DatetimeConversion

Document = dict[str, Any]

BSON_CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
"""How BSON is read everywhere: dates aware, and those beyond the calendar as ``DatetimeMS``."""


DatasetKind = Literal["documents", "observations"]
"""What a dataset takes: any documents, or rows of the observation schema."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published or private collection of documents.

    ``created`` is aware UTC; ``deleted`` is set from the moment nobody may use it any more,
    while its documents are still being removed. ``catalogue`` is what is told of it beside its
    data, by the names of OData's ``Metadata``; ``published`` since when it is in the catalogue.
    """

    uuid: str
    name: str
    created: datetime
    deleted: datetime | None = None
    kind: DatasetKind = "documents"
    catalogue: Document = field(default_factory=dict)
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One live secret of a key: its keyed digest, never the secret. ``expires`` closes it."""

    digest: bytes
    created: datetime
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a key is restricted to, by kind; None where it is not: then also what is to come.

    Datasets are named by UUID, devices and data streams by their integer ids.
    """

    datasets: frozenset[str] | None = None
    devices: frozenset[int] | None = None
    streams: frozenset[int] | None = None

    @classmethod
    def of_dataset(cls, uuid: str) -> Reach:
        """One dataset, no device and no data stream."""
        return cls(datasets=frozenset({uuid}), devices=frozenset(), streams=frozenset())

    def opens(self, dataset: str) -> bool:
        return self.datasets is None or dataset in self.datasets

    def opens_device(self, device: int) -> bool:
        return self.devices is None or device in self.devices

    def opens_stream(self, stream: int, device: int | None) -> bool:
        """Whether a stream is opened that belongs to this device, or to none.

        A device brings its streams along, and where devices are named those of others stay
        shut, also to whom all streams are open.
        """
        named = self.devices is not None and device in self.devices
        if self.streams is not None:
            return named or stream in self.streams
        return named or not self.devices or device is None


EVERYTHING = Reach()
NOTHING = Reach(datasets=frozenset(), devices=frozenset(), streams=frozenset())


@dataclass(frozen=True, slots=True)
class Key:
    """What a key may do, and to what."""

    id: str
    label: str
    scopes: tuple[str, ...]
    reach: Reach
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    secrets: tuple[KeySecret, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is, once its key was verified.

    ``scopes`` holds the implied ones too (a write scope brings its read scope); ``ends`` is
    the moment (aware UTC) from which the secret that was shown opens nothing.
    """

    key_id: str
    scopes: frozenset[str]
    reach: Reach
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in. ``staff`` administers, ``superuser`` may do everything."""

    name: str
    staff: bool
    superuser: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The remembered start of an idempotent request: enough to give its answer again.

    ``first_id`` is the ``_id`` of its first document, ``at`` its arrival (aware UTC),
    ``request`` a fingerprint of what was sent, ``done`` whether everything was stored.
    """

    id: str
    request: bytes
    at: datetime
    first_id: bytes
    done: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of an answer, and how large they are (as BSON; 0 where nobody asks)."""

    rows: list[Document]
    size_bytes: int = 0


Late = Literal["reject", "replace", "keep"]
"""What becomes of a datapoint that is older than the newest, or of an instant that is taken:
``reject`` refuses older ones, ``replace`` keeps one value an instant, ``keep`` keeps all."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The dataset field whose values are a stream's. ``filter`` is a MongoDB query document.

    ``time_field`` names the field with a value's time; None is the time of arrival.
    """

    dataset: str
    field: str
    filter: Document | None = None
    time_field: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One input of a derived stream: which stream, at which granularity, in which role."""

    stream: int
    granularity: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a derived stream is made. ``after_ms`` leaves out source data up to that moment."""

    op: str
    sources: tuple[Source, ...]
    args: Document
    after_ms: int | None = None


DeviceKind = Literal["modbus", "opcua", "melsec", "fenet", "ai"]
"""What a device speaks; ``ai`` is a model that computes instead of a machine that measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A machine in the plant, and how it is reached.

    ``unit`` is the number behind a Modbus gateway. ``options`` are those of its kind, all of
    them. ``poll_interval_s`` is that of its data streams that have none of their own;
    ``timeout_s`` bounds one request to it. ``revision`` counts its changes.
    """

    id: int
    name: str
    kind: DeviceKind
    host: str | None
    port: int | None
    unit: int | None
    enabled: bool
    poll_interval_s: float
    timeout_s: float
    options: Document
    description: str
    tags: Document
    created: datetime
    updated: datetime
    revision: int = 0


DeviceStatus = Literal["unknown", "up", "down"]
"""Whether a device answers: not polled yet, it does, or it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """How the polling of a device goes; times are aware UTC.

    ``since`` is when the status became what it is. ``error`` is the last one: its ``code`` and
    ``message`` and when (``at``) it came, kept after the device is up again. ``latency_ms`` is how
    long the last poll took, ``polls`` how many there were, and ``missed`` how many were not begun
    before the next was due, or failed, since ``counted_from``. ``worker`` is who polls it, None
    if nobody does.
    """

    device: int
    status: DeviceStatus = "unknown"
    since: datetime
    last_good: datetime | None = None
    error: Document | None = None
    latency_ms: float | None = None
    polls: int = 0
    missed: int = 0
    counted_from: datetime
    worker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A name for some data streams; each of these says that it belongs to it."""

    id: int
    name: str
    description: str
    created: datetime
    updated: datetime
    revision: int = 0


DataType = Literal[
    "bit", "byte", "uint16", "int16", "uint32", "int32", "uint64", "int64", "fp16", "fp32", "fp64"
]
"""How what a device holds is to be read."""

AccessMode = Literal["read", "read_write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stream stands in the plant.

    ``path`` is the address in its device, ``type`` None what its protocol takes it for.
    ``unit`` is that of its values. ``poll_interval_s`` None is its device's. A stream that is
    not ``enabled`` is not polled. Of what is polled everything is stored, or (``on_change``) what
    differs from the value stored last, or (``deadband``) what differs by more than that from it;
    and what comes ``heartbeat_s`` after it or later in any case.
    """

    device: int | None = None
    path: str | None = None
    type: DataType | None = None
    access_mode: AccessMode = "read"
    group: int | None = None
    unit: str | None = None
    enabled: bool = True
    poll_interval_s: float | None = None
    on_change: bool = False
    deadband: float | None = None
    heartbeat_s: float | None = None
    metadata: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A time series: the same thing as the plant API's data stream.

    ``id`` is the plant API's number, ``uuid`` the Datastream API's id. ``highest`` is a name of
    ``hub.series.levels``. ``widths`` says how wide the raw documents are: from a moment on
    (milliseconds), so many milliseconds. ``place`` is that in the plant.
    """

    id: int
    uuid: str
    name: str
    tags: Document
    value_type: Literal["numeric", "nominal", "graph"]
    highest: str
    value_downsamplers: tuple[str, ...]
    time_downsamplers: tuple[str, ...]
    public: bool
    late: Late
    created: datetime
    widths: tuple[tuple[int, int], ...]
    feed: Feed | None = None
    derivation: Derivation | None = None
    deleted: datetime | None = None
    place: Place = field(default_factory=Place)

    @property
    def device(self) -> int | None:
        return self.place.device
