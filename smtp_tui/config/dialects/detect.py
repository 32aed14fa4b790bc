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

from smtp_tui.config.dialects.mail_tables import mail_tables
from smtp_tui.config.dialects.spec import (
    ANYWHERE,
    PLAIN,
    DialectHeader,
    InvalidDialectError,
    parse_header,
)
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.file_access import other_writer
from smtp_tui.config.paths import config_folder
from smtp_tui.config.tablepath import TablePath, get, spelled, walk

_SHIPPED = Path(__file__).parent
_LIST = re.compile(r"^(\w+) = \[([^\]]*)\]", re.MULTILINE)


_CHOSEN = "you chose it"
_NO_OTHER = "nothing in the file points to a known application"


def detect_dialect(data: dict[str, Any], path: Path, text: str) -> tuple[DialectHeader | None, str]:
    """Return the dialect of a file and why, an admin's own before those that ship; None for plain.

    A section that is commented out counts where the file has the application's own name.
    """
    own, _ = user_headers(user_dialects_folder())
    for head, reason in _matching(data, path.name, own):
        return head, reason
    if not _is_usual_name(path.name, own):
        return None, _NO_OTHER
    found = _commented_out(data, path.name, text, own) or _named_so(data, path.name)
    return found or (None, _NO_OTHER)


def _named_so(data: dict[str, Any], name: str) -> tuple[DialectHeader, str] | None:
    """Find the application whose own name a file has, which holds no mail settings at all yet."""
    heads, _ = all_headers(user_dialects_folder())
    found = [head for head in heads if head.is_named(name) and head.fixed_table is not None]
    if len(found) != 1 or mail_tables(data):
        return None
    return found[0], f"the file is named {one_line(name, 40)}"


def _commented_out(
    data: dict[str, Any], name: str, text: str, own: tuple[DialectHeader, ...]
) -> tuple[DialectHeader, str] | None:
    from smtp_tui.config.toml_edit.scan import sections, with_section

    for section, keys, _ in sections(text):
        if _there(data, section):
            continue
        whole = with_section(data, section, keys)
        for head, _ in _matching(whole, name, own):
            if name in head.files and section in head.tables_in(whole):
                where = f"[{one_line(spelled(section), 60)}]"
                return head, f"{where} is commented out in {one_line(name, 40)}"
    return None


def _matching(
    data: Mapping[str, Any], name: str, own: tuple[DialectHeader, ...]
) -> Iterator[tuple[DialectHeader, str]]:
    names = {head.name for head in own}
    shipped = (head for head in _likely(data, name) if head.name not in names)
    for head in (*own, *shipped) if data else ():
        if (reason := head.reason(data, name)) is not None:
            yield head, reason


def _there(data: Mapping[str, Any], path: TablePath) -> bool:
    try:
        return bool(get(data, path))
    except (KeyError, TypeError):
        return False


def _is_usual_name(name: str, own: tuple[DialectHeader, ...]) -> bool:
    files = {file for head in own for file in head.files}
    return name in files or any(name in _lists(place).get("files", ()) for place in _shipped())


@cache
def _lists(place: Path) -> Mapping[str, list[str]]:
    return {found[1]: found[2].split('"')[1::2] for found in _LIST.finditer(_head_text(place))}


def _likely(data: Mapping[str, Any], name: str) -> Iterator[DialectHeader]:
    """Yield the shipped heads whose words the file holds: to parse them all takes long."""
    words = {key for _, table in walk(data) for key in table}
    words |= {"", "*", ANYWHERE}

    def there(path: str) -> bool:
        return words.issuperset(path.split("."))

    for place in _shipped():
        lists = _lists(place)
        if not any(map(there, lists["tables"])) or not all(map(there, lists.get("keys", ()))):
            continue
        told = any(map(there, lists.get("signs", [""]))) or name in lists.get("files", ())
        if told and any(map(there, lists.get("one_of", [""]))):
            yield parse_header(tomllib.loads(_head_text(place)), place, own=False)


def _shipped() -> list[Path]:
    return _files_in(_SHIPPED)


def dialect_named(name: str) -> tuple[DialectHeader | None, str]:
    """Return the dialect of this name, None for our own keys; DocumentError where there is none."""
    found, faulty = all_headers(user_dialects_folder())
    if name.casefold() == PLAIN:
        return None, _CHOSEN
    for head in found:
        if head.name == name.casefold():
            return head, _CHOSEN
    hint = f" ({faulty[0]})" if faulty else ""
    raise DocumentError(
        f"there is no dialect {one_line(name, 40)!r}{hint}; smtp-tui dialects lists them"
    )


def user_dialects_folder() -> Path:
    """Return the folder for the admin's own dialects."""
    return config_folder() / "dialects"


def dialect_problems() -> tuple[str, ...]:
    """Return a line for each of the admin's own dialects that is wrong."""
    return user_headers(user_dialects_folder())[1]


def all_headers(folder: Path) -> tuple[tuple[DialectHeader, ...], tuple[str, ...]]:
    """Return the dialects, those in the admin's folder first, and a line for each faulty one."""
    own, faulty = user_headers(folder)
    names = {head.name for head in own}
    shipped = [
        parse_header(tomllib.loads(_head_text(place)), place, own=False) for place in _shipped()
    ]
    return (*own, *(head for head in shipped if head.name not in names)), faulty


@cache
def user_headers(folder: Path) -> tuple[tuple[DialectHeader, ...], tuple[str, ...]]:
    """Return an admin's own dialects, and a line for each faulty one."""
    found: dict[str, DialectHeader] = {}
    faulty = []
    for place in _files_in(folder):
        try:
            head = _own(place)
            # A dialect may name the host that gets the password.
            if writer := other_writer(place):
                raise InvalidDialectError(writer)
            if head.name in found:
                raise InvalidDialectError(f"another file there already has the name {head.name}")
        except InvalidDialectError as fault:
            faulty.append(f"{one_line(place)} is ignored: {fault}")
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


def _own(place: Path) -> DialectHeader:
    from smtp_tui.config.dialects.spec import dialect_at

    return dialect_at(place, own=True).head
