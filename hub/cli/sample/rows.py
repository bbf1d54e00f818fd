"""The rows of a made-up dataset: one sequence without end, of which any beginning is a sample.

The dataset of a seed and a number has always the same rows in the same order, so that a sample
can be made larger, or gone on with, at any row. Each site is visited in turn, for ``WATCHED`` of
``YEARS`` years, on days that are evenly spread over them however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from hub.cli.sample.sites import Site, sites
from hub.cli.sample.tables import Measure, Theme, measures
from hub.values import Document

FIRST_DAY = date(2014, 1, 1)
YEARS = 12
WATCHED = 4
YEAR_DAYS = 365
GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it, modulo 1, are spread evenly, however many there are."""
LABORATORIES = ("Birchbark Analytical", "Northern Lights Laboratory", "Tidewater Assays")
LOGGED_HOURS = 12
LOGGED = ("Temperature, water", "Specific conductance")
SPRING_DAY = 105
"""The day of the year on which the season is at its mean, and rising."""


@dataclass(slots=True)
class Visit:
    """A day at a site. ``season`` is 1 at midsummer and -1 at midwinter."""

    site: Site
    number: int
    day: date
    season: float
    chance: Random

    def start(self, kind: str, medium: str, hour: int, minute: int) -> Document:
        """The columns that say when, and as what, something was taken."""
        return {
            **self.site.columns,
            "ActivityType": kind,
            "ActivityMediaName": medium,
            "ActivityStartDate": self.day.isoformat(),
            "ActivityStartTime": f"{hour:02}:{minute:02}:00",
            "ActivityStartTimeZone": self.site.zone,
        }

    @property
    def water(self) -> str:
        kind = self.site.columns["MonitoringLocationType"]
        return "Ocean Water" if kind == "Ocean" else "Surface Water"


def rows(seed: int, number: int, theme: Theme, dataset_name: str) -> Iterator[Document]:
    """The rows of the dataset of a number, without end, as a sensor would send them."""
    places = sites(seed, number, theme, dataset_name)
    visit = 0
    while True:
        yield from _visit(places, seed, number, visit)
        visit += 1


def _visit(places: Sequence[Site], seed: int, number: int, at: int) -> Iterator[Document]:
    chance = Random(f"{seed}/{number}/{at}")
    site = places[at % len(places)]
    share = (YEARS - WATCHED) * site.begun + (at + 1) * GOLDEN % 1 * WATCHED
    day = FIRST_DAY + timedelta(days=int(share * YEAR_DAYS))
    season = math.sin((day.timetuple().tm_yday - SPRING_DAY) / YEAR_DAYS * 2 * math.pi)
    visit = Visit(site, at, day, season, chance)
    draw = chance.random()
    if draw < 0.12 and not visit.site.salt:
        yield from _logged(visit)
    elif draw < 0.15 and not visit.site.salt:
        yield from _sampled(visit, "Surface Water Sediment", measures()["sediment"])
    else:
        yield from _measured(visit)
        yield from _sampled(visit, visit.water, site.panel)


def _logged(visit: Visit) -> Iterator[Document]:
    """Some hours of what a logger keeps in the water."""
    known = {m.columns["CharacteristicName"]: m for m in measures()["field"]}
    for hour in range(LOGGED_HOURS):
        base = visit.start("Field Msr/Obs-Continuous Time Series", visit.water, hour, 0)
        base["SampleCollectionEquipmentName"] = "Probe/Sensor"
        for name in LOGGED:
            measure = known[name]
            yield {**base, **measure.columns, **_result(measure, _value(measure, visit))}


def _measured(visit: Visit) -> Iterator[Document]:
    """What is read at the site, now and then a second time as a check."""
    groups = ["field", *(["salt"] if visit.site.salt else ["still"] if visit.site.still else [])]
    chance = visit.chance
    hour, minute = chance.randrange(8, 17), chance.randrange(60)
    base = visit.start("Field Msr/Obs", visit.water, hour, minute)
    for measure in (measure for group in groups for measure in measures()[group]):
        yield _reading(base, measure, visit)
    if chance.random() < 0.06:
        again = {**base, "ActivityType": "Quality Control Field Replicate Msr/Obs"}
        for measure in measures()["field"]:
            yield _reading(again, measure, visit)


def _reading(base: Document, measure: Measure, visit: Visit) -> Document:
    result = _result(measure, _value(measure, visit))
    return {**base, **_depth(measure), **measure.columns, **result}


def _sampled(visit: Visit, medium: str, wanted: Sequence[Measure]) -> Iterator[Document]:
    """What a laboratory finds in a sample, now and then in a replicate of it too."""
    chance = visit.chance
    hour, minute = chance.randrange(8, 17), chance.randrange(60)
    kinds = ["Sample-Routine"]
    if chance.random() < 0.08:
        kinds.append("Quality Control Sample-Field Replicate")
    gear = "Sediment Trap" if medium.endswith("Sediment") else "Water Bottle"
    for number, kind in enumerate(kinds):
        base = visit.start(kind, medium, hour, minute)
        base["SampleCollectionEquipmentName"] = gear
        sample = f"{visit.day:%y%m%d}-{visit.number:05}-{number + 1}"
        analysis = _analysis(visit, sample)
        for measure in wanted:
            reading = _reading(base, measure, visit)
            yield {**reading, **analysis}


def _analysis(visit: Visit, sample: str) -> Document:
    done = visit.day + timedelta(days=visit.number % 9 + 1)
    return {
        "AnalysisStartDate": done.isoformat(),
        "LaboratoryName": LABORATORIES[visit.number % len(LABORATORIES)],
        "LaboratorySampleID": sample,
    }


def _depth(measure: Measure) -> Document:
    """Half a metre below the surface, unless the depth is the result itself."""
    if measure.whole_column:
        return {}
    return {"ActivityDepthHeightMeasure": -0.5, "ActivityDepthHeightUnit": "m"}


def _value(measure: Measure, visit: Visit) -> float:
    noise = visit.chance.gauss(visit.site.character, 0.87)
    if measure.even:
        return measure.median + measure.swing * visit.season + measure.spread * noise
    return measure.median * math.exp(measure.swing * visit.season + measure.spread * noise)


def _result(measure: Measure, value: float) -> dict[str, Any]:
    """The result as it is reported: a number and its unit, or only that it is below a limit."""
    if measure.limit is not None and value < measure.limit:
        return {
            "ResultValueType": "Actual",
            "ResultDetectionCondition": "Below Detection/Quantification Limit",
            "ResultDetectionQuantitationLimitMeasure": measure.limit,
            "ResultDetectionQuantitationLimitUnit": measure.unit,
            "ResultDetectionQuantitationLimitType": "Method Detection Level",
            "ResultStatusID": "Accepted",
        }
    low, high = measure.bounds
    kept = min(max(value, low), high)
    shown = round(kept, measure.digits) if measure.even else float(f"{kept:.{measure.digits}g}")
    return {
        "ResultValue": shown,
        "ResultUnit": measure.unit,
        "ResultValueType": "Actual",
        "ResultStatusID": "Accepted",
    }
