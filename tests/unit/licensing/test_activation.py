"""Requests for a licence: signed by the instance, the same from one start to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hub.errors import BadLicense
from hub.services.licensing.activation import Instance, asked, instance_of
from hub.services.licensing.machine import Machine
from hub.services.licensing.signing import public_text
from tests.licences import INSTANCE, ISSUER, NOW, STRANGER, text_of

HEADER = {"alg": "EdDSA", "typ": "hub-activation"}
SECRET = b"k" * 64
MACHINE = Machine("ab" * 32, "machine-id")
MINE = Instance.of(INSTANCE, SECRET)


def request(instance: Instance = MINE, now: datetime = NOW) -> dict[str, Any]:
    return asked(instance, MACHINE, now)


def test_what_it_tells() -> None:
    told = request()
    assert told.pop("request").count(".") == 2
    assert told == {
        "product": "hub",
        "version": told["version"],
        "instance": INSTANCE,
        "machine": {"fingerprint": "ab" * 32, "source": "machine-id"},
        "time": "2030-01-01T12:00:00Z",
        "public_key": public_text(MINE.key.public_key()),
    }


def test_it_is_read_by_who_issues() -> None:
    assert instance_of(request()["request"]) == INSTANCE


def test_an_instance_has_one_key() -> None:
    assert request() == asked(Instance.of(INSTANCE, SECRET), MACHINE, NOW)


@pytest.mark.parametrize(
    "other", [Instance.of(INSTANCE, b"l" * 64), Instance.of(INSTANCE[:-1] + "2", SECRET)]
)
def test_other_instances_have_others(other: Instance) -> None:
    assert request(other)["public_key"] != request()["public_key"]


def test_no_secret_is_in_it() -> None:
    private = MINE.key.private_bytes_raw()
    assert SECRET.decode() not in str(request())
    assert private.hex() not in str(request())


PAYLOAD = {name: value for name, value in request().items() if name != "request"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (text_of(HEADER, PAYLOAD, STRANGER), "signature"),
        (text_of(HEADER, PAYLOAD | {"product": "other"}, MINE.key), "product"),
        (text_of(HEADER, PAYLOAD | {"instance": "x"}, MINE.key), "form"),
        (text_of(HEADER, PAYLOAD | {"instance": None}, MINE.key), "form"),
        (text_of(HEADER, PAYLOAD | {"public_key": "x"}, MINE.key), "form"),
        (text_of(HEADER, PAYLOAD | {"public_key": 1}, MINE.key), "form"),
        (text_of(HEADER, {}, MINE.key), "form"),
        (text_of(HEADER | {"typ": "hub-license"}, PAYLOAD, MINE.key), "form"),
        (text_of(HEADER | {"alg": "none"}, PAYLOAD, MINE.key), "form"),
        ("", "form"),
    ],
)
def test_what_is_no_request(text: str, reason: str) -> None:
    with pytest.raises(BadLicense) as failure:
        instance_of(text)
    assert failure.value.detail == {"reason": reason}


def test_a_request_is_no_licence_and_no_other_key_speaks_for_it() -> None:
    told = request()
    head, _, signature = told["request"].split(".")
    other = text_of(HEADER, PAYLOAD | {"instance": INSTANCE[:-1] + "2"}, ISSUER).split(".")[1]
    with pytest.raises(BadLicense):
        instance_of(f"{head}.{other}.{signature}")
