"""A small grammar of patterns that cannot run away.

The server matches by backtracking, so a pattern is held to what an automaton could do as
well: no look-around, no back-reference, nothing repeated that itself repeats or branches,
few repetitions of open length. The pattern is only read here, never run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hub.query.limits import Limits

OPTIONS: Final = frozenset("imsx")

_ESCAPES: Final = frozenset("dDwWsSbBnrtfA") | frozenset(r".^$*+?()[]{}|\/-,:;_#&@!%~'\"=<> ")
_COUNT: Final = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}", re.ASCII)
_POSIX: Final = re.compile(r"\[:\^?[a-z]{1,10}:\]", re.ASCII)
_IGNORED: Final = frozenset("\u200e\u200f")  # white space to the server under x, not to Python
_GROUPS_DEEP: Final = 8
_CHOICES_MAX: Final = 4_096


class Unsafe(Exception):
    """The pattern leaves the safe grammar; the message says how."""


def check_pattern(pattern: str, options: str, limits: Limits) -> None:
    """Read a pattern to its end.

    Raises:
        Unsafe: it holds a construct outside the grammar, or passes a limit of repetition.
    """
    if "\0" in pattern:
        raise Unsafe("a pattern must not hold the character NUL")
    _Reader(pattern, "x" in options, limits).read()


@dataclass(slots=True)
class _Group:
    """An open group: whether it repeats or branches, and how many branches it has."""

    heavy: bool = False
    branches: int = 1


class _Reader:
    """Reads left to right, one construct a step."""

    def __init__(self, pattern: str, extended: bool, limits: Limits) -> None:
        self._text = pattern
        self._extended = extended
        self._limits = limits
        self._at = 0
        self._open_ended = 0
        self._choices = 1  # ways to match that backtracking could try one after another
        self._groups = [_Group()]
        self._last: str | None = None  # what a quantifier here would repeat

    def read(self) -> None:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        if len(self._groups) > 1:
            raise Unsafe("a group is not closed")
        self._choose(self._groups[0].branches)

    def _choose(self, ways: int) -> None:
        self._choices *= ways
        if self._choices > _CHOICES_MAX:
            raise Unsafe(f"more than {_CHOICES_MAX} combinations of branches and options")

    def _step(self, char: str) -> None:
        match char:
            case "\\":
                self._escape()
            case "[":
                self._class()
            case "(":
                self._open()
            case ")":
                self._close()
            case "|":
                self._groups[-1].heavy = True
                self._groups[-1].branches += 1
                self._take(1, None)
            case "*" | "+" | "?" | "{":
                self._quantifier()
            case "^" | "$":
                self._take(1, None)
            case _:
                self._plain(char)

    def _take(self, count: int, last: str | None) -> None:
        self._at += count
        self._last = last

    def _plain(self, char: str) -> None:
        if self._extended and (char.isspace() or char in _IGNORED):
            self._at += 1  # what stood before it is still what a quantifier repeats
        elif self._extended and char == "#":
            raise Unsafe("comments are not accepted")
        else:
            self._take(1, "atom")

    def _escape(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if following.isdigit():
            raise Unsafe("back-references are not accepted")
        if following not in _ESCAPES or not following:
            raise Unsafe(f"the escape \\{following} is not accepted")
        self._take(2, None if following in "bBA" else "atom")

    def _class(self) -> None:
        at = self._at + 1
        at += self._text.startswith("^", at)
        at += self._text.startswith("]", at)
        while at < len(self._text):
            posix = _POSIX.match(self._text, at)
            if posix:
                at = posix.end()
            elif self._text[at] == "]":
                self._take(at + 1 - self._at, "atom")
                return
            elif self._text[at] == "\\":
                self._class_escape(at)
                at += 2
            else:
                at += 1
        raise Unsafe("a character class is not closed")

    def _class_escape(self, at: int) -> None:
        following = self._text[at + 1 : at + 2]
        if not following or following not in _ESCAPES or following in "BA":
            raise Unsafe(f"the escape \\{following} is not accepted")

    def _open(self) -> None:
        plain = not self._text.startswith("(?", self._at) and not self._text.startswith(
            "(*", self._at
        )
        if not plain and not self._text.startswith("(?:", self._at):
            raise Unsafe("only the groups (…) and (?:…) are accepted")
        if len(self._groups) > _GROUPS_DEEP:
            raise Unsafe(f"groups are nested more than {_GROUPS_DEEP} deep")
        self._groups.append(_Group())
        self._take(1 if plain else 3, None)

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise Unsafe("a group is closed that was not opened")
        group = self._groups.pop()
        self._groups[-1].heavy |= group.heavy
        self._choose(group.branches)
        self._take(1, "heavy" if group.heavy else "atom")

    def _quantifier(self) -> None:
        length, least, most = self._measure()
        if self._last is None:
            raise Unsafe("a repetition has nothing to repeat")
        if self._last == "heavy" and most != 1:
            raise Unsafe("what repeats or branches must not be repeated")
        if most == 1:
            self._choose(2 - least)
        elif most != least:
            self._open_ended += 1
        if self._open_ended > self._limits.regex_open_max:
            raise Unsafe(f"more than {self._limits.regex_open_max} repetitions of open length")
        self._groups[-1].heavy = True
        lazy = self._text.startswith("?", self._at + length)
        self._take(length + lazy, None)

    def _measure(self) -> tuple[int, int, int | None]:
        """The length of the quantifier here, and the ends of what it allows."""
        char = self._text[self._at]
        if char != "{":
            return 1, int(char == "+"), 1 if char == "?" else None
        found = _COUNT.match(self._text, self._at)
        if not found:
            raise Unsafe("a brace must be escaped, or be a count")
        least, comma, last = int(found[1]), found[2], found[3]
        most = (int(last) if last else None) if comma else least
        if max(least, most or 0) > self._limits.regex_repeat_max:
            raise Unsafe(f"a count is above {self._limits.regex_repeat_max}")
        if most is not None and most < least:
            raise Unsafe("a count ends before it begins")
        return found.end() - self._at, least, most
