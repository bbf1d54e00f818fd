"""Tokens to a tree: the common expressions of OData 4.01, by precedence climbing.

From tight to loose: ``/`` and calls; ``in``, ``has``; ``-``, ``not``; ``mul div divby mod``;
``add sub``; ``gt ge lt le``; ``eq ne``; ``and``; ``or``. Operators of one rank group from the
left. Operators and functions may be in any case; names may not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from hub.query.odata import hints, literals
from hub.query.odata.ast import (
    Alias,
    And,
    Binary,
    Call,
    Expression,
    Items,
    Literal,
    Negate,
    Not,
    Operator,
    Or,
    Path,
    TypeName,
)
from hub.query.odata.dialect import Dialect
from hub.query.odata.functions import FUNCTIONS, TYPED, UNSUPPORTED, Function
from hub.query.odata.paths import Paths
from hub.query.odata.reader import Reader
from hub.query.odata.refusal import DEPTH_MAX, ITEMS_MAX, bad, over, unsupported
from hub.query.odata.size import check_size
from hub.query.odata.tokens import Token

_UNARY: Final = 7
_POWERS: Final[dict[str, int]] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("eq", "ne"), 3),
    **dict.fromkeys(("gt", "ge", "lt", "le"), 4),
    **dict.fromkeys(("add", "sub"), 5),
    **dict.fromkeys(("mul", "div", "divby", "mod"), 6),
    **dict.fromkeys(("in", "has"), 8),
}
_LATER: Final = {"gte": "ge", "lte": "le"}
_OPERAND: Final = "a property, a literal, a function or '('"
_TEXT: Final = "text in single quotes"
_BEHIND: Final = frozenset({"asc", "desc", "as", "with", "from"})
"""Words that may stand behind an expression."""
_SIGNS: Final = frozenset("=+-")
"""Signs that elsewhere are operators."""
_LITERALS: Final[dict[str, Callable[[str, int], Literal]]] = {
    "date": literals.day,
    "time": literals.clock,
    "datetime": literals.moment,
    "number": literals.number,
    "guid": literals.guid,
}
_HAS_SUBSET: Final = Function((frozenset(), frozenset()), "boolean", 2)


class Expressions:
    """Reads expressions from a reader."""

    __slots__ = ("_depth", "_dialect", "_paths", "_reader")

    def __init__(self, reader: Reader, dialect: Dialect) -> None:
        self._reader = reader
        self._dialect = dialect
        self._depth = 0
        self._paths = Paths(reader, self._expression)

    def whole(self) -> Expression:
        """One expression, within the bounds."""
        tree = self._expression()
        check_size(tree)
        return tree

    def path(self) -> Path:
        """A plain path of properties.

        Raises:
            BadOData: anything else stands here.
        """
        at = self._reader.now.at
        tree = self._paths.path() if self._reader.now.kind in ("word", "dollar") else None
        if not isinstance(tree, Path) or not tree.names:
            raise bad("this is no property", at, "a property")
        return tree

    def _expression(self, power: int = 0) -> Expression:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise over("odata_depth_max", DEPTH_MAX)
        left = self._unary()
        while (op := self._operator()) and (rank := _POWERS[op]) > power:
            at = self._step()
            if op in ("and", "or"):
                left = self._terms(left, op, at)
            elif op == "in":
                left = Binary("in", left, self._members(), at)
            else:
                left = Binary(cast(Operator, op), left, self._expression(rank), at)
        if not op:
            self._check_stranger(left, power)
        self._depth -= 1
        return left

    def _check_stranger(self, left: Expression, power: int) -> None:
        """Refuse what stands behind an expression where an operator may have been meant."""
        token = self._reader.now
        word = token.kind == "word"
        if token.text.lower() in _BEHIND if word else token.text not in _SIGNS:
            return
        if power >= _POWERS["eq"] and isinstance(left, Path) and word:
            raise self._reader.unexpected("text of several words in single quotes")
        near = hints.operator(token, self._dialect)
        if near is not None:
            raise self._reader.unexpected(near)

    def _operator(self) -> str | None:
        token = self._reader.now
        if token.kind != "word":
            return None
        word = token.text.lower()
        if self._dialect.gte_lte:
            word = _LATER.get(word, word)
        return word if word in _POWERS else None

    def _step(self) -> int:
        """Step over a word operator; gives its offset."""
        self._reader.check_spaces()
        return self._reader.take().at

    def _terms(self, first: Expression, op: str, at: int) -> Expression:
        terms = [first, self._expression(_POWERS[op])]
        while self._operator() == op:
            self._step()
            terms.append(self._expression(_POWERS[op]))
        return And(tuple(terms), at) if op == "and" else Or(tuple(terms), at)

    def _members(self) -> Expression:
        """What ``in`` looks into: a list in brackets, or an expression for a collection."""
        at = self._reader.now.at
        if self._reader.takes("("):
            return Items(self._listed(")", self._expression), at)
        return self._expression(_POWERS["in"])

    def _unary(self) -> Expression:
        reader = self._reader
        if reader.now.kind == "sign" and reader.now.text in "+-":
            return self._signed(reader.take())
        if reader.is_word("not") and not _ends(reader.then):
            reader.check_spaces(prefix=True)
            at = reader.take().at
            return Not(self._expression(_UNARY), at)
        return self._operand()

    def _signed(self, sign: Token) -> Expression:
        reader = self._reader
        touching = not reader.now.spaced
        if touching and reader.now.kind == "number":
            return literals.number(sign.text + reader.take().text, sign.at)
        if sign.text == "+":
            raise bad("unexpected '+'", sign.at, _OPERAND)
        if touching and reader.now.text == "INF":
            reader.take()
            return Literal(float("-inf"), "number", sign.at)
        return Negate(self._expression(_UNARY), sign.at)

    def _operand(self) -> Expression:
        reader, token = self._reader, self._reader.now
        if token.kind in _LITERALS:
            return _LITERALS[token.kind](reader.take().text, token.at)
        match token.kind:
            case "string":
                return literals.string(reader.take())
            case "word":
                return self._word(token)
            case "dollar":
                return self._paths.path()
            case "alias":
                return Alias(reader.take().text[1:], token.at)
        if reader.takes("("):
            return self._group()
        if reader.takes("["):
            return Items(self._listed("]", self._json), token.at)
        raise reader.unexpected(_TEXT if token.kind == "json" else _OPERAND)

    def _group(self) -> Expression:
        inner = self._expression()
        self._reader.need(")")
        return inner

    def _listed(self, closing: str, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        """What stands between commas up to a closing bracket, which is taken too."""
        found: list[Expression] = []
        while not self._reader.takes(closing):
            if found:
                self._reader.need(",")
            found.append(read())
            if len(found) > ITEMS_MAX:
                raise over("odata_items_max", ITEMS_MAX)
        return tuple(found)

    def _json(self) -> Expression:
        """One value of a JSON array."""
        reader, token = self._reader, self._reader.now
        if token.kind == "json":
            return literals.json_string(reader.take())
        if token.kind == "sign" and token.text == "-" and reader.then.kind == "number":
            return self._signed(reader.take())
        if token.kind == "number":
            return literals.number(reader.take().text, token.at)
        found = literals.word(token) if token.kind == "word" else None
        if found is None or found.kind == "number":
            raise reader.unexpected("a JSON value")
        reader.take()
        return found

    def _word(self, token: Token) -> Expression:
        reader = self._reader
        following = reader.then
        if following.kind == "string" and not following.spaced:
            prefix = reader.take().text
            return literals.prefixed(prefix, reader.take(), token.at)
        if reader.opens():
            return self._call(reader.take())
        found = None if following.text == "/" else literals.word(token)
        if found is not None:
            reader.take()
            return found
        return self._paths.path()

    def _call(self, token: Token) -> Expression:
        name = token.text.lower()
        if name in UNSUPPORTED:
            raise unsupported(f"the function {name}", token.at)
        function = _HAS_SUBSET if name == "hassubset" else FUNCTIONS.get(name)
        if function is None and name not in TYPED:
            if "." in name:
                raise unsupported(f"the function {token.text}", token.at)
            raise bad(f"there is no function {token.text[:64]}", token.at, hints.function(name))
        self._reader.need("(")
        args = self._typed_arguments() if name in TYPED else self._listed(")", self._expression)
        self._check_count(name, function, len(args), token.at)
        return Call(name, args, token.at)

    def _typed_arguments(self) -> tuple[Expression, ...]:
        """The arguments of ``cast`` and ``isof``: an expression or none, and a type."""
        args: list[Expression] = []
        if not self._is_type():
            args.append(self._expression())
            self._reader.need(",")
        if not self._is_type():
            raise self._reader.unexpected("a type, as Edm.String")
        token = self._reader.take()
        args.append(TypeName(token.text, token.at))
        self._reader.need(")")
        return tuple(args)

    def _is_type(self) -> bool:
        token = self._reader.now
        return token.kind == "word" and "." in token.text and self._reader.then.text == ")"

    def _check_count(self, name: str, function: Function | None, count: int, at: int) -> None:
        if function is None or function.least <= count <= len(function.takes):
            return
        least, most = function.least, len(function.takes)
        wanted = str(least) if least == most else f"{least} to {most}"
        raise bad(f"{name} has {count} arguments", at, f"{wanted} arguments")


def _ends(token: Token) -> bool:
    """Whether nothing can follow the word before this token, so that it is a name."""
    return token.kind == "end" or token.text in (")", ",", "/", ":")
