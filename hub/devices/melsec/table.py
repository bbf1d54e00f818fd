"""The devices of a MELSEC controller: code on the wire, kind, radix."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["bit", "contact", "word", "dword"]
"""``contact``: a bit that is not read in words. ``dword``: read 32 bits at a time only."""


class Memory(NamedTuple):
    """One of the devices of a controller."""

    code: int
    kind: Kind
    radix: Literal["dec", "hex"] = "dec"
    long: bool = False
    """Only series iqr has it."""


MEMORIES: dict[str, Memory] = {
    "X": Memory(0x9C, "bit", "hex"),
    "Y": Memory(0x9D, "bit", "hex"),
    "M": Memory(0x90, "bit"),
    "L": Memory(0x92, "bit"),
    "F": Memory(0x93, "bit"),
    "V": Memory(0x94, "bit"),
    "S": Memory(0x98, "bit"),
    "B": Memory(0xA0, "bit", "hex"),
    "SM": Memory(0x91, "bit"),
    "SB": Memory(0xA1, "bit", "hex"),
    "DX": Memory(0xA2, "bit", "hex"),
    "DY": Memory(0xA3, "bit", "hex"),
    "TS": Memory(0xC1, "contact"),
    "TC": Memory(0xC0, "contact"),
    "SS": Memory(0xC7, "contact"),
    "SC": Memory(0xC6, "contact"),
    "CS": Memory(0xC4, "contact"),
    "CC": Memory(0xC3, "contact"),
    "D": Memory(0xA8, "word"),
    "W": Memory(0xB4, "word", "hex"),
    "R": Memory(0xAF, "word"),
    "ZR": Memory(0xB0, "word"),
    "SD": Memory(0xA9, "word"),
    "SW": Memory(0xB5, "word", "hex"),
    "Z": Memory(0xCC, "word"),
    "TN": Memory(0xC2, "word"),
    "SN": Memory(0xC8, "word"),
    "CN": Memory(0xC5, "word"),
    "RD": Memory(0x2C, "word", long=True),
    "LTS": Memory(0x51, "contact", long=True),
    "LTC": Memory(0x50, "contact", long=True),
    "LTN": Memory(0x52, "dword", long=True),
    "LSTS": Memory(0x59, "contact", long=True),
    "LSTC": Memory(0x58, "contact", long=True),
    "LSTN": Memory(0x5A, "dword", long=True),
    "LCS": Memory(0x55, "contact", long=True),
    "LCC": Memory(0x54, "contact", long=True),
    "LCN": Memory(0x56, "dword", long=True),
    "LZ": Memory(0x62, "dword", long=True),
}

ALIASES = {"STS": "SS", "STC": "SC", "STN": "SN"}
"""Other names of the retentive timer's devices."""
