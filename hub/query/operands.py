"""Operands of the query operators that hold values, not further conditions.

Each check refuses what the server would answer with an error, and what is too large.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hub.query import geo, regex
from hub.query.literals import check_literal
from hub.query.refusal import Path, bad, over
from hub.query.walk import Walk

Operand: TypeAlias = Callable[[Walk, Any, Path], None]

TYPES: Final = frozenset(
    [
        "double",
        "string",
        "object",
        "array",
        "binData",
        "undefined",
        "objectId",
        "bool",
        "date",
        "null",
        "regex",
        "dbPointer",
        "javascript",
        "symbol",
        "javascriptWithScope",
        "int",
        "timestamp",
        "long",
        "decimal",
        "minKey",
        "maxKey",
        "number",
    ]
)
_TYPE_NUMBERS: Final = frozenset([*range(1, 20), -1, 127])


def whole(value: Any) -> int | None:
    """The integer a JSON number stands for (``10`` and ``10.0`` alike); None for others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == int(value) else None


def _listed(walk: Walk, value: Any, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise bad("it takes an array", path, _name(path))
    if len(value) > walk.limits.in_max:
        raise over("in_max", walk.limits.in_max, path, _name(path))
    return value


def _name(path: Path) -> str:
    return str(path[1]) if path else ""


def check_in(walk: Walk, value: Any, path: Path) -> None:
    """``$in`` and ``$nin``: scalars, and arrays of scalars."""
    for at, item in enumerate(_listed(walk, value, path)):
        inner = item if type(item) is list else (item,)
        if any(type(part) is dict or type(part) is list for part in inner):
            raise bad("it takes scalars and arrays of scalars", (path, at), _name(path))


def check_exists(walk: Walk, value: Any, path: Path) -> None:
    """A boolean, or 0 or 1 for one."""
    if not isinstance(value, bool) and whole(value) not in (0, 1):
        raise bad("$exists takes true or false", path, "$exists")


def check_type(walk: Walk, value: Any, path: Path) -> None:
    """Names or numbers of BSON types."""
    kinds = _listed(walk, value, path) if isinstance(value, list) else [value]
    if not kinds:
        raise bad("$type takes one type or more", path, "$type")
    for kind in kinds:
        known = kind in TYPES if isinstance(kind, str) else whole(kind) in _TYPE_NUMBERS
        if not known:
            raise bad("$type takes names or numbers of BSON types", path, "$type")


def check_size(walk: Walk, value: Any, path: Path) -> None:
    """A whole number, 0 or more."""
    size = whole(value)
    if size is None or not 0 <= size < 2**31:
        raise bad("$size takes a whole number, 0 or more", path, "$size")


def check_mod(walk: Walk, value: Any, path: Path) -> None:
    """A divisor other than 0, and a remainder."""
    pair = [whole(part) for part in value] if isinstance(value, list) else []
    if len(pair) != 2 or None in pair or pair[0] == 0:
        raise bad("$mod takes [divisor, remainder], whole numbers", path, "$mod")


def check_bits(walk: Walk, value: Any, path: Path) -> None:
    """A mask, or an array of positions."""
    if isinstance(value, list):
        bits = [whole(bit) for bit in _listed(walk, value, path)]
        valid = all(bit is not None and 0 <= bit < 2**31 for bit in bits)
    else:
        mask = whole(value)
        valid = mask is not None and mask >= 0
    if not valid:
        raise bad("it takes a mask or an array of positions, 0 or more", path, _name(path))


def check_regex(walk: Walk, operators: dict[str, Any], path: Path) -> None:
    """``$regex`` with its ``$options``, both out of the operators on one field."""
    pattern, options = operators.get("$regex"), operators.get("$options", "")
    here = (path, "$regex")
    if not isinstance(pattern, str) or not pattern:
        raise bad("$regex takes a string that is not empty", here, "$regex")
    if not isinstance(options, str) or not regex.OPTIONS.issuperset(options):
        raise bad("$options takes letters out of imsx", (path, "$options"), "$options")
    if len(pattern) > walk.limits.regex_chars_max:
        raise over("regex_chars_max", walk.limits.regex_chars_max, here, "$regex")
    try:
        regex.check_pattern(pattern, options, walk.limits)
    except regex.Unsafe as exc:
        raise bad(str(exc), here, "$regex") from exc


OPERANDS: Final[dict[str, Operand]] = {
    **dict.fromkeys(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), check_literal),
    **dict.fromkeys(("$in", "$nin"), check_in),
    **dict.fromkeys(("$bitsAllClear", "$bitsAllSet", "$bitsAnyClear", "$bitsAnySet"), check_bits),
    "$exists": check_exists,
    "$type": check_type,
    "$size": check_size,
    "$mod": check_mod,
    "$geoWithin": geo.check_within,
    "$geoIntersects": geo.check_intersects,
}
"""The check of each operator whose operand is a value and nothing else."""
