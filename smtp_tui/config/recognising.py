"""Which application a TOML file belongs to, among the dialects that are there.

Of a dialect that ships with the program only the head is read here, what stands before its first
table: a check of a plain file needs no more of it. An admin's own is read whole, so that a fault
in it shows at once.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.heads import ANYWHERE, PLAIN, FaultyDialect, Head, head_of
from smtp_tui.config.paths import config_folder
from smtp_tui.config.tablepath import walk
from smtp_tui.config.wording import one_line

_SHIPPED = Path(__file__).with_name("dialects")
_LIST = re.compile(r"^(\w+) = \[([^\]]*)\]", re.MULTILINE)


def recognised(data: Mapping[str, Any], path: Path) -> Head | None:
    """Return the dialect of a file, an admin's own before those that ship; None for plain keys."""
    if not data:
        return None
    own, _ = own_heads(own_folder())
    names = {head.name for head in own}
    found = next((head for head in own if head.recognises(data, path)), None)
    return found or next(
        (
            head
            for head in _likely(data, path.name)
            if head.name not in names and head.recognises(data, path)
        ),
        None,
    )


def _likely(data: Mapping[str, Any], name: str) -> Iterator[Head]:
    """Yield the shipped heads whose words the file holds: to parse them all takes long."""
    words = {key for _, table in walk(data) for key in table}
    words |= {"", "*", ANYWHERE}
    for place in _files_in(_SHIPPED):
        text = _head_text(place)
        lists = {found[1]: found[2].split('"')[1::2] for found in _LIST.finditer(text)}
        known = {
            key: [words.issuperset(path.split(".")) for path in paths]
            for key, paths in lists.items()
        }
        told = any(known.get("signs", [True])) or name in lists.get("files", ())
        there = any(known["tables"]) and all(known.get("keys", ()))
        if told and there and any(known.get("one_of", [True])):
            yield head_of(tomllib.loads(text), place, own=False)


def named(name: str) -> Head | None:
    """Return the dialect of this name, None for our own keys; DocumentError where there is none."""
    found, faulty = all_heads(own_folder())
    if name.casefold() == PLAIN:
        return None
    for head in found:
        if head.name == name.casefold():
            return head
    hint = f" ({faulty[0]})" if faulty else ""
    raise DocumentError(
        f"there is no dialect {one_line(name, 40)!r}{hint}; smtp-tui dialects lists them"
    )


def own_folder() -> Path:
    """Return the folder for the admin's own dialects."""
    return config_folder() / "dialects"


def faults() -> tuple[str, ...]:
    """Return a line for each of the admin's own dialects that is wrong."""
    return own_heads(own_folder())[1]


def all_heads(folder: Path) -> tuple[tuple[Head, ...], tuple[str, ...]]:
    """Return the dialects, those in the admin's folder first, and a line for each faulty one."""
    own, faulty = own_heads(folder)
    names = {head.name for head in own}
    shipped = [
        head_of(tomllib.loads(_head_text(place)), place, own=False) for place in _files_in(_SHIPPED)
    ]
    return (*own, *(head for head in shipped if head.name not in names)), faulty


@cache
def own_heads(folder: Path) -> tuple[tuple[Head, ...], tuple[str, ...]]:
    """Return an admin's own dialects, and a line for each faulty one."""
    found: dict[str, Head] = {}
    faulty = []
    for place in _files_in(folder):
        try:
            head = _own(place)
            if head.name in found:
                raise FaultyDialect(f"another file there is named {head.name} already")
        except FaultyDialect as fault:
            faulty.append(f"{one_line(place)} is left out: {fault}")
        else:
            found[head.name] = head
    return tuple(found.values()), tuple(faulty)


def _files_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".toml"))
    except OSError:
        return []
    return [folder / name for name in names]


def _head_text(place: Path) -> str:
    """Return what stands before a shipped dialect's first table."""
    text = place.read_text(encoding="utf-8")
    first = text.find("\n[")
    return text if first < 0 else text[: first + 1]


def _own(place: Path) -> Head:
    from smtp_tui.config.dialect_reading import dialect_at

    return dialect_at(place, own=True).head
