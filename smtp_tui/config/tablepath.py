"""Parse paths to TOML tables: `smtp`, `accounts."a.b".smtp`, `smtp[0]`, `smtp[name=x]`, `.`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config.errors import DocumentError, NoTableError, one_line
from smtp_tui.records import record

Table = Mapping[str, Any]  # as tomllib returns it
Changes = Mapping[str, object]  # new values by key; None removes the key
Step = str | int
TablePath = tuple[Step, ...]
ROOT: TablePath = ()


@record
class ArrayTableSelector:
    """A path step that selects the only table of an array in which `key` has `value`."""

    key: str
    value: str


TypedPath = tuple[Step | ArrayTableSelector, ...]

_KEY = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_NAME = re.compile(rf"\s*(?P<name>{_KEY})\s*")
_SELECTOR = re.compile(
    rf"""\[\s*(?:(?P<index>\d{{1,9}})|(?P<key>{_KEY})\s*=\s*(?P<value>{_KEY}|[^\]"']*?))\s*\]\s*"""
)
_SHORT = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}
_ESCAPES = {number: f"\\u{number:04x}" for number in (*range(32), 127)} | {
    ord(sign): f"\\{letter}" for sign, letter in _SHORT.items()
}


def parse_path(text: str) -> TypedPath:
    """Parse a path as typed; DocumentError if it is invalid."""
    if text.strip() == ".":
        return ROOT

    def unquoted(word: str) -> str:
        return str(tomllib.loads(f"word = {word}")["word"]) if word[:1] in ('"', "'") else word

    steps: list[Step | ArrayTableSelector] = []
    position = -1
    try:
        while position < len(text):
            match = _NAME.match(text, position + 1)
            if match is None:
                raise ValueError
            steps.append(unquoted(match["name"]))
            while found := _SELECTOR.match(text, match.end()):
                match = found
                if found["index"] is not None:
                    steps.append(int(found["index"]))
                else:
                    steps.append(
                        ArrayTableSelector(unquoted(found["key"]), unquoted(found["value"]))
                    )
            position = match.end()
            if text[position : position + 1] not in ("", "."):
                raise ValueError
    except ValueError:
        raise DocumentError(
            f"{one_line(text)!r} is not the path of a table; write it like smtp, "
            'accounts."a.b".smtp, smtp[0], smtp[name=x] or . for the root'
        ) from None
    return tuple(steps)


def spelled_key(name: str) -> str:
    """Format a key as TOML, quoted where necessary."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    return f'"{name.translate(_ESCAPES)}"'


def spelled(path: TypedPath) -> str:
    """Format a path so that `parse_path` parses it back."""
    text = ""
    for step in path:
        if isinstance(step, str):
            text += f".{spelled_key(step)}"
        else:
            text += f"[{step}]" if isinstance(step, int) else f"[{step.key}={step.value}]"
    return text.removeprefix(".") or "."


def resolve(data: Table, steps: TypedPath) -> TablePath:
    """Return the path of an existing table, with selectors as indexes; NoTableError."""
    path: TablePath = ROOT
    current: Any = data
    for step in steps:
        found = _index(current, step) if isinstance(step, ArrayTableSelector) else step
        container: Any = current if isinstance(current, dict | list) else {}
        try:
            current = container[found]
        except (KeyError, IndexError, TypeError):
            current = None
        if current is None:
            raise NoTableError(f"there is no table {one_line(spelled((*path, step)))}")
        path = (*path, found)
    if not isinstance(current, dict):
        more = "; name one of its tables, like [0]" if isinstance(current, list) else ""
        raise NoTableError(f"{one_line(spelled(path))} is not a table{more}")
    return path


def is_missing(data: Table, steps: TypedPath) -> tuple[str, ...] | None:
    """Return the path of a table that could be created, or None if another value is in the way."""
    names = tuple(step for step in steps if isinstance(step, str))
    current: Any = data
    for name in names:
        if not isinstance(current, dict):
            return None
        current = current.get(name, {})
    return names if len(names) == len(steps) and isinstance(current, dict) else None


def _index(array: Any, wanted: ArrayTableSelector) -> int:
    elements = array if isinstance(array, list) else []
    found = []
    for index, element in enumerate(elements):
        if isinstance(element, dict):
            value = element.get(wanted.key)
            # Booleans as in TOML: [enabled=true].
            if wanted.value == (str(value).lower() if isinstance(value, bool) else str(value)):
                found.append(index)
    if len(found) > 1:
        raise NoTableError(
            f"several tables have {wanted.key} = {one_line(wanted.value)}; "
            f"name one by its index: {', '.join(f'[{index}]' for index in found)}"
        )
    return found[0] if found else len(elements)


def get(data: Table, path: TablePath) -> Any:
    """Return the value at `path`; KeyError or IndexError if there is none."""
    value: Any = data
    for step in path:
        value = value[step]
    return value


def walk(data: Table) -> Iterator[tuple[TablePath, dict[str, Any]]]:
    """Yield every table with its path, the root first, in the file's order."""
    pending: list[tuple[TablePath, Any]] = [(ROOT, data)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            yield path, value
            pending.extend((((*path, key), value[key])) for key in reversed(value))
        elif isinstance(value, list):
            pending.extend(
                (((*path, index), value[index])) for index in reversed(range(len(value)))
            )
