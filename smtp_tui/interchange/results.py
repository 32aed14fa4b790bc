"""What an import and an export come to; and what may stop them."""

from __future__ import annotations

import tomllib
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.records import record


class InterchangeError(Exception):
    """A text is not of its format, or a value does not fit; one line, without secrets."""


class MissingLibraryError(InterchangeError):
    """A library for this format is not installed; the text says how to get it."""


class QuotingError(InterchangeError):
    """A quoting is named, and the format is no `.env` file."""


class AccountError(InterchangeError):
    """An account is named that the text does not have, or whose format has no accounts."""


@record
class ImportNote:
    """Something to know of a setting; `key` is ours, empty where it is about no one setting.

    `weakens` marks what leaves mail or password less protected than the settings say.
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
    """Our raw values, as they would stand in TOML, and what is to be said of them.

    `found` names the keys whose values stood in the text; the others follow from them, or are that
    program's defaults. `why` says in words why the text was read in this format.
    """

    format: str
    values: dict[str, Any] = field(repr=False)
    found: frozenset[str] = frozenset()
    unread: tuple[UnsupportedSetting, ...] = ()
    remarks: tuple[ImportNote, ...] = ()
    why: str = ""


@record
class Exported:
    """A text in the other program's format, and what that program will do otherwise."""

    format: str
    text: str = field(repr=False)
    notes: tuple[ImportNote, ...] = ()


# Letters of what a file says that a text repeats; no real name or list of names is longer.
_LONGEST = 400


def text(identity: str, /, **names: object) -> str:
    """Return a text, what it speaks of filled in."""
    for name, value in names.items():
        if isinstance(value, str) and len(value) > _LONGEST:
            names[name] = f"{value[:_LONGEST]}…"
    return _texts()[identity].format(**names)


@cache
def _texts() -> dict[str, str]:
    source = Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
    return {
        identity: said
        for group in tomllib.loads(source).values()
        for identity, said in group.items()
    }
