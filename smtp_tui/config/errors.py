"""Errors of TOML files and passwords, each with a one-line message."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from smtp_tui.safe_text import mask_credentials, mask_secrets

PasswordCause = Literal[
    "password-missing",
    "password-source-failed",
    "oauth-not-signed-in",
    "oauth-renewal-failed",
    "oauth-client-rejected",
    "oauth-provider-unreachable",
    "oauth-store-read-only",
]


def one_line(text: object, length: int = 400) -> str:
    """Escape unprintable characters, line ends included, and cut to `length` characters.

    A password in a URL or before an @ is masked, as quoted text may hold one.
    """
    line = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in mask_credentials(str(text))
    )
    return line if len(line) <= length else line[: length - 1] + "…"


def shown_command(argv: Sequence[str]) -> str:
    """Format a command for a message, with passwords in its arguments masked."""
    return one_line(mask_secrets(" ".join(argv)), 80)


def reason(error: OSError) -> str:
    """Return the system's error text without the file name, which the message names already."""
    return os.strerror(error.errno).lower() if error.errno else one_line(error)


class DocumentError(Exception):
    """A TOML file cannot be read or changed as requested; the message is one line."""


class NoFileError(DocumentError):
    """The file does not exist."""


class NotTomlError(DocumentError):
    """The file is not TOML; `text` is its content, which may hold a password."""

    def __init__(self, message: str, path: Path, text: str) -> None:
        super().__init__(message)
        self.path = path
        self.text = text


class NoTableError(DocumentError):
    """The file holds no SMTP table, or not the one that was named."""


class SeveralTablesError(DocumentError):
    """The file holds several SMTP tables; `names` are their paths."""

    def __init__(self, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message)
        self.names = names


class ChangedOnDiskError(DocumentError):
    """The file has changed since it was read."""


class NoRenameError(DocumentError):
    """The file was not changed: a rename is impossible or would lose something."""


class NotExpressibleError(DocumentError):
    """The file's application cannot express the value of the setting `key`."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class PasswordError(Exception):
    """A password could not be fetched or stored; the message is one line without secrets.

    `why` and `to_do` are set where more is known than the cause says.
    """

    why = to_do = ""

    def __init__(self, message: str, cause: PasswordCause = "password-source-failed") -> None:
        super().__init__(message)
        self.cause = cause


class NoPasswordError(PasswordError):
    """The place is readable but holds no password."""


def defect_text(error: BaseException) -> str:
    """Return an unexpected error's type and the line that raised it."""
    # The error's own text is left out: it may repeat a password.
    frame = error.__traceback__
    if frame is None:
        return type(error).__name__
    while frame.tb_next:
        frame = frame.tb_next
    file = Path(frame.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{frame.tb_lineno}"
