"""Secrets among the options of devices: kept so that only this hub reads them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken

from hub.devices.registry import SECRETS
from hub.errors import BadField
from hub.values import DeviceKind, Document

KEY_BYTES = 32


class Seals:
    """Args: ``key`` has ``KEY_BYTES``, from the hub's secret."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(urlsafe_b64encode(key))

    def sealed(self, kind: DeviceKind, options: Document) -> Document:
        """Options as they are kept."""
        found = {
            name: self._fernet.encrypt(options[name].encode()).decode()
            for name in _secrets(kind, options)
        }
        return options | found

    def opened(self, kind: DeviceKind, options: Document) -> Document:
        """Kept options as they were given.

        Raises:
            BadField: a secret is not one that this hub has sealed.
        """
        try:
            found = {name: self._open(options[name]) for name in _secrets(kind, options)}
        except InvalidToken as exc:
            said = "Its secrets cannot be read any more; give them again."
            raise BadField(f"options: {said}", fields={"options": said}) from exc
        return options | found

    def legible(self, kind: DeviceKind, options: Document) -> Document:
        """As ``opened``, without the secrets that cannot be read."""
        found = dict(options)
        for name in _secrets(kind, options):
            try:
                found[name] = self._open(options[name])
            except InvalidToken:
                found[name] = None
        return found

    def _open(self, token: str) -> str:
        return self._fernet.decrypt(token.encode()).decode()


def _secrets(kind: DeviceKind, options: Document) -> Iterator[str]:
    """The names of secrets that there are."""
    return (name for name in SECRETS.get(kind, ()) if options.get(name) is not None)
