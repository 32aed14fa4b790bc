"""Detect which application a TOML file belongs to.

Of a shipped dialect only the header is read here, the part before its first table: a check of a
plain file needs no more. A user's own dialect is read whole, so that an error in it shows at once.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config.dialects.plain import mail_tables
from smtp_tui.config.dialects.spec import (
    ANYWHERE,
    PLAIN,
    DialectSignature,
    InvalidDialectError,
    dialect_at,
    parse_header,
)
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.file_access import other_writer
from smtp_tui.config.paths import config_folder
from smtp_tui.config.tablepath import Table, get, spelled, walk

_SHIPPED = Path(__file__).parent
# Finds the lists of a header without tomllib, which needs some milliseconds for 18 headers.
_LIST = re.compile(r"^(\w+) = \[([^\]]*)\]", re.MULTILINE)
_CHOSEN = "you chose it"
_NO_OTHER = "nothing in the file points to a known application"

Headers = tuple[DialectSignature, ...]
Found = tuple[DialectSignature, str]


def detect_dialect(
    data: dict[str, Any], path: Path, text: str
) -> tuple[DialectSignature | None, str]:
    """Return a file's dialect (None for plain) and the reason; a user's own dialects go first.

    A commented-out section counts if the file has the application's own name.
    """
    own, _ = user_headers(user_dialects_folder())
    # The name and the comments of the file count only if its tables match no dialect.
    if found := next(_matches(data, path.name, own), None):
        return found
    names = {name for header in own for name in header.files}
    names |= {name for place in _files(_SHIPPED) for name in _lists(place).get("files", ())}
    if path.name in names and (found := _commented_out(data, path.name, text, own)):
        return found
    headers = all_headers(user_dialects_folder())[0] if path.name in names else ()
    named = [
        header
        for header in headers
        if header.is_named(path.name) and header.fixed_table is not None
    ]
    # The name is ambiguous if two applications use it or the file already has a mail table.
    if len(named) == 1 and not mail_tables(data):
        return named[0], f"the file is named {one_line(path.name, 40)}"
    return None, _NO_OTHER


def _matches(data: Table, name: str, own: Headers) -> Iterator[Found]:
    names = {header.name for header in own}
    shipped = (header for header in _candidates(data, name) if header.name not in names)
    for header in (*own, *shipped) if data else ():
        if (reason := header.reason(data, name)) is not None:
            yield header, reason


def _candidates(data: Table, name: str) -> Iterator[DialectSignature]:
    """Yield the shipped headers that may match by the file's keys; parsing all is slow."""
    words = {"", "*", ANYWHERE, *(key for _, table in walk(data) for key in table)}

    def exists(path: str) -> bool:
        return words.issuperset(path.split("."))

    for place in _files(_SHIPPED):
        lists = _lists(place)
        if not any(map(exists, lists["tables"])) or not all(map(exists, lists.get("keys", ()))):
            continue
        is_signed = any(map(exists, lists.get("signs", [""]))) or name in lists.get("files", ())
        if is_signed and any(map(exists, lists.get("one_of", [""]))):
            yield _shipped_header(place)


def _commented_out(data: dict[str, Any], name: str, text: str, own: Headers) -> Found | None:
    # Imported on demand: few files get here, and the scanner's patterns take 1 ms to compile.
    from smtp_tui.config.toml_edit.scan import sections, with_section

    for section, keys, _ in sections(text):
        # A section that the file really holds goes before a comment.
        try:
            if get(data, section):
                continue
        except (KeyError, TypeError):
            pass
        whole = with_section(data, section, keys)
        for header, _ in _matches(whole, name, own):
            if name in header.files and section in header.tables_in(whole):
                where = f"[{one_line(spelled(section), 60)}]"
                return header, f"{where} is commented out in {one_line(name, 40)}"
    return None


def dialect_named(name: str) -> tuple[DialectSignature | None, str]:
    """Return the dialect of this name, None for our own keys; DocumentError if there is none."""
    if name.casefold() == PLAIN:
        return None, _CHOSEN
    headers, faulty = all_headers(user_dialects_folder())
    for header in headers:
        if header.name == name.casefold():
            return header, _CHOSEN
    hint = f" ({faulty[0]})" if faulty else ""
    raise DocumentError(
        f"there is no dialect {one_line(name, 40)!r}{hint}; smtp-tui dialects lists them"
    )


def user_dialects_folder() -> Path:
    """Return the folder for the user's own dialects."""
    return config_folder() / "dialects"


def dialect_problems() -> tuple[str, ...]:
    """Return one line for each invalid file in the user's dialects folder."""
    return user_headers(user_dialects_folder())[1]


def all_headers(folder: Path) -> tuple[Headers, tuple[str, ...]]:
    """Return all dialects, the user's own first, and one line for each invalid file."""
    own, faulty = user_headers(folder)
    names = {header.name for header in own}
    shipped = map(_shipped_header, _files(_SHIPPED))
    return (*own, *(header for header in shipped if header.name not in names)), faulty


@cache
def user_headers(folder: Path) -> tuple[Headers, tuple[str, ...]]:
    """Return the dialects in a user's folder, and one line for each invalid file."""
    found: dict[str, DialectSignature] = {}
    faulty = []
    for place in _files(folder):
        try:
            header = dialect_at(place, own=True).head
            # A dialect may set the host that gets the password.
            if writer := other_writer(place):
                raise InvalidDialectError(writer)
            if header.name in found:
                raise InvalidDialectError(f"another file there already has the name {header.name}")
        except InvalidDialectError as fault:
            faulty.append(f"{one_line(place)} is ignored: {fault}")
        else:
            found[header.name] = header
    return tuple(found.values()), tuple(faulty)


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".toml"))
    except OSError:
        return []
    return [folder / name for name in names]


def _header_text(place: Path) -> str:
    text = place.read_text(encoding="utf-8")
    return text[: text.find("\n[") + 1] or text


@cache
def _lists(place: Path) -> Mapping[str, list[str]]:
    return {found[1]: found[2].split('"')[1::2] for found in _LIST.finditer(_header_text(place))}


def _shipped_header(place: Path) -> DialectSignature:
    return parse_header(tomllib.loads(_header_text(place)), place, own=False)
