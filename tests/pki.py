"""Certificates and keys for OPC UA, as tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
BITS = 2048


@dataclass(frozen=True)
class Identity:
    """An application's certificate and its key."""

    certificate: x509.Certificate
    key: RSAPrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        own = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return own.decode()

    def files(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Files as a server wants them: the certificate in DER, its key in PEM."""
        certificate, key = folder / f"{name}.der", folder / f"{name}.pem"
        certificate.write_bytes(self.certificate.public_bytes(Encoding.DER))
        key.write_text(self.key_pem)
        return certificate, key


def identity(name: str) -> Identity:
    """One for an application of this name on this machine, signed by itself."""
    key = generate_private_key(65537, BITS)
    known_as = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=known_as,
        subject_name=known_as,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=today - DAY,
        not_valid_after=today + DAY,
    )
    for extension in _extensions(name):
        builder = builder.add_extension(extension, critical=False)
    return Identity(builder.sign(key, SHA256()), key)


def _extensions(name: str) -> Sequence[x509.ExtensionType]:
    places = [x509.UniformResourceIdentifier(f"urn:test:{name}"), x509.DNSName("localhost")]
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    used = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True,
        data_encipherment=True, key_agreement=False, key_cert_sign=True, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return x509.SubjectAlternativeName(places), x509.ExtendedKeyUsage(usages), used
