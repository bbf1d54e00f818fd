"""The query options of a request: which are the system's, which are aliases, which are nobody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.errors import BadParameter
from hub.query.odata.refusal import over, unsupported
from hub.query.refusal import shown

DONE: Final = frozenset(
    {
        "apply", "compute", "count", "filter", "format", "orderby", "search", "select", "skip",
        "skiptoken", "top",
    }
)  # fmt: skip
"""The system query options that are followed, without their ``$``."""
UNSUPPORTED: Final = frozenset({"expand", "levels", "index", "deltatoken", "id", "schemaversion"})
_OPTIONS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Options:
    """Texts of system query options and of parameter aliases, by names without ``$`` and ``@``."""

    texts: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def refuse_others(self, allowed: frozenset[str], what: str) -> None:
        """Refuse what would be ignored.

        Raises:
            BadParameter: an option that is not among the allowed ones is given.
        """
        for name in self.texts:
            if name not in allowed:
                raise BadParameter(f"${name} cannot be asked of {what}", parameter=f"${name}")


def query_options(pairs: Iterable[tuple[str, str]]) -> Options:
    """The options among decoded names and values of a query string.

    The name of a system query option is written in any case, with or without its ``$``. What is
    neither one nor an alias is the client's own, and ignored.

    Raises:
        BadParameter: an unknown name with a ``$``, or one given twice.
        UnsupportedOData: a system query option that is not done here.
        QueryTooComplex: too many of them.
    """
    texts: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for count, (name, text) in enumerate(pairs, 1):
        if count > _OPTIONS_MAX:
            raise over("odata_options_max", _OPTIONS_MAX)
        if name.startswith("@"):
            _put(aliases, name[1:], name, text)
        elif known := _known(name):
            _put(texts, known, f"${known}", text)
    return Options(texts, aliases)


def _known(name: str) -> str | None:
    """The option of a name; None for one of the client's own."""
    plain = name.removeprefix("$").lower()
    if plain in DONE:
        return plain
    if name.startswith("$"):
        if plain in UNSUPPORTED:
            raise unsupported(f"${plain}", 0)
        raise BadParameter(f"there is no query option {shown(name)}", parameter=shown(name))
    if plain in ("expand", "levels"):
        raise unsupported(f"${plain}", 0)
    return None


def _put(found: dict[str, str], key: str, name: str, text: str) -> None:
    if key in found:
        raise BadParameter(f"{shown(name)} is given twice", parameter=shown(name))
    found[key] = text
