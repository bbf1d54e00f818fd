"""How strict a service root reads OData."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one service root adds to OData 4.01, or takes from it.

    Attributes:
        gte_lte: ``gte`` and ``lte`` are operators besides ``ge`` and ``le``.
        converts: a literal of another type is read as the type of the property it meets, so
            ``Year gte '2010'`` and ``Name eq 5`` are comparisons and not mistakes.
        empty_is_all: an empty filter lets everything through.
        unknown_orders: ordering a null gives null, so that ``not (a gt 5)`` leaves out what has
            no ``a``. The letter of OData 4.01 (URL conventions, 5.1.1.1.3) gives false, and
            with it everything that has no ``a``.
    """

    gte_lte: bool = False
    converts: bool = False
    empty_is_all: bool = False
    unknown_orders: bool = True


STRICT: Final = Dialect()
DATASTREAM: Final = Dialect(gte_lte=True, converts=True, empty_is_all=True)
