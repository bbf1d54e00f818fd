"""A place in a list of tokens: what every parser of OData text looks at and steps over."""

from __future__ import annotations

from hub.query.odata import tokens
from hub.query.odata.refusal import bad
from hub.query.odata.tokens import Token

_BRACKETS = "()[]"


class Reader:
    """Steps through tokens; ``now`` is the token not yet taken."""

    __slots__ = ("_at", "_found", "now")

    def __init__(self, text: str) -> None:
        self._found = tokens.tokens(text)
        self._at = 0
        self.now: Token = self._found[0]

    @property
    def then(self) -> Token:
        """The token after ``now``."""
        return self._found[min(self._at + 1, len(self._found) - 1)]

    def take(self) -> Token:
        """The token here; the reader steps behind it."""
        taken = self.now
        if taken.kind != "end":
            self._at += 1
            self.now = self._found[self._at]
        return taken

    def takes(self, sign: str) -> bool:
        """Step over a sign if it stands here."""
        if self.now.text != sign or self.now.kind not in ("sign", "star"):
            return False
        self.take()
        return True

    def need(self, sign: str) -> Token:
        """Step over a sign that must stand here.

        Raises:
            BadOData: it does not.
        """
        taken = self.now
        if not self.takes(sign):
            raise self.unexpected(f"'{sign}'")
        return taken

    def name(self, expected: str) -> Token:
        """Step over an identifier without a dot."""
        if self.now.kind != "word" or "." in self.now.text:
            raise self.unexpected(expected)
        return self.take()

    def opens(self) -> bool:
        """Whether the word here is called: a bracket follows it at once."""
        return self.then.text == "(" and not self.then.spaced

    def is_word(self, *words: str) -> bool:
        """Whether one of these words stands here, in any case."""
        return self.now.kind == "word" and self.now.text.lower() in words

    def check_spaces(self, *, prefix: bool = False) -> None:
        """Refuse a word operator here that touches what stands around it.

        A bracket may touch it: ``(a)and(b)`` cannot be misread.

        Args:
            prefix: it stands before its only operand, so anything may be in front of it.
        """
        word, before, after = self.now, self._found[self._at - 1], self.then
        if not prefix and self._at and not word.spaced and before.text not in _BRACKETS:
            raise bad("white space is missing", word.at, f"a space before '{word.text}'")
        if not after.spaced and after.text not in _BRACKETS:
            raise bad("white space is missing", after.at, f"a space after '{word.text}'")

    def finish(self, expected: str) -> None:
        """Refuse text that is left over."""
        if self.now.kind != "end":
            raise self.unexpected(expected)

    def unexpected(self, expected: str) -> Exception:
        """The refusal of the token here."""
        return bad(f"unexpected {self.now.shown}", self.now.at, expected)
