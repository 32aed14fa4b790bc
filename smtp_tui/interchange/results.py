"""Define the results and errors of imports and exports."""

from __future__ import annotations

import tomllib
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.records import record


class InterchangeError(Exception):
    """The text is not in the format, or a value does not fit; one line, no secrets."""


class MissingLibraryError(InterchangeError):
    """A library for this format is missing; the message says how to get it."""


class QuotingError(InterchangeError):
    """A quoting was given for a format without `.env` files."""


class AccountError(InterchangeError):
    """The text lacks the given account, or its format has no accounts."""


@record
class ImportNote:
    """A note on the setting `key`, which is empty if the note is on no single setting.

    `weakens` marks a note that mail or password is less protected than the settings ask.
    """

    key: str
    text: str
    weakens: bool = False

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


@record
class UnsupportedSetting:
    """A setting of the other program that was not understood, and why; never its value."""

    name: str
    line: int | None
    why: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [self.name] if self.name else []
        return f"{', '.join(place)}: {self.why}" if place else self.why


@record
class Imported:
    """The imported raw values, as in TOML, and remarks on them.

    `found` names the keys whose values the text has; the others follow from them, or are the
    program's defaults. `why` is a text on why this format was chosen.
    """

    format: str
    values: dict[str, Any] = field(repr=False)
    found: frozenset[str] = frozenset()
    unread: tuple[UnsupportedSetting, ...] = ()
    remarks: tuple[ImportNote, ...] = ()
    why: str = ""


@record
class Exported:
    """A text in another program's format, and notes on what that program does differently."""

    format: str
    text: str = field(repr=False)
    notes: tuple[ImportNote, ...] = ()


# Characters of a file's content that a text quotes; no real name or list is longer.
_LONGEST = 400


def text(identity: str, /, **names: object) -> str:
    """Return a text with its placeholders filled in."""
    for name, value in names.items():
        if isinstance(value, str) and len(value) > _LONGEST:
            names[name] = f"{value[:_LONGEST]}…"
    return _texts()[identity].format(**names)


@cache
def _texts() -> dict[str, str]:
    source = Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
    return {
        identity: template
        for group in tomllib.loads(source).values()
        for identity, template in group.items()
    }
