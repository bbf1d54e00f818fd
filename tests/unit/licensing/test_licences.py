"""Licences: what one says comes through, and nothing that the issuer did not sign is believed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.errors import BadLicense
from hub.services.licensing import keys
from hub.services.licensing.licences import Licence, State, read, state_of, written
from hub.services.licensing.signing import TEXT_CHARS_MAX, public_key, public_text
from tests.licences import (
    CLAIMS,
    HEADER,
    INSTANCE,
    ISSUER,
    ISSUER_TEXT,
    NOW,
    SECOND,
    STRANGER,
    decoded,
    encoded,
    licence,
    text_of,
)

PUBLIC = ISSUER.public_key()
GOOD = text_of(HEADER, CLAIMS)
HEAD, BODY, SIGNATURE = GOOD.split(".")


def reason_of(text: str) -> Any:
    with pytest.raises(BadLicense) as failure:
        read(text, PUBLIC)
    return failure.value.detail["reason"]


@pytest.mark.parametrize(
    "made",
    [
        licence(),
        licence(end=None),
        licence(issued_to='Ünlü "Werke" & 水'),
        licence(start=datetime(1970, 1, 1, tzinfo=UTC)),
        licence(end=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_what_is_written_is_read(made: Licence) -> None:
    assert read(written(made, ISSUER), PUBLIC) == made


def test_it_is_a_web_token() -> None:
    head, body, signature = written(licence(), ISSUER).split(".")
    assert json.loads(decoded(head)) == HEADER
    assert json.loads(decoded(body)).keys() == CLAIMS.keys()
    PUBLIC.verify(decoded(signature), f"{head}.{body}".encode())


def test_others_may_write_them() -> None:
    found = read(text_of({"typ": "hub-license", "alg": "EdDSA"}, CLAIMS | {"note": 1}), PUBLIC)
    assert (found.issued_to, found.end) == (CLAIMS["issued_to"], NOW + timedelta(days=1))


def test_another_key() -> None:
    assert reason_of(text_of(HEADER, CLAIMS, STRANGER)) == "signature"


@pytest.mark.parametrize(
    ("name", "value"),
    [("issued_to", "Someone else"), ("exp", CLAIMS["exp"] + 1), ("sub", CLAIMS["jti"])],
)
def test_a_payload_that_was_altered(name: str, value: object) -> None:
    altered = encoded(json.dumps(CLAIMS | {name: value}).encode())
    assert reason_of(f"{HEAD}.{altered}.{SIGNATURE}") == "signature"


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_signature_that_was_altered(at: int) -> None:
    content = bytearray(decoded(SIGNATURE))
    content[at] ^= 1
    assert reason_of(f"{HEAD}.{BODY}.{encoded(bytes(content))}") == "signature"


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"x" * 63, b"x" * 65])
def test_what_is_no_signature(content: bytes) -> None:
    assert reason_of(f"{HEAD}.{BODY}.{encoded(content)}") == "signature"


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
@pytest.mark.parametrize("form", ["text", "raw", "pem", "der"])
def test_the_public_key_is_no_secret_that_signs(algorithm: str, form: str) -> None:
    info = PublicFormat.SubjectPublicKeyInfo
    secret = {
        "text": ISSUER_TEXT.encode(),
        "raw": PUBLIC.public_bytes_raw(),
        "pem": PUBLIC.public_bytes(Encoding.PEM, info),
        "der": PUBLIC.public_bytes(Encoding.DER, info),
    }[form]
    content = f"{encoded(json.dumps(HEADER | {'alg': algorithm}).encode())}.{BODY}"
    made = hmac.digest(secret, content.encode(), getattr(hashlib, f"sha{algorithm[2:]}"))
    assert reason_of(f"{content}.{encoded(made)}") == "form"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "hub-license"},
        {"alg": "None", "typ": "hub-license"},
        {"alg": "", "typ": "hub-license"},
        {"alg": None, "typ": "hub-license"},
        {"alg": ["EdDSA"], "typ": "hub-license"},
        {"alg": "eddsa", "typ": "hub-license"},
        {"alg": "ES256", "typ": "hub-license"},
        {"alg": "EdDSA"},
        {"alg": "EdDSA", "typ": "JWT"},
        {"alg": "EdDSA", "typ": "hub-activation"},
        HEADER | {"kid": "../../key"},
        HEADER | {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": ISSUER_TEXT}},
        HEADER | {"jku": "https://example.org/keys"},
        HEADER | {"crit": ["b64"], "b64": False},
        {},
        [],
        "EdDSA",
        None,
        b"",
        b"\xff",
        b"not json",
        b'{"alg":"none","alg":"EdDSA","typ":"hub-license"}',
    ],
)
@pytest.mark.parametrize("signature", [True, False])
def test_a_header_that_is_not_ours(header: object, signature: bool) -> None:
    text = text_of(header, CLAIMS)
    assert reason_of(text if signature else text.rpartition(".")[0] + ".") == "form"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 3_000,
        b"1" * 6_000,
        [],
        "x",
        None,
        1,
        b'{"a":1}{}',
        b'{"a":NaN}',
        b'{"a":[-Infinity]}',
        b'{"a":1,"a":1}',
        b'{"a":[{"b":1,"b":2}]}',
    ],
)
def test_a_payload_that_is_no_object(payload: object) -> None:
    assert reason_of(text_of(HEADER, payload)) == "form"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "x",
        HEAD,
        f"{HEAD}.{BODY}",
        f"{GOOD}.",
        f"{GOOD}.{SIGNATURE}",
        f" {GOOD}",
        f"{GOOD}\n",
        f"{GOOD}=",
        f"{GOOD}==",
        f"{HEAD}.{BODY[:5]}\n{BODY[5:]}.{SIGNATURE}",
        f"{HEAD}.{BODY}!.{SIGNATURE}",
        f"{HEAD}.{BODY}.{SIGNATURE[:-1]}",
        f"ü{GOOD}",
        "\ud800",
        json.dumps(CLAIMS),
        json.dumps({"payload": BODY, "protected": HEAD, "signature": SIGNATURE}),
        "x" * 10_000_000,
        "." * 10_000_000,
    ],
)
def test_what_is_no_signed_text(text: str) -> None:
    assert reason_of(text) == "form"


def test_a_signature_is_written_in_one_way_only() -> None:
    """The last character holds bits that decoding drops."""
    assert decoded(SIGNATURE[:-1] + chr(ord(SIGNATURE[-1]) + 1)) == decoded(SIGNATURE)
    assert reason_of(GOOD[:-1] + chr(ord(SIGNATURE[-1]) + 1)) == "form"


def test_a_text_that_is_too_long() -> None:
    long = text_of(HEADER, CLAIMS | {"note": "x" * TEXT_CHARS_MAX})
    assert reason_of(long) == "form"


@pytest.mark.parametrize("product", ["hub2", "", None, ["hub"], 1])
def test_another_product(product: object) -> None:
    assert reason_of(text_of(HEADER, CLAIMS | {"aud": product})) == "product"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jti", "x"),
        ("jti", None),
        ("sub", 1),
        ("sub", ""),
        ("issued_to", ""),
        ("issued_to", " x"),
        ("issued_to", "x" * 201),
        ("issued_to", "a\nb"),
        ("issued_to", "\u202ea"),
        ("issued_to", 1),
        ("iat", None),
        ("nbf", "1893499200"),
        ("nbf", 1.5),
        ("nbf", True),
        ("nbf", -1),
        ("exp", None),
        ("exp", 253_402_300_800),
        ("exp", 10**400),
        ("exp", CLAIMS["nbf"]),
        ("exp", 1),
    ],
)
def test_a_claim_that_is_none(name: str, value: object) -> None:
    assert reason_of(text_of(HEADER, CLAIMS | {name: value})) == "form"


@pytest.mark.parametrize("name", [name for name in CLAIMS if name not in ("aud", "exp")])
def test_a_claim_that_is_missing(name: str) -> None:
    claims = {each: value for each, value in CLAIMS.items() if each != name}
    assert reason_of(text_of(HEADER, claims)) == "form"


@pytest.mark.parametrize(
    ("now", "changes", "state"),
    [
        (NOW - SECOND, {}, "not_yet"),
        (NOW - timedelta(microseconds=1), {}, "not_yet"),
        (NOW, {}, "valid"),
        (NOW + timedelta(days=1) - timedelta(microseconds=1), {}, "valid"),
        (NOW + timedelta(days=1), {}, "expired"),
        (NOW + timedelta(days=9999), {"end": None}, "valid"),
        (NOW, {"instance": CLAIMS["jti"]}, "other_instance"),
        (NOW - SECOND, {"instance": CLAIMS["jti"]}, "other_instance"),
        (NOW, {"issued": NOW + timedelta(days=1)}, "valid"),
    ],
)
def test_how_one_stands(now: datetime, changes: dict[str, Any], state: State) -> None:
    assert state_of(licence(**changes), INSTANCE, now) == state


def test_a_private_key_comes_back_from_its_file() -> None:
    assert keys.read(keys.written(ISSUER)).private_bytes_raw() == ISSUER.private_bytes_raw()
    assert keys.public(ISSUER) == ISSUER_TEXT


@pytest.mark.parametrize("content", [b"", b"x", ISSUER_TEXT.encode(), b"\0" * 100])
def test_what_holds_no_private_key(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        keys.read(content)


def test_a_public_key_comes_back_from_its_text() -> None:
    assert public_text(public_key(ISSUER_TEXT)) == ISSUER_TEXT


@pytest.mark.parametrize(
    "text", ["", "x", "ü" * 43, ISSUER_TEXT + "A", ISSUER_TEXT + "=", "A" * 86]
)
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64url|32 bytes"):
        public_key(text)
