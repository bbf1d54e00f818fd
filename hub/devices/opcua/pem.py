"""Certificates and keys as they are given, in PEM: whether they can be read and belong together."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.values import Document

CERTIFICATE = "Must be a certificate in PEM."
KEY = "Must be an RSA key in PEM, without a passphrase."
ANOTHER = "Is not the key of the certificate."
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


def faults(chosen: Document) -> dict[str, str]:
    """What is wrong with the PEM texts among the options of a server, by their names."""
    certificate = _certificate(chosen["certificate"])
    key = _key(chosen["private_key"])
    wrong: dict[str, str] = {}
    if chosen["certificate"] is not None and certificate is None:
        wrong["certificate"] = CERTIFICATE
    if chosen["private_key"] is not None and key is None:
        wrong["private_key"] = KEY
    pinned = chosen["server_certificate"]
    if pinned is not None and _certificate(pinned) is None:
        wrong["server_certificate"] = CERTIFICATE
    if certificate and key and certificate.public_key() != key.public_key():
        wrong["private_key"] = ANOTHER
    return wrong


def _certificate(text: str | None) -> x509.Certificate | None:
    """None if it is none."""
    try:
        found = x509.load_pem_x509_certificate((text or "").encode())
        found.public_key()
    except UNREADABLE:
        return None
    return found


def _key(text: str | None) -> RSAPrivateKey | None:
    """None if it is none."""
    try:
        found = load_pem_private_key((text or "").encode(), None)
    except UNREADABLE:
        return None
    return found if isinstance(found, RSAPrivateKey) else None
