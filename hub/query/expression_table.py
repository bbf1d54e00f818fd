"""Every expression operator, its operands, and what it does to the size of a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from hub.query.tables import Access

Kind: TypeAlias = Literal["scalar", "builds", "passes"]
"""``scalar``: the result is small whatever the operands are. ``builds``: it makes a new
string, array or object of them. ``passes``: it hands one of them on."""

Form: TypeAlias = Literal[
    "list", "named", "date",
    "cond", "switch", "let", "map", "filter", "literal", "range", "rand", "field",
]  # fmt: skip
"""How the operands are written. ``list``: one, or an array of them. ``named``: an object.
``date``: one date, or an object with a time zone."""


@dataclass(frozen=True, slots=True)
class Expression:
    """The rule of one expression operator."""

    access: Access
    kind: Kind = "scalar"
    form: Form = "list"
    least: int = 1
    most: int = 1
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    grows: bool = False
    why: str = ""
    since: tuple[int, int] = (6, 0)


_MANY: Final = 1_000_000
_SERVER_7: Final = (7, 0)


def _list(names: str, least: int, most: int, kind: Kind = "scalar") -> dict[str, Expression]:
    return dict.fromkeys(names.split(), Expression("analyst", kind, "list", least, most))


def _grows(names: str, least: int, most: int) -> dict[str, Expression]:
    rule = Expression("analyst", "builds", "list", least, most, grows=True)
    return dict.fromkeys(names.split(), rule)


def _named(
    names: str, required: str, optional: str = "", kind: Kind = "scalar", grows: bool = False
) -> dict[str, Expression]:
    needs, takes = frozenset(required.split()), frozenset(optional.split())
    rule = Expression("analyst", kind, "named", required=needs, optional=takes, grows=grows)
    return dict.fromkeys(names.split(), rule)


def _newer(since: tuple[int, int], rules: dict[str, Expression]) -> dict[str, Expression]:
    return {name: replace(rule, since=since) for name, rule in rules.items()}


def _form(
    name: str, form: Form, kind: Kind = "scalar", grows: bool = False
) -> dict[str, Expression]:
    return {name: Expression("analyst", kind, form, grows=grows)}


def _date(names: str) -> dict[str, Expression]:
    return dict.fromkeys(names.split(), Expression("analyst", form="date"))


def _never(why: str, names: str) -> dict[str, Expression]:
    return dict.fromkeys(names.split(), Expression("never", why=why))


EXPRESSIONS: Final[dict[str, Expression]] = {
    # arithmetic
    **_list("$abs $ceil $exp $floor $ln $log10 $sqrt", 1, 1),
    **_list("$sin $cos $tan $asin $acos $atan $sinh $cosh $tanh $asinh $acosh $atanh", 1, 1),
    **_list("$degreesToRadians $radiansToDegrees", 1, 1),
    **_list("$divide $log $mod $pow $subtract $atan2", 2, 2),
    **_list("$round $trunc", 1, 2),
    **_list("$add $multiply", 1, _MANY),
    **_list("$sum $avg $stdDevPop $stdDevSamp", 1, _MANY),
    **_list("$min $max", 1, _MANY, "passes"),
    **_newer(_SERVER_7, _list("$bitAnd $bitOr $bitXor", 1, _MANY)),
    **_newer(_SERVER_7, _list("$bitNot", 1, 1)),
    **_newer(_SERVER_7, _named("$median", "input method")),
    **_newer(_SERVER_7, _named("$percentile", "input p method", kind="builds")),
    **_form("$rand", "rand"),
    # comparison, boolean, conditional
    **_list("$cmp $eq $ne $gt $gte $lt $lte", 2, 2),
    **_list("$and $or", 0, _MANY),
    **_list("$not", 1, 1),
    **_form("$cond", "cond", "passes"),
    **_form("$switch", "switch", "passes"),
    **_list("$ifNull", 2, _MANY, "passes"),
    # dates
    **_date("$year $month $week $hour $minute $second $millisecond $dayOfMonth $dayOfWeek"),
    **_date("$dayOfYear $isoDayOfWeek $isoWeek $isoWeekYear"),
    **_named("$dateAdd $dateSubtract", "startDate unit amount", "timezone"),
    **_named("$dateDiff", "startDate endDate unit", "timezone startOfWeek"),
    **_named(
        "$dateFromParts",
        "",
        "year month day hour minute second millisecond isoWeekYear isoWeek isoDayOfWeek timezone",
    ),
    **_named("$dateFromString", "dateString", "format timezone onError onNull", "passes"),
    **_named("$dateToParts", "date", "timezone iso8601"),
    **_named("$dateToString", "date", "format timezone onNull", "builds"),
    **_named("$dateTrunc", "date unit", "binSize timezone startOfWeek"),
    **_list("$tsIncrement $tsSecond", 1, 1),
    # types
    **_named("$convert", "input to", "onError onNull", "builds"),
    **_list("$toBool $toDate $toDecimal $toDouble $toInt $toLong $toObjectId", 1, 1),
    **_list("$toString", 1, 1, "builds"),
    "$toUUID": Expression("analyst", since=(8, 0)),
    **_list("$type $isNumber $isArray $bsonSize $binarySize", 1, 1),
    # strings
    **_grows("$concat", 1, _MANY),
    **_grows("$split", 2, 2),
    **_named("$replaceAll $replaceOne", "input find replacement", kind="builds", grows=True),
    **_named("$trim $ltrim $rtrim", "input", "chars", "builds"),
    **_list("$toLower $toUpper", 1, 1, "builds"),
    **_list("$substr $substrBytes $substrCP", 3, 3, "builds"),
    **_list("$indexOfBytes $indexOfCP $indexOfArray", 2, 4),
    **_list("$strLenBytes $strLenCP", 1, 1),
    **_list("$strcasecmp", 2, 2),
    # arrays and sets
    **_list("$arrayElemAt", 2, 2, "passes"),
    **_list("$first $last", 1, 1, "passes"),
    **_named("$firstN $lastN $minN $maxN", "input n", kind="builds"),
    **_list("$in $setIsSubset", 2, 2),
    **_list("$size $allElementsTrue $anyElementTrue", 1, 1),
    **_list("$setEquals", 2, _MANY),
    **_list("$setDifference", 2, 2, "builds"),
    **_list("$setIntersection $setUnion", 0, _MANY, "builds"),
    **_list("$reverseArray $objectToArray $arrayToObject", 1, 1, "builds"),
    **_list("$slice", 2, 3, "builds"),
    **_named("$sortArray", "input sortBy", kind="builds"),
    **_grows("$concatArrays", 0, _MANY),
    **_named("$zip", "inputs", "useLongestLength defaults", "builds", grows=True),
    **_form("$range", "range", "builds", grows=True),
    **_form("$map", "map", "builds", grows=True),
    **_form("$filter", "filter", "builds"),
    # objects and variables
    **_list("$mergeObjects", 1, _MANY, "builds"),
    **_form("$getField", "field", "passes"),
    **_named("$setField", "field input value", kind="builds"),
    **_named("$unsetField", "field input", kind="builds"),
    **_form("$let", "let", "passes"),
    **_form("$literal", "literal"),
    # refused
    **_never("runs JavaScript in the database", "$function $accumulator $where"),
    **_never("its result can double with every element", "$reduce"),
    **_never(
        "a pattern goes into $match, where it is checked", "$regexMatch $regexFind $regexFindAll"
    ),
    **_never("use $literal", "$const"),
    **_never("shows how the server found a document, not the data", "$meta"),
    **_never("made for the server's own use", "$toHashedIndexKey"),
    **_never(
        "newer than this table's judgement",
        "$createObjectId $currentDate $sigmoid $subtype $hash $hexHash $toArray $toObject "
        "$similarityCosine $similarityDotProduct $similarityEuclidean $minMaxScaler "
        "$encStrContains $encStrStartsWith $encStrEndsWith $encStrNormalizedEq "
        "$serializeEJSON $deserializeEJSON",
    ),
}
