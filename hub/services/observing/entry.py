"""What the catalogue tells of a dataset: the fields that may be set, and what each one takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Invalid
from hub.services.datasets import checked_name
from hub.values import Document

TEXT_CHARS_MAX = 20_000
WORD_CHARS_MAX = 200
WORDS_MAX = 100
DOI = re.compile(r"10\.[0-9]{4,9}/[-._;()/:a-z0-9]{1,180}", re.ASCII)
VERSION = re.compile(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}", re.ASCII)
EMAIL = re.compile(r"[^\s@<>,;]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)

PROGRESS = frozenset(
    {
        "completed", "historicalArchive", "obsolete", "onGoing", "planned", "required",
        "underDevelopment",
    }
)  # fmt: skip
FREQUENCIES = frozenset(
    {
        "continual", "daily", "weekly", "fortnightly", "monthly", "quarterly", "biannually",
        "annually", "asNeeded", "irregular", "notPlanned", "unknown",
    }
)  # fmt: skip
TOPICS = frozenset(
    {
        "farming", "biota", "boundaries", "climatologyMeteorologyAtmosphere", "economy",
        "elevation", "environment", "geoscientificInformation", "health",
        "imageryBaseMapsEarthCover", "intelligenceMilitary", "inlandWaters", "location",
        "oceans", "planningCadastre", "society", "structure", "transportation",
        "utilitiesCommunication",
    }
)  # fmt: skip
"""The codes of ISO 19115."""

Taken = Callable[[Any], Any]
"""Gives a value as it is kept. Raises ValueError: what it should have been."""


def _fits(value: Any, chars_max: int) -> bool:
    """Whether a value is a text that can be stored, not empty and not too long."""
    if not isinstance(value, str) or not 0 < len(value) <= chars_max or "\0" in value:
        return False
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _text(value: Any) -> Any:
    if not _fits(value, TEXT_CHARS_MAX):
        raise ValueError(f"a text of 1 to {TEXT_CHARS_MAX} characters")
    return value


def _doi(value: Any) -> str:
    lowered = value.strip().lower() if isinstance(value, str) else ""
    if not DOI.fullmatch(lowered):
        raise ValueError("a DOI like 10.25976/abcd-ef01, without an address in front")
    return lowered


def _version(value: Any) -> str:
    if not isinstance(value, str) or not VERSION.fullmatch(value):
        raise ValueError("three numbers like 1.0.0")
    return value


def _email(value: Any) -> Any:
    if not _fits(value, WORD_CHARS_MAX) or not EMAIL.fullmatch(value):
        raise ValueError("an e-mail address")
    return value


def _url(value: Any) -> str:
    text = value if isinstance(value, str) and len(value) <= 2_000 else ""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    plain = text.isprintable() and not any(c in ' <>"' for c in text)
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with https:// or http://")
    return text


def _one_of(codes: frozenset[str]) -> Taken:
    def taken(value: Any) -> Any:
        if not isinstance(value, str) or value not in codes:
            raise ValueError(f"one of {', '.join(sorted(codes))}")
        return value

    return taken


def _word(value: Any) -> Any:
    if not _fits(value, WORD_CHARS_MAX):
        raise ValueError(f"texts of 1 to {WORD_CHARS_MAX} characters")
    return value


def _several(each: Taken) -> Taken:
    def taken(value: Any) -> list[Any]:
        if not isinstance(value, list) or not 0 < len(value) <= WORDS_MAX:
            raise ValueError(f"an array of 1 to {WORDS_MAX} elements")
        return list(dict.fromkeys(map(each, value)))

    return taken


NAME = "DatasetName"
FIELDS: dict[str, Taken] = {
    "DOI": _doi,
    "Version": _version,
    NAME: lambda value: checked_name(_text(value)),
    "DataStewardEmail": _email,
    "DataCollectionOrganization": _text,
    "DataUploadOrganization": _text,
    "ProgressCode": _one_of(PROGRESS),
    "MaintenanceFrequencyCode": _one_of(FREQUENCIES),
    "Abstract": _text,
    "DataCollectionInformation": _text,
    "DataProcessing": _text,
    "FundingSources": _text,
    "DataSourceURL": _url,
    "OtherDataSources": _text,
    "Citation": _text,
    "Licence": _url,
    "Disclaimer": _text,
    "TopicCategoryCode": _several(_one_of(TOPICS)),
    "Keywords": _several(_word),
}
"""In the order in which they are shown. The name is the dataset's own."""
SEVERAL = frozenset({"TopicCategoryCode", "Keywords"})
"""Those that are arrays."""
CITABLE = ("DOI", "Licence", "Citation", "Version")
"""Without these nobody could cite the dataset, so a published one has them."""


def checked(changes: Mapping[str, Any]) -> Document:
    """Changes to an entry, as they are kept. None removes a field.

    Raises:
        Invalid: an unknown field or a value that it does not take; ``field`` says which.
    """
    result = {}
    for field, value in changes.items():
        if field not in FIELDS:
            raise Invalid(f"the catalogue has no field {field[:100]!r}", known=list(FIELDS))
        if value is None and field == NAME:
            raise Invalid("a dataset has a name", field=field)
        result[field] = None if value is None else _taken(field, value)
    return result


def _taken(field: str, value: Any) -> Any:
    try:
        return FIELDS[field](value)
    except ValueError as exc:
        raise Invalid(f"{field} takes {exc}", field=field) from exc
