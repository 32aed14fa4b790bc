"""The table whose password a call is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.keeping import Place
from smtp_tui.config.paths import absolute
from smtp_tui.config.wording import one_line
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.sources import PasswordSource, parse_source

PATIENCE = 30.0
"""Seconds a place is waited for, as a check's default time-out; a keyring has less."""


@record
class Table:
    """One SMTP table of an open file."""

    file: str
    document: Document
    name: str

    @property
    def values(self) -> dict[str, Any]:
        """Its raw values."""
        return self.document.values(self.name)

    @property
    def host(self) -> str:
        """The mail server, as the file names it."""
        return str(self.values.get("host") or "")

    @property
    def source(self) -> PasswordSource | None:
        """Where it says that the password is kept; DocumentError if that cannot be understood."""
        raw, field = self.values.get("password"), BY_KEY["password"]
        if raw is None:
            return None
        if problem := field.problem_with(raw):
            raise DocumentError(
                f"{one_line(self.file)}: {field.label} (password): {one_line(problem)}"
            )
        return parse_source(raw)

    def place(self, source: PasswordSource) -> Place:
        """Return a source as this table sees it."""
        account = str(self.values.get("username") or "")
        file = absolute(Path(self.file))
        origin = file if source == self.source else None
        return Place(source, account, file.parent, os.environ, origin, self.host)

    @property
    def whose(self) -> str:
        """Of whom the password is, behind that word."""
        account = self.values.get("username")
        at = f" at {one_line(self.host, 80)}" if self.host else ""
        return f" of {one_line(account, 80)}{at}" if account else at
