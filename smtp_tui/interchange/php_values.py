"""Read and write literal values of PHP; nothing is run.

PHP parsers for Python (phply, the grammar of tree-sitter) were turned down: the first has not been
maintained for years, the second is a binary, and literals take less code than either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    UnresolvedVariable,
    WrittenValue,
)

_DEEPEST = 20
_SPACE = re.compile(r"(?:\s|#(?!\[)[^\n]*+|//[^\n]*+|/\*(?:.*?\*/|.*+))*+", re.DOTALL)
ARRAY = re.compile(r"array\s*+\(|\[", re.IGNORECASE)
"""How an array begins."""

_STRING = re.compile(
    r"""'(?P<single>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)\"""", re.DOTALL
)
# No setting has more digits, and int() is slow on many.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?(?![\w.])")
_CONSTANT = re.compile(r"(?:true|false|null)\b", re.IGNORECASE)
_GETENV = re.compile(r"\\?getenv\s*+\(\s*+['\"](?P<name>\w++)['\"]\s*+\)", re.IGNORECASE)
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
# What is not closed goes to the end, so that no part of the text is read twice.
_COMMENT = r"/\*(?:.*?\*/|.*+)|//[^\n]*+|\#(?!\[)[^\n]*+"
_TEXT = r"""'[^'\\]*+(?:\\.[^'\\]*+)*+'?|"[^"\\]*+(?:\\.[^"\\]*+)*+"?
    |<<<[ \t]*+(?P<sign>['"]?)(?P<mark>[A-Za-z_]\w*+)(?P=sign)\r?\n
        (?:(?:.*?\n)??[ \t]*+(?P=mark)\b|.*+)"""
_CODE = rf"""(?P<comment>{_COMMENT})|(?P<border>[;{{}}]|<\?php\b)|{_TEXT}
    |(?P<variable>\$VARIABLE\s*+(?:\[\s*+(?P<quote>['"])(?P<name>\w++)(?P=quote)\s*+\]\s*+)?=(?!=))
    |[^\s;{{}}/\#'"$<]++|\S"""
_EXPRESSION = re.compile(
    rf"{_COMMENT}|{_TEXT}|(?P<end>[,;]|=>)|(?P<open>[(\[{{])|(?P<close>[)\]}}])"
    r"|[^/\#'\"<,;=()\[\]{}]++|.",
    re.DOTALL | re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f"}


class PhpReader:
    """Reads the literal arrays of a PHP text."""

    def __init__(self, content: str) -> None:
        self._text = content
        self._counted, self._line = 0, 1

    def array(self, at: int, depth: int = 0) -> Iterator[WrittenValue]:
        """Yield the entries of the array whose content begins at `at`; the last ends the array."""
        while True:
            before = at
            at = self.skip(at)
            if self._text[at : at + 1] in (")", "]", ""):
                yield WrittenValue(Assignment("", None), at, at, before, at + 1)
                return
            start, (name, end) = at, self.value(at, depth)
            after = self.skip(end)
            if self._text.startswith("=>", after):
                start = self.skip(after + 2)
                value, end = self.value(start, depth)
            else:
                name, value = None, name
            line = self._line_at(at)
            if isinstance(name, str):
                yield WrittenValue(Assignment(name, value, line), start, end, at, end)
            after = self.skip(end)
            at = after + 1 if self._text[after : after + 1] == "," else max(after, start + 1)

    def skip(self, at: int) -> int:
        """Return where blanks and comments end."""
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _line_at(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def value(self, at: int, depth: int = 0) -> tuple[Any, int]:
        """Return the value that begins at `at`, and the position after it."""
        for value, end in self._literals(at, depth):
            if self._text[self.skip(end) : self.skip(end) + 1] in (",", ";", ")", "]", "=", ""):
                return value, end
        return UnresolvedVariable("computed"), self._end_of_expression(at)

    def _literals(self, at: int, depth: int) -> Iterator[tuple[Any, int]]:
        content = self._text
        if match := _STRING.match(content, at):
            yield _string(match), match.end()
        elif match := _NUMBER.match(content, at):
            yield float(match[0]) if "." in match[0] else int(match[0]), match.end()
        elif match := _CONSTANT.match(content, at):
            yield _CONSTANTS[match[0].casefold()], match.end()
        elif match := _GETENV.match(content, at):
            yield EnvRef(match["name"]), match.end()
        elif (match := ARRAY.match(content, at)) and depth < _DEEPEST:
            *inner, last = self.array(match.end(), depth + 1)
            yield {one.entry.name: one.entry.value for one in inner}, last.after

    def _end_of_expression(self, at: int) -> int:
        depth = 0
        for match in _EXPRESSION.finditer(self._text, at):
            if depth == 0 and (match["end"] or match["close"]):
                return match.start()
            depth += bool(match["open"]) - bool(match["close"])
        return len(self._text)


class PhpStatement(NamedTuple):
    """What sets a variable (`name` is empty) or one of its keys, from `before` to `after`."""

    name: str
    value: Any
    start: int
    end: int
    before: int
    after: int
    line: int
    is_conditional: bool


@cache
def _code_with(variable: str) -> re.Pattern[str]:
    return re.compile(_CODE.replace("VARIABLE", variable), re.DOTALL | re.VERBOSE)


def statements(content: str, variable: str) -> Iterator[PhpStatement]:
    """Yield what sets a variable and its keys, in the text's order; comments and strings do not.

    A value whose statement does not always run is known only to PHP, but for a whole array.
    """
    reader = PhpReader(content)
    depth, within = 0, False
    line, counted, end = 1, 0, 0
    for match in _code_with(variable).finditer(content):
        if match["border"]:
            depth += _BRACKETS.get(match["border"], 0)
            within = False
        elif match["variable"]:
            before, start = match.start(), reader.skip(match.end())
            line, counted = line + content.count("\n", counted, before), before
            name, conditional = match["name"] or "", within or depth > 0
            value: Any = UnresolvedVariable("computed")
            if start >= end:  # else it is a part of the last value
                found, end = reader.value(start)
                value = value if name and conditional else found
            after = content.find(";", end) + 1
            yield PhpStatement(name, value, start, end, before, after, line, conditional)
            within = True
        elif not match["comment"]:
            within = True


def _string(match: re.Match[str]) -> str | UnresolvedVariable:
    if match["single"] is not None:
        return re.sub(r"\\([\\'])", r"\1", match["single"])
    inner = match["double"]
    if re.search(r"(?<!\\)(?:\\\\)*+(?:\$[A-Za-z_{]|\{\$)", inner):
        return UnresolvedVariable("computed")
    if re.search(r"(?<!\\)(?:\\\\)*+\\[0-7xu]", inner):
        return UnresolvedVariable("php-escape")

    def undo(escape: re.Match[str]) -> str:
        letter = escape[1]
        return _ESCAPES.get(letter, letter if letter in '\\$"' else escape[0])

    return re.sub(r"\\(.)", undo, inner, flags=re.DOTALL)


def php_value(value: object) -> str:
    """Return a value as PHP spells it."""
    if isinstance(value, EnvRef):
        return f"getenv({php_value(value.name)})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inner = ", ".join(f"'{key}' => {php_value(part)}" for key, part in value.items())
        return f"array({inner})"
    if isinstance(value, int):
        return str(value)
    return "'" + re.sub(r"([\\'])", r"\\\1", str(value)) + "'"
