"""What the end codes of a MELSEC controller mean."""

from __future__ import annotations

END_CODES = {
    0x0050: "the subheader is invalid",
    0x0055: "writing while it runs is disabled",
    0xC050: "a code cannot be converted to binary",
    0xC051: "too many or too few points",
    0xC052: "too many or too few points",
    0xC053: "too many or too few points",
    0xC054: "too many or too few points",
    0xC056: "the address is beyond the last",
    0xC058: "the length does not fit the data",
    0xC059: "it does not have this command",
    0xC05B: "it cannot access this device",
    0xC05C: "the request is malformed, or asks for bits of a word device",
    0xC05D: "nothing is registered for monitoring",
    0xC05F: "this request cannot be executed",
    0xC060: "a bit is neither 0 nor 1",
    0xC061: "the length does not fit the number of points",
    0xC06F: "it is set to ASCII, and was asked in binary",
}
OF_THE_CPU = range(0x4000, 0x5000)


def meaning(code: int) -> str:
    """A sentence's end for any code that is not 0."""
    if code in OF_THE_CPU:
        return END_CODES.get(code, "an error that its CPU found")
    return END_CODES.get(code, "an error of its own kind")


def shown(code: int) -> str:
    """A code as the manuals print it."""
    return f"0x{code:04X}"
