"""The options of each kind of device as they are given, kept and told.

What an option may be is said by the drivers; those of models are here. A secret is never told:
of ``password`` it is told as ``password_set`` whether there is one.
"""

from __future__ import annotations

from typing import Final

from hub.devices import options, registry
from hub.services.plant.fields import refused
from hub.values import DeviceKind, Document

MODEL: Final[options.Options] = {
    "model_type": options.one_of("cnn_ae", "lstm_ae", "sisvae", default=None),
    "threshold": options.number(-1e300, 1e300, default=None),
}
KNOWN: Final[dict[DeviceKind, options.Options]] = {**registry.KNOWN, "ai": MODEL}


def checked(kind: DeviceKind, given: Document, old: Document) -> Document:
    """All options of a device, by what is given of them; null is the default.

    Args:
        old: those that it has of this kind, its secrets as they were given. What is told of a
            secret may come back: so it stays.

    Raises:
        BadField: with what is wrong.
    """
    known = KNOWN[kind]
    named = dict(given)
    for name, hint in _hints(known).items():
        if hint not in named:
            continue
        if named.pop(hint) is not (old.get(name) is not None):
            raise refused(f"options.{hint}", "Cannot be changed.")
        named.setdefault(name, old.get(name))
    chosen = {name: v for name, v in named.items() if v is not None or name not in known}
    return options.completed(known, chosen) if kind == "ai" else registry.check(kind, chosen)


def told(kind: DeviceKind, kept: Document) -> Document:
    """All options but the secrets, also those that were not known when the device was made."""
    known = KNOWN[kind]
    hints = _hints(known)
    shown = {n: kept.get(n, option.default) for n, option in known.items() if n not in hints}
    return shown | {hint: kept.get(name) is not None for name, hint in hints.items()}


def described(kind: DeviceKind) -> Document:
    """A JSON Schema of the options of a kind, as they are given and told."""
    known = KNOWN[kind]
    shown: Document = {}
    for name, option in known.items():
        shown[name] = _nullable(option.schema) | {"default": option.default}
        if option.secret:
            shown[name]["writeOnly"] = True
    for hint in _hints(known).values():
        shown[hint] = {"type": "boolean", "readOnly": True}
    return {
        "title": f"Options of {kind}",
        "type": "object",
        "properties": shown,
        "additionalProperties": False,
    }


def _hints(known: options.Options) -> dict[str, str]:
    """What is told instead of each secret."""
    return {name: f"{name}_set" for name, option in known.items() if option.secret}


def _nullable(schema: Document) -> Document:
    found = schema | {"type": [schema["type"], "null"]}
    return found | {"enum": [*schema["enum"], None]} if "enum" in schema else found
