"""What can go wrong with a TOML file and with a password, as one line whatever caused it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from smtp_tui.settings.masking import mask_credentials, mask_secrets

PasswordCause = Literal["password-missing", "password-source-failed"]


def one_line(text: object, length: int = 400) -> str:
    """Escape what does not print, line ends included, and cut to `length` characters.

    A password that stands in a URL, or before an @, is hidden: what is quoted may hold one.
    """
    line = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in mask_credentials(str(text))
    )
    return line if len(line) <= length else line[: length - 1] + "…"


def shown_command(argv: Sequence[str]) -> str:
    """Name a command in a message, as far as its arguments hold no password."""
    return one_line(mask_secrets(" ".join(argv)), 80)


def reason(error: OSError) -> str:
    """Say what the system refused, without the file's name, which the sentence has already."""
    return os.strerror(error.errno).lower() if error.errno else one_line(error)


class DocumentError(Exception):
    """A TOML file cannot be read or changed as asked; the text is one line for the admin."""


class NoFileError(DocumentError):
    """The file does not exist."""


class NoTableError(DocumentError):
    """The file holds no SMTP table, or not the one that was named."""


class SeveralTablesError(DocumentError):
    """The file holds several SMTP tables; `names` are their paths."""

    def __init__(self, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message)
        self.names = names


class ChangedOnDiskError(DocumentError):
    """The file is no longer what it was when it was read."""


class NoRenameError(DocumentError):
    """The file cannot be replaced by a rename without losing something, so it was left alone."""


class NotExpressibleError(DocumentError):
    """The application whose file it is has no way to say the value of the setting `key`."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class PasswordError(Exception):
    """A password could not be had or kept; the text is one line and holds no secret."""

    def __init__(self, message: str, cause: PasswordCause = "password-source-failed") -> None:
        super().__init__(message)
        self.cause = cause


class NoPasswordError(PasswordError):
    """The place can be looked into, and no password is kept there."""


def defect_text(error: BaseException) -> str:
    """Name an unexpected error of our own, and the line that raised it."""
    # The error's own text is left out: it may repeat a password.
    frame = error.__traceback__
    if frame is None:
        return type(error).__name__
    while frame.tb_next:
        frame = frame.tb_next
    file = Path(frame.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{frame.tb_lineno}"
