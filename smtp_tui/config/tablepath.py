"""Paths to TOML tables: `smtp`, `accounts."a.b".smtp`, `smtp[0]`, `smtp[name=x]`, `.`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config.errors import DocumentError, NoTableError, one_line
from smtp_tui.records import record

Step = str | int
TablePath = tuple[Step, ...]
ROOT: TablePath = ()


@record
class Selector:
    """The one table of an array in which `key` has `value`."""

    key: str
    value: str


_KEY = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_NAME = re.compile(rf"\s*(?P<name>{_KEY})\s*")
_SELECTOR = re.compile(
    rf"""\[\s*(?:(?P<index>\d{{1,9}})|(?P<key>{_KEY})\s*=\s*(?P<value>{_KEY}|[^\]"']*?))\s*\]\s*"""
)


_SHORT = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}
_ESCAPES = {number: f"\\u{number:04x}" for number in (*range(32), 127)} | {
    ord(sign): f"\\{letter}" for sign, letter in _SHORT.items()
}


def parse_path(text: str) -> tuple[Step | Selector, ...]:
    """Read a path as it is typed; DocumentError if it is none."""
    if text.strip() == ".":
        return ROOT
    steps: list[Step | Selector] = []
    position = -1
    while position < len(text):
        match = _NAME.match(text, position + 1)
        if match is None:
            raise _malformed(text)
        steps.append(_unquoted(match["name"], text))
        while selector := _SELECTOR.match(text, match.end()):
            index, key, value = selector["index"], selector["key"], selector["value"]
            steps.append(
                Selector(_unquoted(key, text), _unquoted(value, text))
                if index is None
                else int(index)
            )
            match = selector
        position = match.end()
        if text[position : position + 1] not in ("", "."):
            raise _malformed(text)
    return tuple(steps)


def _unquoted(word: str, text: str) -> str:
    if word[:1] not in ('"', "'"):
        return word
    try:
        return str(tomllib.loads(f"word = {word}")["word"])
    except tomllib.TOMLDecodeError:
        raise _malformed(text) from None


def _malformed(text: str) -> DocumentError:
    return DocumentError(
        f"{one_line(text)!r} is not the path of a table; write it like smtp, "
        'accounts."a.b".smtp, smtp[0], smtp[name=x] or . for the root'
    )


def spelled_key(name: str) -> str:
    """Spell a key as TOML does, quoted where it must be."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    return f'"{name.translate(_ESCAPES)}"'


def spelled(path: tuple[Step | Selector, ...]) -> str:
    """Spell a path so that `parse_path` reads it back."""
    text = ""
    for step in path:
        match step:
            case Selector(key, value):
                text += f"[{key}={value}]"
            case int():
                text += f"[{step}]"
            case str():
                text += f".{spelled_key(step)}"
    return text.removeprefix(".") or "."


def resolve(data: Mapping[str, Any], steps: tuple[Step | Selector, ...]) -> TablePath:
    """Find the table that `steps` name, each array's table by its index; else NoTableError."""
    path: TablePath = ROOT
    here: Any = data
    for step in steps:
        found = _index(here, step) if isinstance(step, Selector) else step
        container: Any = here if isinstance(here, dict | list) else {}
        try:
            here = container[found]
        except (KeyError, IndexError, TypeError):
            here = None
        if here is None:
            raise NoTableError(f"there is no table {one_line(spelled((*path, step)))}")
        path = (*path, found)
    if not isinstance(here, dict):
        more = "; name one of its tables, like [0]" if isinstance(here, list) else ""
        raise NoTableError(f"{one_line(spelled(path))} is not a table{more}")
    return path


def is_missing(
    data: Mapping[str, Any], steps: tuple[Step | Selector, ...]
) -> tuple[str, ...] | None:
    """Return the path of a table that could be made, None where something else is in the way."""
    names = tuple(step for step in steps if isinstance(step, str))
    here: Any = data
    for name in names:
        if not isinstance(here, dict):
            return None
        here = here.get(name, {})
    return names if len(names) == len(steps) and isinstance(here, dict) else None


def _index(here: Any, wanted: Selector) -> int:
    elements = here if isinstance(here, list) else []
    found = []
    for index, element in enumerate(elements):
        value = element.get(wanted.key) if isinstance(element, dict) else None
        # As TOML spells it: [enabled=true].
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(element, dict) and text == wanted.value:
            found.append(index)
    if len(found) > 1:
        raise NoTableError(
            f"several tables have {wanted.key} = {one_line(wanted.value)}; "
            f"name one by its index: {', '.join(f'[{index}]' for index in found)}"
        )
    return found[0] if found else len(elements)


def get(data: Mapping[str, Any], path: TablePath) -> Any:
    """Return what stands at `path`; KeyError or IndexError if nothing does."""
    here: Any = data
    for step in path:
        here = here[step]
    return here


def walk(data: Mapping[str, Any]) -> Iterator[tuple[TablePath, dict[str, Any]]]:
    """Yield every table of the file, the root first, in the file's order."""
    waiting: list[tuple[TablePath, Any]] = [(ROOT, data)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, dict):
            yield path, here
            waiting.extend((((*path, key), here[key])) for key in reversed(here))
        elif isinstance(here, list):
            waiting.extend((((*path, index), here[index])) for index in reversed(range(len(here))))
