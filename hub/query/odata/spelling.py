"""Field names as OData writes them: an identifier, whatever the field is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_IDENTIFIER: Final = re.compile(r"[^\W\d]\w{0,127}")
_STRANGE: Final = re.compile(r"\W")


def spelled(name: str) -> str:
    """The identifier for a field: itself where it is one.

    Any other character is written ``_xHHHH_``, its number in hexadecimal; one that is too long is
    cut.
    """
    if _IDENTIFIER.fullmatch(name):
        return name
    text = _STRANGE.sub(lambda found: f"_x{ord(found[0]):04X}_", name)
    return (text if _IDENTIFIER.match(text) else f"_{text}")[:128]


def spellings(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """The identifiers of fields that stand together, no two alike.

    Args:
        taken: identifiers that are somebody else's; a field so called gets a ``_`` behind it.
    """
    used = set(taken)
    found: dict[str, str] = {}
    for name in names:
        text = spelled(name)
        while text in used:
            text = f"{text[:127]}_"
        used.add(text)
        found[name] = text
    return found
