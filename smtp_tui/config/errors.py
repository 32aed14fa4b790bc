"""What can go wrong with a TOML file, and with fetching a password.

PasswordError           no password could be had, or kept
    NoPasswordError     nothing is kept in the place
DocumentError
    NoFileError         the file does not exist
    NoTableError        the file has no SMTP table, or not the one that was named
    SeveralTablesError  the file has several SMTP tables and none was named
    ChangedOnDiskError  somebody else wrote the file since it was read
    NoRenameError       the file could only be overwritten in place, which was not allowed
    NotExpressibleError the application whose file it is has no way to say a value
"""

from __future__ import annotations

from typing import Literal

Cause = Literal["password-missing", "password-source-failed"]


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

    def __init__(self, message: str, cause: Cause = "password-source-failed") -> None:
        super().__init__(message)
        self.cause = cause


class NoPasswordError(PasswordError):
    """The place can be looked into, and no password is kept there."""
