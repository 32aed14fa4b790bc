"""Read and parse a TOML file, or a pipe such as `<(gpg -d mail.toml.gpg)`.

Waiting for a pipe is limited, and a file that would keep tomllib busy for minutes is rejected.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, NoFileError, NotTomlError, one_line, reason

LARGEST = 8 * 1024 * 1024  # bytes; a larger file is no settings file, and may be an endless device
BOM = "\ufeff"
# Limits for tomllib. Measured with Python 3.11: a key of 8,000 parts in 16 kB takes 390 MB, as each
# part keeps the whole path before it; 60,000 keys or headers of 60 parts in 8 MB take 2 to 3.6 GB
# and over a minute; 2.6 million empty tables in one array take 640 MB; an integer of 4 million
# digits takes 440 MB. With these limits no file of 8 MiB took over 270 MB.
DEEPEST = 64  # parts of a key: levels of tables
MOST_TABLES = 100_000  # dots in keys, brackets and braces: each may create a table or an array
LONGEST_WORD = 1024  # characters of a number or of an unquoted key
PATIENCE_FOR_ANYBODY = 2.0  # seconds until a program must have opened the pipe for writing
# Seconds without a byte from a program that has the pipe open: it may ask for a passphrase.
PATIENCE = 60.0

_TOO_MANY = f"more than {MOST_TABLES:,} tables or arrays"

_WORD = r"[A-Za-z0-9_-]"
_PART = rf"""(?:{_WORD}++|"(?:[^"\\\n]|\\[^\n])*+"(?!")|'[^'\n]*+'(?!'))"""
# The alternatives skip strings and comments, which hold no keys. The search stops at an unclosed
# string, as the parser does. Compiled on demand, as hardly any file needs it.
_TOKEN = (
    rf"(?P<key>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})++)"
    rf"|(?P<word>{_WORD}++)"
    r'|"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|(?P<endless>"""|\'\'\')'
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'|(?P<open>[\"'])"
    r"|\#[^\n]*+"
)


def excess(text: str) -> str | None:
    """Return which limit a TOML text exceeds, or None if it can be parsed."""
    # Brackets in strings and comments count too; no settings file has that many.
    tables = text.count("[") + text.count("{")
    if tables > MOST_TABLES:
        return _TOO_MANY
    # Hardly any file has such a long word or so many dots; all others skip the search.
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
        if any(len(word) > LONGEST_WORD and word[0] not in "\"'" for word in words):
            return f"a number or a key of more than {LONGEST_WORD:,} characters"
        tables += len(words) - 1
        if tables > MOST_TABLES:
            return _TOO_MANY
    return None


def read_pipe(path: Path, most: int) -> bytes:
    """Read a pipe to its end, or a little over `most` bytes; DocumentError after a timeout."""
    # Without O_NONBLOCK, open() waits for a writer without a timeout.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    content, has_writer = b"", False
    try:
        while len(content) <= most:
            piece = None
            with contextlib.suppress(BlockingIOError):  # a writer exists, but has sent nothing
                piece = os.read(descriptor, 64 * 1024)
            if piece:
                content += piece
            elif piece is None or not (content or has_writer):
                # Before a writer opens the pipe, reading it returns end of file.
                patience = PATIENCE if piece is None else PATIENCE_FOR_ANYBODY
                has_writer = bool(select.select([descriptor], [], [], patience)[0])
                if not has_writer:
                    raise DocumentError(
                        f"{one_line(path)} is a pipe, and no program wrote into it within "
                        f"{patience:g} s; name a file, or a pipe that a program writes into"
                    )
            else:
                break
    finally:
        os.close(descriptor)
    return content


_REASONS: Mapping[type[OSError], str] = {
    IsADirectoryError: "is a folder; name the TOML file in it",
    PermissionError: (
        "is not readable by this user; run smtp-tui as its owner, or let this user read it"
    ),
}


def read_document(path: Path) -> bytes:
    """Return a file's bytes; DocumentError if it is missing, unreadable or too large."""
    shown = one_line(path)
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            content = read_pipe(path, LARGEST)
        else:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NoFileError(f"{shown} does not exist; check the name and the folder") from None
    except OSError as error:
        why = _REASONS.get(type(error), f"cannot be read: {reason(error)}")
        raise DocumentError(f"{shown} {why}") from None
    except ValueError:
        raise DocumentError(f"{shown} is not a file name: it contains a NUL byte") from None
    if len(content) > LARGEST:
        raise DocumentError(
            f"{shown} is larger than {LARGEST >> 20} MiB, too large for a settings file"
        )
    return content


def decode_text(content: bytes, name: Path | str) -> str:
    """Decode UTF-8 and keep the byte order mark; DocumentError with the line if it is invalid."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{one_line(name)}: line {line} is not UTF-8; save it as UTF-8"
        ) from None


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML text; DocumentError with line and column if it is invalid."""
    shown = one_line(path)
    if too_much := excess(text):
        raise DocumentError(f"{shown} contains {too_much}, too much for a settings file")
    try:
        data = tomllib.loads(text.removeprefix(BOM))
    except ValueError as error:
        message = f"{shown} is not valid TOML: {one_line(error)}; correct it in an editor"
        raise NotTomlError(message, path, text) from None
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
