"""What tomllib must not be asked to parse: it would take gigabytes, or minutes.

Measured with tomllib of Python 3.11: a key of 8,000 parts in 16 kB takes 390 MB, as each part keeps
the whole path before it; 60,000 keys or headers of 60 parts in 8 MB take 2 to 3.6 GB and over a
minute; 2.6 million empty tables in one array take 640 MB; an integer of 4 million digits takes
440 MB. With these bounds no file of 8 MiB took more than 270 MB.

Read what comes out of a pipe, as of `<(gpg -d mail.toml.gpg)`, and never wait for nobody.

Read a TOML file whole, or say in one line why that is impossible.
"""

from __future__ import annotations

import os
import re
import select
import stat
import tomllib
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, NoFileError, one_line, reason

DEEPEST = 64
"""Parts of a key: levels of tables."""
MOST_TABLES = 100_000
"""Dots in keys, brackets and braces, each of which may make a table or an array."""
LONGEST_WORD = 1024
"""Characters of a number or of a key without quotes."""

_TOO_MANY = f"more than {MOST_TABLES:,} tables or arrays"

_WORD = r"[A-Za-z0-9_-]"
_PART = rf"""(?:{_WORD}++|"(?:[^"\\\n]|\\[^\n])*+"(?!")|'[^'\n]*+'(?!'))"""
# In this order: what stands within a string or a comment is no key. A string without an end is
# where the parser stops, so the search does too. Compiled when a file needs it, as hardly one does.
_TOKEN = (
    rf"(?P<key>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})++)"
    rf"|(?P<word>{_WORD}++)"
    r'|"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|(?P<endless>"""|\'\'\')'
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'|(?P<open>[\"'])"
    r"|\#[^\n]*+"
)


def excess(text: str) -> str | None:
    """Say what a TOML text has too much of; None where it can be parsed."""
    # Those in strings and comments count too; no settings file has as many.
    tables = text.count("[") + text.count("{")
    if tables > MOST_TABLES:
        return _TOO_MANY
    # Hardly a file has a word as long, or as many dots, and the rest is spared the search.
    long_word = rf"{_WORD}{{{LONGEST_WORD + 1}}}"
    has_long_word = len(text) > LONGEST_WORD and re.search(long_word, text) is not None
    if not has_long_word and text.count(".") < DEEPEST:
        return None
    for token in re.finditer(_TOKEN, text, re.DOTALL):
        if token["endless"] or token["open"]:
            return None
        words = re.findall(_PART, token["key"]) if token["key"] else [token["word"] or ""]
        if len(words) > DEEPEST:
            return f"a key of more than {DEEPEST} parts"
        if has_long_word and any(_is_long(word) for word in words):
            return f"a number or a key of more than {LONGEST_WORD:,} characters"
        tables += len(words) - 1
        if tables > MOST_TABLES:
            return _TOO_MANY
    return None


def _is_long(word: str) -> bool:
    return len(word) > LONGEST_WORD and word[0] not in "\"'"


PATIENCE_FOR_ANYBODY = 2.0
"""Seconds for a program to come that writes into it."""
PATIENCE = 60.0
"""Seconds without a byte from a program that has it open, as it may ask for a pass phrase."""

_PIECE = 64 * 1024


def read_pipe(path: Path, most: int) -> bytes:
    """Return what a pipe gives up to its end, or a little over `most` bytes; DocumentError."""
    # Without O_NONBLOCK the open itself waits for a writer, and nothing ends that wait.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _read(descriptor, path, most)
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: Path, most: int) -> bytes:
    content, has_come = b"", False
    while len(content) <= most:
        piece = _piece(descriptor)
        if piece:
            content += piece
        elif piece is None or not (content or has_come):
            # Where nobody has the pipe open yet it seems to be at its end.
            patience = PATIENCE if piece is None else PATIENCE_FOR_ANYBODY
            has_come = bool(select.select([descriptor], [], [], patience)[0])
            if not has_come:
                raise _silent(path, patience)
        else:
            break
    return content


def _piece(descriptor: int) -> bytes | None:
    """Return what is there, nothing at the end or where nobody writes, None while one may."""
    try:
        return os.read(descriptor, _PIECE)
    except BlockingIOError:
        return None


def _silent(path: Path, patience: float) -> DocumentError:
    return DocumentError(
        f"{one_line(path)} is a pipe, and no program wrote into it within {patience:g} s; "
        "name a file, or a pipe that a program writes into"
    )


LARGEST = 8 * 1024 * 1024
"""Bytes; more is no configuration file, and may be a device without an end."""

BOM = "\ufeff"


def read_document(path: Path) -> bytes:
    """Return a file's content; DocumentError if it is missing, unreadable or too large."""
    shown = one_line(path)
    try:
        content = _content(path)
    except FileNotFoundError:
        raise NoFileError(f"{shown} does not exist; check the name and the folder") from None
    except IsADirectoryError:
        raise DocumentError(f"{shown} is a folder; name the TOML file in it") from None
    except PermissionError:
        raise DocumentError(
            f"{shown} is not readable by this user; run smtp-tui as its owner, or let this user "
            "read it"
        ) from None
    except OSError as error:
        raise DocumentError(f"{shown} cannot be read: {reason(error)}") from None
    except ValueError:
        raise DocumentError(f"{shown} is not a file name: it contains a NUL byte") from None
    if len(content) > LARGEST:
        raise DocumentError(
            f"{shown} is larger than {LARGEST >> 20} MiB, too large for a settings file"
        )
    return content


def _content(path: Path) -> bytes:
    if stat.S_ISFIFO(path.stat().st_mode):
        return read_pipe(path, LARGEST)
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def decode_text(content: bytes, path: Path) -> str:
    """Return a TOML file's text, its byte order mark included."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{one_line(path)}: line {line} is not UTF-8, which TOML requires; save it as UTF-8"
        ) from None


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Return what a TOML text means; DocumentError with line and column if it is invalid."""
    shown = one_line(path)
    if too_much := excess(text):
        raise DocumentError(f"{shown} contains {too_much}, too much for a settings file")
    try:
        data = tomllib.loads(text.removeprefix(BOM))
    except ValueError as error:
        raise DocumentError(
            f"{shown} is not valid TOML: {one_line(error)}; correct it in an editor"
        ) from None
    # tomllib recurses for each level of an array or an inline table.
    except RecursionError:
        data = None
    if data is None or _too_deep(data):
        raise DocumentError(
            f"{shown} nests tables or arrays more than {DEEPEST} levels deep; flatten it"
        )
    return data


def _too_deep(data: dict[str, Any]) -> bool:
    level: list[Any] = [data]
    for _ in range(DEEPEST + 1):
        inner = [
            element
            for group in level
            for element in (group.values() if isinstance(group, dict) else group)
            if isinstance(element, dict | list)
        ]
        if not inner:
            return False
        level = inner
    return True
