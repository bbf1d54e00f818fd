"""OData expressions by example, on a real server: each filter and whether it takes a document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from hub.query.odata.bind import Context
from hub.query.odata.compile import guarded_filter
from hub.query.odata.parse import parse_filter
from hub.query.odata.search import compile_search, parse_search
from tests.cases.odata.trees import ENTITY

DOCUMENT: dict[str, Any] = {
    "num": 2.5,
    "whole": 9007199254740993,
    "text": "Alfreds Futterkiste",
    "flag": True,
    "day": "2020-02-29",
    "when": datetime(2020, 2, 29, 4, 40, 40, 50_000, UTC),
    "clock": "07:59",
    "pos": {"lat": -0.5},
    "tags": ["a", "É", None],
    "nums": [1, 5],
    "parts": [{"v": 1, "q": "x", "in": [1, 2]}, {"v": 7, "in": []}],
    "free": 5,
    "French": "École\n",
    "stamp": "2020-02-29T04:40:40Z",
    "no": "7",
    "truth": "true",
    "deep": {"er": {"est": 1}},
}

TRUE = """
num add 2.45 eq 4.95
num sub 0.5 eq 2
num mul 2.0 eq 5
num div 2.5 eq 1
5 div 2 eq 2
-5 div 2 eq -2
5 divby 2 eq 2.5
free div 2 eq 2
free divby 2 eq 2.5
-free div 2 eq -2
whole div 2 eq 4503599627370496
whole mod 10 eq 3
free mod 5 eq 0
-free mod 3 eq -2
free mod num eq 0
free div 0 eq null
num divby 0 eq null
free mod (free sub 5) eq null
5 div 0 eq null
(4 add 5) mod (4 sub 1) eq 0
num lt INF and num gt -INF
num ne NaN and not (num eq NaN)
num lt 1e300 mul 1e300
round(num) eq 3
round(-num) eq -3
round(pos/lat) eq -1
round(num sub 1) eq 2
floor(num) eq 2
ceiling(num) eq 3
floor(pos/lat) eq -1
length(text) eq 19
concat(concat(text,', '),'Berlin') eq 'Alfreds Futterkiste, Berlin'
contains(text,'freds')
startswith(text,'Alfr')
endswith(text,'kiste')
not endswith(text,'Kiste')
endswith(French,'\\n')
not endswith(French,'cole')
indexof(text,'lfreds') eq 1
indexof(text,'x') eq -1
substring(text,1) eq 'lfreds Futterkiste'
substring(text,1,2) eq 'lf'
substring(text,-5) eq 'kiste'
substring(text,50) eq ''
substring(text,free,3) eq 'ds '
tolower(text) eq 'alfreds futterkiste'
toupper(text) eq 'ALFREDS FUTTERKISTE'
tolower(text) ne 'ALFREDS FUTTERKISTE'
contains(tolower(French),'école')
trim(concat(' ',text)) eq text
year(day) eq 2020 and month(day) eq 2 and day(day) eq 29
year(when) eq 2020 and month(when) eq 2 and day(when) eq 29
hour(when) eq 4 and minute(when) eq 40 and second(when) eq 40
hour(clock) eq 7 and minute(clock) eq 59 and second(clock) eq 0
fractionalseconds(when) lt 0.1 and fractionalseconds(when) gt 0
fractionalseconds(clock) eq 0
date(when) eq 2020-02-29
date(when) eq day
time(when) lt clock
time(when) eq 04:40:40.05
clock eq 07:59:00 and clock in (07:59,08:00)
totaloffsetminutes(when) eq 0
totaloffsetminutes(2020-01-01T00:00:00+05:30) eq 330
hour(2020-01-01T03:00:00+05:30) eq 3
totalseconds(duration'PT1M0.5S') eq 60.5
totalseconds(when sub 2020-02-29T04:40:40Z) eq 0.05
when add duration'P1D' gt 2020-03-01T04:00:00Z
when sub 2020-02-28T04:40:40.05Z eq duration'P1D'
when sub 2020-02-28T04:40:40.05Z eq 'P1D'
(when sub 2020-02-28T04:40:40.05Z) in (duration'P1D',duration'P2D')
day add duration'PT23H' eq 2020-02-29
day sub duration'PT1H' eq 2020-02-28
day sub 2020-02-28 eq duration'P1D'
when lt 2020-02-29T04:40:40.0500001Z and when gt 2020-02-29T04:40:40.0499999Z
when le 2020-02-29T04:40:40.0500000Z and when ge 2020-02-29T04:40:40.0500000Z
when eq 2020-02-29T04:40:40.0500000Z and when ne 2020-02-29T04:40:40.0500001Z
when gt mindatetime() and when lt maxdatetime() and when lt now()
cast(no,Edm.Int32) eq 7
cast(no,Edm.Double) eq 7.0
cast(text,Edm.Int32) eq null
cast(free,Edm.String) eq '5'
cast(num,Edm.Int32) eq 2
cast(when,Edm.String) eq '2020-02-29T04:40:40.050Z'
cast(truth,Edm.Boolean)
cast(day,Edm.String) eq '2020-02-29'
cast(stamp,Edm.DateTimeOffset) eq 2020-02-29T04:40:40Z
cast('2020-02-29',Edm.Date) eq day
isof(text,Edm.String) and not isof(text,Edm.Int32)
isof(free,Edm.Int32) and isof(free,Edm.Double) and not isof(free,Edm.String)
isof(free add 1,Edm.Int32)
not isof(missing,Edm.String)
deep/er/est eq 1 and deep/er ne null and deep/no/way eq null
missing eq null and missing ne 5 and not (missing eq 5)
missing add 1 eq null
length(missing) eq null
(missing gt 5) eq null
flag eq (num gt 2)
flag gt false
text in tags eq false
'a' in tags and null in tags
free in nums
tags/any(t:t eq null) and tags/all(t:t ne 'x')
tags/any(t:contains(tolower(t),'é'))
nums/all(n:n ge 1 and n le 5) and nums/any(n:n gt 1 and n mod 5 eq 0)
nums/any(n:n eq free)
missing/all(m:m eq 1) and not missing/any()
parts/any(p:p/v gt 5 and p/q eq null) and not parts/any(p:p/v gt 5 and p/q eq 'x')
parts/any(p:p/in/any(i:i eq 2)) and not parts/all(p:p/in/any())
parts/any(p:p/v eq num sub 1.5)
parts/$count eq 2 and tags/$count gt 2 and missing/$count eq 0
hassubset(nums,[5,1]) and hassubset(nums,[]) and not hassubset(nums,[2])
@p eq num and @q eq null
NOT (text EQ 'x') AND Length(text) GT 3
"""
FALSE = """
when ge 2020-02-29T04:40:40.0500001Z
when in (2020-02-29T04:40:40.0500001Z)
missing gt 5
not (missing gt 5)
missing
not missing
null
not null
contains(missing,'a')
not contains(missing,'a')
missing gt missing
not (free gt 'a')
whole eq 9007199254740992
text eq 'alfreds futterkiste'
parts/any(p:p/v eq null)
num gt INF or nums/any(n:n in (INF,-INF))
"""


def lines(block: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in block.strip().splitlines()]


def takes(database: Database, text: str) -> bool:
    collection = database["odata_values"]
    collection.replace_one({"_id": 1}, DOCUMENT, upsert=True)
    aliases = {"p": parse_filter("2.5")}
    found = guarded_filter(parse_filter(text), Context(ENTITY, aliases=aliases))
    return collection.find_one(found.document) is not None


@pytest.mark.parametrize("text", lines(TRUE))
def test_it_is_true(database: Database, text: str) -> None:
    assert takes(database, text)


@pytest.mark.parametrize("text", lines(FALSE))
def test_it_is_not_true(database: Database, text: str) -> None:
    assert not takes(database, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("futter", True), ('"alfreds futter"', True), ("futter alfreds", True), ("a.f", False),
     ("NOT futter", False), ("x OR kiste", True), ("école futter", True), ("x AND kiste", False)],
)  # fmt: skip
def test_a_search_finds_words_in_any_case(database: Database, text: str, found: bool) -> None:
    collection = database["odata_search"]
    collection.replace_one({"_id": 1}, DOCUMENT, upsert=True)
    document = compile_search(parse_search(text), ["text", "French", "num"])
    assert (collection.find_one(document) is not None) is found
