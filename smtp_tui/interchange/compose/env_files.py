"""Parse `.env` and `env_file` files as docker compose does (`dotenv/parser.go` of compose-go).

`envfile` has the readers of single programs; docker run's, which is called docker there, undoes no
quoting at all.
"""

from __future__ import annotations

import re
from dataclasses import field

from smtp_tui.interchange.compose.interpolation import (
    Interpolated,
    InterpolationError,
    Lookup,
    interpolate,
)
from smtp_tui.records import record

_BOM = "\ufeff"
_BLANK = r"[\t\v\f\r \x85\xa0]"
_START = re.compile(r"(?:\s++|#[^\n]*+)*+")
_EXPORT = re.compile(rf"export\s+{_BLANK}*+")
_NAME = re.compile(rf"(?P<name>(?:[\w.\[\]-]|{_BLANK})*+)(?P<sign>[=:\n]|\Z){_BLANK}*+")
_QUOTED = re.compile(r"""(?s)'(?P<single>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)\"""")
_ESCAPE = re.compile(r"\\(?:([abcfnrtv$\"\\])|0(\d{0,3}))")
_LETTERS = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$",
}  # fmt: skip


class EnvFileError(ValueError):
    """Docker compose rejects the file because of this `line`."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@record
class EnvFileLine:
    """A variable that a file sets, with its line."""

    name: str
    value: Interpolated = field(repr=False)
    line: int


def read(content: str, lookup: Lookup) -> list[EnvFileLine]:
    """Return the variables; EnvFileError if compose rejects the file.

    `lookup` has the variables from elsewhere, which go before those of the file itself.
    """
    content = content.removeprefix(_BOM)
    found: list[EnvFileLine] = []
    known: dict[str, str] = {}

    def value_of(name: str) -> str | None:
        value = lookup(name)
        return known.get(name) if value is None else value

    at = counted = 0
    line = 1
    while (at := _end(_START, content, at)) < len(content):
        line, counted = line + content.count("\n", counted, at), at
        at = _end(_EXPORT, content, at)
        match = _NAME.match(content, at)
        if match is None:
            raise EnvFileError(line)
        name = match["name"].rstrip()
        if " " in name:
            raise EnvFileError(line)
        at = match.end()
        if match["sign"] in ("\n", ""):
            # The name alone: the value comes from elsewhere.
            if name and (value := lookup(name)) is not None:
                found.append(EnvFileLine(name, Interpolated(value, (name,)), line))
            continue
        try:
            written, is_literal, at = _value(content, at)
            expanded = Interpolated(written) if is_literal else interpolate(written, value_of)
        except InterpolationError:
            raise EnvFileError(line) from None
        if expanded.required:
            raise EnvFileError(line)
        if not expanded.missing:
            known[name] = expanded.value
        if name:
            found.append(EnvFileLine(name, expanded, line))
    return found


def _end(pattern: re.Pattern[str], content: str, at: int) -> int:
    match = pattern.match(content, at)
    return match.end() if match else at


def _value(content: str, at: int) -> tuple[str, bool, int]:
    """Return what is written, whether it is literal, and where it ends."""
    if content[at : at + 1] not in ("'", '"'):
        end = content.find("\n", at)
        end = len(content) if end < 0 else end
        return content[at:end].partition(" #")[0].rstrip(), False, end
    match = _QUOTED.match(content, at)
    if match is None:
        raise InterpolationError
    if match["single"] is not None:
        return match["single"].replace("\\'", "'"), True, match.end()
    inner = re.sub(r"(?s)\\(.)", lambda pair: '"' if pair[1] == '"' else pair[0], match["double"])
    return _ESCAPE.sub(_unescaped, inner), False, match.end()


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        number = int(match[2], 8) if re.fullmatch("[0-7]{3}", match[2]) else 256
        return chr(number) if number < 256 else match[0]
    return _LETTERS.get(match[1], match[0] if match[1] == "c" else match[1])
