"""Coordinates of any datum of the schema as WGS84."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

from pyproj import Transformer
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]

DECIMALS = 6
"""About a decimetre."""

_EPSG = {"NAD27": 4267, "NAD83": 4269, "WGS72": 4322}
_AS_GIVEN = frozenset({"WGS84", "OTHER", "UNKWN"})

_making = Lock()


@lru_cache(maxsize=16_384)
def to_wgs84(latitude: float, longitude: float, datum: str) -> tuple[float, float]:
    """(latitude, longitude) in degrees WGS84, rounded to 6 decimals.

    ``datum`` is a name of the schema; OTHER and UNKWN count as WGS84. No grid is fetched over
    the network; without one installed, NAD27 is good to some ten metres. May be called from any
    thread.

    Raises:
        ValueError: no such datum.
    """
    if datum in _AS_GIVEN:
        return round(float(latitude), DECIMALS), round(float(longitude), DECIMALS)
    if datum not in _EPSG:
        raise ValueError(f"no such datum: {datum}")
    x, y = _transformer(datum).transform(longitude, latitude)
    return round(y, DECIMALS), round(x, DECIMALS)


_TRANSFORMERS: dict[str, Transformer] = {}


def _transformer(datum: str) -> Transformer:
    with _making:
        if datum not in _TRANSFORMERS:
            set_network_enabled(active=False)
            _TRANSFORMERS[datum] = Transformer.from_crs(_EPSG[datum], 4326, always_xy=True)
        return _TRANSFORMERS[datum]
