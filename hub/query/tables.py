"""Every operator MongoDB 6.0 to 8.0 knows, by position, and who may use it.

These tables are the whole policy. An operator that is not in the table of its position is
refused, so a newer server opens no hole; a test compares the tables with the running server.
Expressions stand in ``expression_table``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Access: TypeAlias = Literal["data", "analyst", "never"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use an operator.

    ``why`` is the reason of a ``never``; ``since`` is the first server version that knows it.
    """

    access: Access
    why: str = ""
    since: tuple[int, int] = (6, 0)


DATA: Final = Rule("data")
ANALYST: Final = Rule("analyst")

_JAVASCRIPT: Final = "runs JavaScript in the database"
_OTHERS: Final = "reads beyond the dataset"
_WRITES: Final = "writes"
_SERVER: Final = "shows the server, not the data"
_INTERNAL: Final = "made for the server's own use"
_GEO_INDEX: Final = (
    "needs a geospatial index, which documents do not have; use $geoWithin with $centerSphere"
)
_UNJUDGED: Final = "newer than this table's judgement"
_SEARCH: Final = "needs a search service beside the database"


def never(why: str, names: str) -> dict[str, Rule]:
    """The same refusal for several operators."""
    return dict.fromkeys(names.split(), Rule("never", why))


def allowed(rule: Rule, names: str) -> dict[str, Rule]:
    """The same permission for several operators."""
    return dict.fromkeys(names.split(), rule)


QUERY: Final[dict[str, Rule]] = {
    **allowed(DATA, "$eq $ne $gt $gte $lt $lte $in $nin"),
    **allowed(DATA, "$and $or $nor $not $exists $type $size $all $elemMatch $mod"),
    **allowed(DATA, "$geoWithin $geoIntersects"),
    **allowed(ANALYST, "$regex $options $expr"),
    **allowed(ANALYST, "$bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet"),
    **never(_JAVASCRIPT, "$where"),
    **never("hides patterns and unbounded nesting from the other rules", "$jsonSchema"),
    **never("reaches the server's log and profile", "$comment"),
    **never("use the stage $sample", "$sampleRate"),
    **never(_INTERNAL, "$alwaysTrue $alwaysFalse"),
    **never("old name; use $geoWithin", "$within $uniqueDocs"),
    **never(_GEO_INDEX, "$near $nearSphere $maxDistance $minDistance"),
    **never("documents have no text index; use $regex with an anchored prefix", "$text"),
    **never("belongs inside $geoWithin or $geoIntersects", "$geometry"),
    **never("belongs inside $geoWithin", "$box $center $centerSphere $polygon"),
    **never(_UNJUDGED, "$encStrContains $encStrStartsWith $encStrEndsWith $encStrNormalizedEq"),
}

STAGES: Final[dict[str, Rule]] = {
    **allowed(DATA, "$match $project $sort $limit $skip $count $sample"),
    **allowed(ANALYST, "$group $addFields $set $unset $bucket $bucketAuto $sortByCount"),
    **allowed(ANALYST, "$unwind $replaceRoot $replaceWith $densify $fill $setWindowFields $facet"),
    **never(_WRITES, "$out $merge"),
    **never(_OTHERS, "$lookup $graphLookup $unionWith $documents $setVariableFromSubPipeline"),
    **never(_GEO_INDEX, "$geoNear"),
    **never(_SEARCH, "$search $searchMeta $searchBeta $vectorSearch $listSearchIndexes"),
    **never(_SEARCH, "$rankFusion $scoreFusion $score"),
    **never(_SERVER, "$collStats $indexStats $planCacheStats $currentOp $listSessions"),
    **never(_SERVER, "$listLocalSessions $listCatalog $listClusterCatalog $operationMetrics"),
    **never(_SERVER, "$listCachedAndActiveUsers $shardedDataDistribution $queryStats"),
    **never(_SERVER, "$listSampledQueries $querySettings $listMqlEntities $extensionOptions"),
    **never("never ends", "$changeStream $changeStreamSplitLargeEvent"),
    **never("use $project", "$redact"),
    **never(_INTERNAL, "$mergeCursors $queue $indexKey $backupCursor $backupCursorExtend"),
    **never(_JAVASCRIPT, "$function $accumulator $where"),
}

_UNLIMITED: Final = "its result has no bound"

GROUP: Final[dict[str, Rule]] = {
    **allowed(ANALYST, "$sum $avg $min $max $first $last $count $stdDevPop $stdDevSamp"),
    **allowed(ANALYST, "$firstN $lastN $minN $maxN $top $topN $bottom $bottomN"),
    **allowed(ANALYST, "$push $addToSet $mergeObjects"),
    **allowed(Rule("analyst", since=(7, 0)), "$median $percentile"),
    **never(_JAVASCRIPT, "$accumulator"),
    **never(_UNLIMITED, "$concatArrays $setUnion"),
}

WINDOW: Final[dict[str, Rule]] = {
    **allowed(ANALYST, "$sum $avg $min $max $first $last $count $stdDevPop $stdDevSamp"),
    **allowed(ANALYST, "$firstN $lastN $minN $maxN $top $topN $bottom $bottomN"),
    **allowed(ANALYST, "$push $addToSet $covariancePop $covarianceSamp"),
    **allowed(ANALYST, "$rank $denseRank $documentNumber $shift $linearFill $locf"),
    **allowed(ANALYST, "$derivative $integral $expMovingAvg"),
    **allowed(Rule("analyst", since=(7, 0)), "$median $percentile"),
    **never(_UNLIMITED, "$concatArrays $setUnion $mergeObjects"),
    **never(_UNJUDGED, "$minMaxScaler"),
}

FOREIGN: Final[dict[str, Rule]] = {
    **never("code is no value", "$code $scope"),
    **never("write the pattern as {$regex: …}", "$regularExpression"),
    **never(
        "not among the wrappers accepted: $date, $oid, $numberLong, $numberInt, $numberDouble, "
        "$numberDecimal",
        "$binary $uuid $timestamp $minKey $maxKey $undefined $symbol $dbPointer $ref $id $db",
    ),
}
"""Wrappers of Extended JSON that no position accepts."""
