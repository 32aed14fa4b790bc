"""The files of certificates and keys: read within bounds, and where a wait holds up nobody."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes; the certificates that an operating system trusts take a fortieth of it."""


class ContextError(Exception):
    """What the settings say cannot serve for TLS; `key` is the field, empty where it is none."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key

    def __str__(self) -> str:
        """The field and what is wrong with it."""
        message = super().__str__()
        return f"{self.key}: {message}" if self.key else message


class FileReader:
    """Hands files to OpenSSL; `waits_for` is the field whose file is being read, and the file."""

    def __init__(self) -> None:
        self.waits_for: tuple[str, str] | None = None

    @contextmanager
    def path_for(self, key: str, path: str) -> Iterator[str]:
        """Yield a path that OpenSSL reads without waiting: the file, or a copy of a pipe's content.

        ContextError where it is neither, or too large.
        """
        self.waits_for = key, path
        copy = None
        try:
            copy = _copy_of_pipe(key, path)
        except OSError as error:
            raise ContextError(key, f"{path}: {error.strerror}") from None
        try:
            yield path if copy is None else f"/proc/self/fd/{copy}"
        finally:
            if copy is not None:
                os.close(copy)
        self.waits_for = None

    def late(self, seconds: float) -> ContextError | None:
        """The error for a file that did not answer in time; None where no file is waited for."""
        if self.waits_for is None:
            return None
        key, path = self.waits_for
        return ContextError(key, f"{path} was not read within {seconds:.1f} s; it may be a pipe")


def _copy_of_pipe(key: str, path: str) -> int | None:
    """Return a descriptor of what a pipe holds, which can be read again; None for a file.

    A shell hands over a pipe for `<(pass show key)`.
    """
    status = Path(path).stat()
    if stat.S_ISREG(status.st_mode):
        _require_size(key, path, status.st_size)
        return None
    if stat.S_ISDIR(status.st_mode):
        raise ContextError(key, f"{path} is a folder; name a file")
    if not stat.S_ISFIFO(status.st_mode) or not hasattr(os, "memfd_create"):
        raise ContextError(key, f"{path} is not a regular file")
    with Path(path).open("rb") as pipe:
        content = pipe.read(LARGEST_FILE + 1)
    _require_size(key, path, len(content))
    copy = os.memfd_create("smtp-tui", os.MFD_CLOEXEC)
    with open(copy, "wb", closefd=False) as file:
        file.write(content)
    return copy


def _require_size(key: str, path: str, size: int) -> None:
    if size > LARGEST_FILE:
        raise ContextError(key, f"{path} is larger than {LARGEST_FILE >> 20} MiB")
