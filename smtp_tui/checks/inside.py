"""Turn the request of a check into the one that sees what the application sees in its place."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from smtp_tui.checks.differences import FoundDifference
from smtp_tui.checks.request import CheckRequest, SuppliedPassword
from smtp_tui.config.errors import one_line, reason
from smtp_tui.config.file_access import other_writer
from smtp_tui.config.paths import PEM_FIELDS, expand, is_there
from smtp_tui.places.place import Place
from smtp_tui.settings.password_sources import (
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    OAuthSource,
    PasswordSource,
    parse_source,
)

# Bytes of a password's or a certificate's file.
_MOST_PASSWORD, _MOST_PEM = 1 << 16, 1 << 20


class PlaceFileError(Exception):
    """The place cannot read a certificate's file that the settings name; the text is one line.

    `found` has the difference, if this machine has the file.
    """

    def __init__(self, text: str, found: tuple[FoundDifference, ...]) -> None:
        super().__init__(text)
        self.found = found


class InsideRequest:
    """The request of a check inside a place, made from one of this machine.

    Certificates are read in the place by its user, and so is the password, once it is needed;
    `found` then has the differences that this showed. Close `files` after the check.
    """

    def __init__(self, request: CheckRequest, place: Place, files: ExitStack) -> None:
        self.found: list[FoundDifference] = []
        self._place = place
        self._files = files
        self._writer = other_writer(request.origin) if request.origin else None
        self._base = request.base
        self._is_from_variables = request.settings_from is not None
        values = dict(request.values)
        for key in PEM_FIELDS:
            if isinstance(text := values.get(key), str) and (path := self._path_there(text)):
                values[key] = self._copied(key, path)
        given = request.given
        if given is None and request.secret is None:
            given = self._supplied(values.get("password"))
        self.request = replace(
            request,
            values=values,
            given=given,
            place=None,
            network=place.network,
            trust=place.trust.pem,
        )

    def _path_there(self, text: str) -> str | None:
        """Return the path that the application reads; None for a path next to the file."""
        if self._is_from_variables or text.startswith(("/", "~", "$")):
            return str(expand(text, self._base, self._place.environment.variables))
        return None

    def _copied(self, key: str, path: str) -> str:
        """Return the path of a copy of a certificate's file in memory; OpenSSL reads only files."""
        try:
            content = self._whole(path, _MOST_PEM)
        except OSError as error:
            is_missing = error.errno == errno.ENOENT and is_there(Path(path))
            found = FoundDifference(id="place-file-missing", there=path)
            text = f"{key}: {self._place.title} cannot read {one_line(path)}: {reason(error)}"
            raise PlaceFileError(text, (found,) if is_missing else ()) from None
        copy = os.memfd_create("smtp-tui", os.MFD_CLOEXEC)
        self._files.callback(os.close, copy)
        with open(copy, "wb", closefd=False) as file:
            file.write(content)
        return f"/proc/self/fd/{copy}"

    def _supplied(self, raw: object) -> SuppliedPassword | None:
        """Return the password as the place has it; None if it is not kept there."""
        try:
            source: PasswordSource | None = None if raw is None else parse_source(raw)
        except ValueError:  # the check itself reports it
            return None
        title = self._place.title
        match source:
            case EnvironmentSource(name):
                named = f"the variable {one_line(name, 80)} of {title}"
                return SuppliedPassword(named, self._guarded(lambda: self._variable(name)))
            case FileSource(text) if path := self._path_there(text):
                named = f"the password file {one_line(path)} of {title}"
                return SuppliedPassword(named, self._guarded(lambda: self._password_file(path)))
            case CommandSource() | KeyringSource() | OAuthSource() if self._is_from_variables:
                # What a container says must run nothing here, and open no keyring.
                def refuse() -> bytes:
                    raise OSError(errno.EACCES, "smtp-tui does not take it from this machine")

                return SuppliedPassword(f"the password that {title} names", refuse)
            case _:
                return None

    def _guarded(self, read: Callable[[], bytes]) -> Callable[[], bytes]:
        """Return a reader that refuses if another user chose, in the file, which secret to send."""
        writer = self._writer
        if writer is None:
            return read

        def refuse() -> bytes:
            raise OSError(errno.EACCES, f"{writer}, which names it")

        return refuse

    def _whole(self, path: str, most: int) -> bytes:
        """Return the content of a file of the place; OSError if it is larger: a part is wrong."""
        content = self._place.files.read(path, most + 1)
        if len(content) > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return content

    def _variable(self, name: str) -> bytes:
        value = self._place.environment.variables.get(name)
        if value is None:
            if name in os.environ:
                self.found.append(FoundDifference(id="place-variable-unset", there=name))
            raise OSError(errno.ENOENT, "it is not set")
        return value.encode("utf-8", "surrogateescape")

    def _password_file(self, path: str) -> bytes:
        try:
            return self._whole(path, _MOST_PASSWORD)
        except OSError as error:
            if error.errno == errno.EACCES:
                self.found.append(
                    FoundDifference(id="place-secret-unreadable", here=self._place.user, there=path)
                )
            elif error.errno == errno.ENOENT and is_there(Path(path)):
                self.found.append(FoundDifference(id="place-secret-missing", there=path))
            raise OSError(error.errno, reason(error)) from None
