"""The hub's own licence: asked for, installed, shown, removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.errors import BadLicense, Conflict, NotFound
from hub.services.licensing import activation
from hub.services.licensing.licences import Licence, State, read, state_of
from hub.services.licensing.machine import this_machine
from hub.services.licensing.signing import public_key
from hub.store.access.audit import Audit
from hub.store.system.licences import Licences
from hub.values import Document


@dataclass(frozen=True, slots=True)
class Standing:
    """How this hub is licensed. ``licence`` is None where there is none that may be believed."""

    state: State
    instance: str
    licence: Licence | None


class Licensing:
    """Args: ``secret`` keys the instance; ``issuer`` is the text of the public key that is
    trusted, None for nobody's."""

    def __init__(self, kept: Licences, audit: Audit, secret: bytes, issuer: str | None) -> None:
        self._kept = kept
        self._audit = audit
        self._secret = secret
        self._issuer: Ed25519PublicKey | None = public_key(issuer) if issuer else None

    def request(self) -> Document:
        """What a licence is issued for."""
        instance = activation.Instance.of(self._kept.instance(), self._secret)
        return activation.asked(instance, this_machine(), datetime.now(UTC))

    def standing(self) -> Standing:
        instance, text = self._kept.instance(), self._kept.text()
        if text is None:
            return Standing("none", instance, None)
        if self._issuer is None:
            return Standing("untrusted", instance, None)
        try:
            licence = read(text, self._issuer)
        except BadLicense:
            return Standing("untrusted", instance, None)
        return Standing(state_of(licence, instance, datetime.now(UTC)), instance, licence)

    def install(self, text: str, by: str) -> Standing:
        """Keep a licence, in place of the one that was there. It may begin later; ``by`` is whose
        doing it is, for the audit.

        Raises:
            BadLicense: it is none, is not signed by the issuer, for another instance, or over.
            Conflict: this hub trusts no issuer.
        """
        if self._issuer is None:
            raise Conflict("this hub trusts no issuer: HUB_LICENSE_PUBLIC_KEY is not set")
        licence, instance = read(text, self._issuer), self._kept.instance()
        state = state_of(licence, instance, datetime.now(UTC))
        if state == "other_instance":
            raise BadLicense("the licence is for another hub", reason=state)
        if state == "expired":
            raise BadLicense("the licence is over", reason=state)
        self._kept.put(text)
        facts = {"license": licence.id, "issued_to": licence.issued_to}
        self._audit.note("license.install", **facts, by=by)
        return Standing(state, instance, licence)

    def remove(self, by: str) -> None:
        """Take the licence away; ``by`` as for ``install``. Raises NotFound: there is none."""
        if not self._kept.remove():
            raise NotFound("no licence is installed")
        self._audit.note("license.remove", by=by)
