"""Find the position of each header, key and value in a TOML text that tomllib has parsed.

tomllib returns the data without positions. This scanner relies on the text being valid. It also
finds commented-out sections, as applications ship them for optional settings.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.tablepath import ROOT, TablePath

Span = tuple[int, int]


# Named tuples, as large files have thousands of these and a record takes ten times as long to make.
class TomlTableHeader(NamedTuple):
    """A line `[path]` or `[[path]]`; the path holds the indexes of array tables."""

    path: TablePath
    start: int
    end: int


class KeyValue(NamedTuple):
    """A `key = value`: `base` is the path of the table it is in, `keys` are its dotted parts."""

    base: TablePath
    keys: tuple[str, ...]
    parts: tuple[Span, ...]
    value: Span
    inline: bool  # in an inline table

    @property
    def path(self) -> TablePath:
        """The full path of the value."""
        return self.base + self.keys

    @property
    def start(self) -> int:
        """The position where the key begins."""
        return self.parts[0][0]

    @property
    def end(self) -> int:
        """The position where the value ends."""
        return self.value[1]


Statement = TomlTableHeader | KeyValue

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
# Up to two quotes before the closing three belong to the string.
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
# A date and a time may be separated by a space.
_SCALAR = re.compile(r"(?:\d{4}-\d\d-\d\d (?=\d))?[^\s,\]}#]+")
# The form of nearly all keys; others are parsed part by part.
_BARE_KEY = re.compile(r"([A-Za-z0-9_-]++)[ \t]*+=[ \t]*+")


# A change scans both the old and the new text several times.
@lru_cache(maxsize=4)
def scan(text: str) -> tuple[Statement, ...]:
    """List the headers and pairs of a valid TOML text; DocumentError if it cannot be scanned."""
    return tuple(_Scanner(text).found)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Statement] = []
        self.last_index: dict[TablePath, int] = {}  # by array of tables
        base = ROOT
        position = self._skip(_GAP, 0)
        while position < len(text):
            if text[position] == "[":
                header = self._header(position)
                base, position = header.path, header.end
                self.found.append(header)
            else:
                position = self._pair(position, base, inline=False)
            position = self._skip(_GAP, position)

    def _skip(self, pattern: re.Pattern[str], position: int) -> int:
        return self._match(pattern, position).end()

    def _match(self, pattern: re.Pattern[str], position: int) -> re.Match[str]:
        match = pattern.match(self.text, position)
        if match is None:
            line = self.text.count("\n", 0, position) + 1
            raise DocumentError(f"line {line} is written in a form that smtp-tui cannot edit")
        return match

    def _header(self, start: int) -> TomlTableHeader:
        width = 2 if self.text.startswith("[[", start) else 1
        keys, _, end = self._keys(start + width)
        path = ROOT
        for key in keys[:-1]:
            path = self._entered((*path, key))
        path = (*path, keys[-1])
        if width == 2:
            self.last_index[path] = self.last_index.get(path, -1) + 1
            path = self._entered(path)
        return TomlTableHeader(path, start, self._skip(_BLANK, end) + width)

    def _entered(self, path: TablePath) -> TablePath:
        return (*path, self.last_index[path]) if path in self.last_index else path

    def _keys(self, position: int) -> tuple[tuple[str, ...], tuple[Span, ...], int]:
        names, spans = [], []
        while True:
            part = self._match(_KEY_PART, self._skip(_BLANK, position))
            name = part.group()
            is_quoted = name[0] in "\"'"
            names.append(str(tomllib.loads(f"name = {name}")["name"]) if is_quoted else name)
            spans.append(part.span())
            position = self._skip(_BLANK, part.end())
            if not self.text.startswith(".", position):
                return tuple(names), tuple(spans), part.end()
            position += 1

    def _pair(self, position: int, base: TablePath, *, inline: bool) -> int:
        keys: tuple[str, ...]
        parts: tuple[Span, ...]
        if bare := _BARE_KEY.match(self.text, position):
            keys, parts, start = (bare[1],), (bare.span(1),), bare.end()
        else:
            keys, parts, end = self._keys(position)
            start = self._skip(_BLANK, self._skip(_BLANK, end) + 1)
        end = self._value(start, base + keys)
        self.found.append(KeyValue(base, keys, parts, (start, end), inline))
        return end

    def _value(self, position: int, path: TablePath) -> int:
        match self.text[position : position + 1]:
            case "[":
                return self._group(position + 1, path, "]")
            case "{":
                return self._group(position + 1, path, "}")
            case '"' | "'":
                return self._skip(_STRING, position)
            case _:
                return self._skip(_SCALAR, position)

    def _group(self, position: int, path: TablePath, close: str) -> int:
        index = 0
        while True:
            position = self._skip(_GAP, position)
            if self.text.startswith(close, position):
                return position + 1
            if self.text.startswith(",", position):
                index += 1
                position += 1
            elif close == "]":
                position = self._value(position, (*path, index))
            else:
                position = self._pair(position, path, inline=True)


_HEADER = re.compile(r"^[ \t]*#+[ \t]*\[(?P<path>[^\[\]\n]+)\][ \t]*(?:#.*)?\r?$", re.MULTILINE)
_LINE = re.compile(r"[ \t]*(?P<comment>#+[ \t]*)?(?P<text>[^\r\n]*)\r?(?:\n|\Z)")
_PAIR = re.compile(r"(?P<key>[A-Za-z0-9_.-]+)[ \t]*=[ \t]*(?P<value>.*)")


def sections(text: str) -> Iterator[tuple[TablePath, dict[str, Any], int]]:
    """Yield each commented-out section: path, keys, position of the line after its header."""
    # A key without a value gets "". A section ends at the next header or at the first line that is
    # not a comment.
    for header in _HEADER.finditer(text):
        try:
            here: Any = tomllib.loads(f"[{header['path']}]")
        except tomllib.TOMLDecodeError:  # prose between brackets
            continue
        path: TablePath = ROOT
        while here:
            ((key, here),) = here.items()
            path = (*path, key)
        below = text.find("\n", header.end()) + 1 or len(text)
        yield path, dict(_pairs(text, below)), below


def with_section(data: dict[str, Any], path: TablePath, keys: dict[str, Any]) -> dict[str, Any]:
    """Return the data with a commented-out section added; existing values are kept."""
    if not path:
        return {**keys, **data}
    first, *rest = path
    inner = data.get(str(first), {})
    if not isinstance(inner, dict):
        return data
    return {**data, str(first): with_section(inner, tuple(rest), keys)}


def _pairs(text: str, position: int) -> Iterator[tuple[str, Any]]:
    """Yield the commented-out keys from `position` on, each with its value; skip prose."""
    while position < len(text) and (line := _LINE.match(text, position)):
        position = line.end()
        if line["text"].startswith("[") or (line["comment"] is None and line["text"].strip()):
            return
        pair = _PAIR.fullmatch(line["text"].rstrip()) if line["comment"] else None
        if pair and (not pair["value"] or pair["value"].startswith("#")):
            yield pair["key"], ""
        elif pair:
            with contextlib.suppress(tomllib.TOMLDecodeError):
                yield pair["key"], tomllib.loads(f"value = {pair['value']}")["value"]
