"""Sections of a TOML text that are commented out, as applications ship those that are optional."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from smtp_tui.config.tablepath import TablePath

_HEADER = re.compile(r"^[ \t]*#+[ \t]*\[(?P<path>[^\[\]\n]+)\][ \t]*(?:#.*)?\r?$", re.MULTILINE)
_LINE = re.compile(r"[ \t]*(?P<comment>#+[ \t]*)?(?P<text>[^\r\n]*)\r?(?:\n|\Z)")
_PAIR = re.compile(r"(?P<key>[A-Za-z0-9_.-]+)[ \t]*=[ \t]*(?P<value>.*)")


def sections(text: str) -> Iterator[tuple[TablePath, dict[str, Any], int]]:
    """Yield each commented-out section: path, keys, and where the line after its header begins.

    A key without a value has the empty text. A section ends with the next header or with the first
    line that is no comment.
    """
    for header in _HEADER.finditer(text):
        if (path := _path(header["path"])) is None:
            continue
        below = text.find("\n", header.end()) + 1 or len(text)
        yield path, dict(_pairs(text, below)), below


def with_section(data: dict[str, Any], path: TablePath, keys: dict[str, Any]) -> dict[str, Any]:
    """Return data as it would be with one such section in it; what is there stays as it is."""
    if not path:
        return {**keys, **data}
    first, *rest = path
    inner = data.get(str(first), {})
    if not isinstance(inner, dict):
        return data
    return {**data, str(first): with_section(inner, tuple(rest), keys)}


def _path(text: str) -> TablePath | None:
    try:
        here: Any = tomllib.loads(f"[{text}]")
    except tomllib.TOMLDecodeError:
        return None
    path: TablePath = ()
    while here:
        ((key, here),) = here.items()
        path = (*path, key)
    return path


def _pairs(text: str, position: int) -> Iterator[tuple[str, Any]]:
    while position < len(text) and (line := _LINE.match(text, position)):
        position = line.end()
        if line["comment"] is None and line["text"].strip():
            return
        if line["text"].startswith("["):
            return
        if line["comment"] and (pair := _PAIR.fullmatch(line["text"].rstrip())):
            value = _value(pair["value"])
            if value is not None:
                yield pair["key"], value


def _value(text: str) -> Any:
    """Read a value that a comment follows, perhaps; the empty text for none, None for prose."""
    if not text or text.startswith("#"):
        return ""
    try:
        return tomllib.loads(f"value = {text}").get("value")
    except tomllib.TOMLDecodeError:
        return None
