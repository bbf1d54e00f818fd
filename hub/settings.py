"""Every setting, read once from the environment by the entry points.

A setting is named ``HUB_`` and its field here in capitals; those of a group carry the group's
name between (``HUB_QUERY_DEPTH_MAX``). docs/settings.md lists them all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from hub.errors import SetupError
from hub.fetching.fetcher import FetchLimits
from hub.ingest.read import Bounds
from hub.query import Limits
from hub.services.devices.limits import PollingLimits
from hub.services.licensing.signing import public_key
from hub.services.odata.limits import ODataLimits
from hub.services.people.sessions import SessionTimes
from hub.services.permits import Allowance
from hub.services.queries import Budgets
from hub.services.rates import RateLimits
from hub.services.streams.reading.readings import ReadLimits

PREFIX = "HUB_"
SECRET_CHARS_MIN = 32
CACHE_GB_MIN = 0.25
MEGABYTE = 1024 * 1024
GRANT_S_MAX = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this hub is set up. Times name their unit, sizes are in bytes.

    ``mongo_uri`` None means the embedded server in ``data_dir``. ``secret`` None means the one
    kept in ``data_dir``, made at the first start. ``trusted_proxies`` is how many proxies a request
    comes through of which ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    """

    mongo_uri: str | None = field(default=None, repr=False)
    mongo_db: str = "hub"
    data_dir: Path = Path("data")
    mongod: str | None = None
    mongod_cache_gb: float = 0.25
    redis_url: str | None = field(default=None, repr=False)
    disk_free_bytes_min: int = 512 * MEGABYTE
    secret: str | None = field(default=None, repr=False)

    bind: str = "127.0.0.1:8000"
    web_workers: int = 2
    web_threads: int = 16
    trusted_proxies: int | None = None

    hamachi_command: str = "hamachi"
    license_public_key: str | None = None
    terminal_grant_s: float = 60.0

    client_timeout_s: float = 60.0
    body_bytes_max: int = 8 * MEGABYTE
    body_inflated_bytes_max: int = 64 * MEGABYTE
    query_bytes_max: int = MEGABYTE
    idempotency_hours: float = 24.0

    ingest: Bounds = field(default_factory=Bounds)
    query: Limits = field(default_factory=Limits)
    answer: Budgets = field(default_factory=Budgets)
    stream: ReadLimits = field(default_factory=ReadLimits)
    odata: ODataLimits = field(default_factory=ODataLimits)
    concurrency: Allowance = field(default_factory=Allowance)
    fetch: FetchLimits = field(default_factory=FetchLimits)
    polling: PollingLimits = field(default_factory=PollingLimits)
    session: SessionTimes = field(default_factory=SessionTimes)
    rate: RateLimits = field(default_factory=RateLimits)

    def __post_init__(self) -> None:
        if self.terminal_grant_s > GRANT_S_MAX:
            raise ValueError(f"TERMINAL_GRANT_S: more than {GRANT_S_MAX}")
        if "/" in self.hamachi_command and not self.hamachi_command.startswith("/"):
            raise ValueError("HAMACHI_COMMAND: neither an absolute path nor a name")
        if self.license_public_key:
            try:
                public_key(self.license_public_key)
            except ValueError as exc:
                raise ValueError(f"LICENSE_PUBLIC_KEY: {exc}") from exc

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """The settings in ``env``; names that do not begin with ``HUB_`` are left alone.

        Raises:
            SetupError: everything that is wrong, in one message.
        """
        given = {name: text for name, text in env.items() if name.startswith(PREFIX)}
        faults = [f"{name}: unknown" for name in sorted(given.keys() - set(names()))]
        settings: Settings | None = _built(cls, PREFIX, given, faults)
        if settings and settings.mongo_uri and not settings.secret:
            faults.append("HUB_SECRET: required with HUB_MONGO_URI")
        if settings and settings.mongod_cache_gb < CACHE_GB_MIN:
            faults.append(f"HUB_MONGOD_CACHE_GB: less than {CACHE_GB_MIN}")
        if settings and settings.secret and len(settings.secret) < SECRET_CHARS_MIN:
            faults.append(f"HUB_SECRET: shorter than {SECRET_CHARS_MIN} characters")
        if faults or settings is None:
            raise SetupError("; ".join(faults))
        return settings


def names() -> list[str]:
    """Every environment variable that is read, in the order of the fields."""
    return [name for name, _, _ in _variables(Settings, PREFIX)]


def _variables(group: type[Any], prefix: str) -> list[tuple[str, type[Any], str]]:
    """(variable, group, field) for each plain field, groups walked in place."""
    kinds = get_type_hints(group)
    found: list[tuple[str, type[Any], str]] = []
    for own in fields(group):
        name = prefix + own.name.upper()
        if is_dataclass(kinds[own.name]):
            found += _variables(kinds[own.name], name + "_")
        else:
            found.append((name, group, own.name))
    return found


def _built(group: type[Any], prefix: str, given: Mapping[str, str], faults: list[str]) -> Any:
    """A group with what was given; None, and the reasons in ``faults``, where it cannot be."""
    values: dict[str, Any] = {}
    kinds = get_type_hints(group)
    for own in fields(group):
        kind, name = kinds[own.name], prefix + own.name.upper()
        if is_dataclass(kind):
            values[own.name] = _built(kind, name + "_", given, faults)  # type: ignore[arg-type]
        elif name in given:
            values[own.name] = _parsed(name, kind, given[name], faults)
    if any(value is None for value in values.values()):
        return None
    try:
        return group(**values)
    except ValueError as exc:
        faults.append(f"{prefix}{exc}")
        return None


def _parsed(name: str, kind: Any, text: str, faults: list[str]) -> Any:
    """One value, or None and the reason in ``faults``."""
    kinds = [k for k in (get_args(kind) or (kind,)) if k is not NoneType]
    try:
        value = kinds[0](text) if text else None
    except ValueError:
        value = None
    if value is None or (isinstance(value, (int, float)) and not 0 < value < math.inf):
        faults.append(f"{name}: not a valid {kinds[0].__name__}")
        return None
    return value
