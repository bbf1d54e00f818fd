"""Raw values, record by record."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.streams.reading.records import Records
from hub.services.streams.writing.setting import Setting


@dataclass(frozen=True, slots=True)
class Values:
    """``records`` reads them, ``setting`` makes and changes them."""

    records: Records
    setting: Setting
