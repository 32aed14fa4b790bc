"""Read a TOML file whole, or say in one line why that is impossible."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, NoFileError
from smtp_tui.config.paths import real
from smtp_tui.config.toml_bounds import DEEPEST, excess
from smtp_tui.config.wording import one_line, reason

LARGEST = 8 * 1024 * 1024
"""Bytes; more is no configuration file, and may be a device without an end."""

BOM = "\ufeff"


def read(path: Path) -> bytes:
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
        from smtp_tui.config.pipes import read_pipe  # hardly a file is one

        return read_pipe(path, LARGEST)
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def decoded(content: bytes, path: Path) -> str:
    """Return a TOML file's text, its byte order mark included."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{one_line(path)}: line {line} is not UTF-8, which TOML requires; save it as UTF-8"
        ) from None


def parsed(text: str, path: Path) -> dict[str, Any]:
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
    except RecursionError:
        data = None
    if data is None or _too_deep(data):
        raise DocumentError(
            f"{shown} nests tables or arrays more than {DEEPEST} levels deep; flatten it"
        )
    return data


def readable_by_others(path: Path) -> bool:
    """Tell whether users who are neither owner nor in the group can read the file."""
    target = real(path)
    try:
        if not target.stat().st_mode & stat.S_IROTH:
            return False
        return all(folder.stat().st_mode & stat.S_IXOTH for folder in target.parents)
    except OSError:
        return False


def is_private(path: Path) -> bool:
    """Tell whether a file's mode lets nobody but its owner at it; one that is not there is."""
    try:
        return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except OSError:
        return True


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
