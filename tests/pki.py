"""Certificates of OPC UA applications, as tests need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


async def certified(folder: Path, name: str, usage: Any) -> tuple[Path, Path]:
    """A certificate (DER) and its key (PEM) for an application of this name."""
    key, certificate = folder / f"{name}.pem", folder / f"{name}.der"
    uri = f"urn:test:{name}"
    await setup_self_signed_certificate(key, certificate, uri, "localhost", [usage], {})
    return certificate, key


def pem(certificate: Path) -> str:
    loaded = x509.load_der_x509_certificate(certificate.read_bytes())
    return loaded.public_bytes(Encoding.PEM).decode()
