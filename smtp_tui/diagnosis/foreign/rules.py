"""The rules by which an error text is recognised, as they stand in `errors.toml`."""

from __future__ import annotations

import re
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from smtp_tui.diagnosis.texts import loaded
from smtp_tui.providers.provenance import KEYS
from smtp_tui.records import record

Span = tuple[int, int]

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


@record(kw_only=True)
class Rule:
    """A rule of `errors.toml`, ready to be tried on a text in lower case."""

    find: re.Pattern[str]
    cause: str
    also: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    vague: bool = False
    program: str = ""
    why: str = ""
    cure: str = ""
    field: str = ""
    value: str | int | None = None

    def span_in(self, low: str) -> Span | None:
        """Return where the rule fits, or None."""
        match = self.find.search(low)
        if match is None:
            return None
        if self.also is not None and self.also.search(low) is None:
            return None
        if self.unless is not None and self.unless.search(low) is not None:
            return None
        return match.span()


@record(kw_only=True)
class Place:
    """How to tell what an SMTP reply in a text answers."""

    near: re.Pattern[str]
    code: re.Pattern[str]
    enhanced: re.Pattern[str]
    stage: str
    command: str


@record(kw_only=True)
class Worded:
    """A server's words that are known without their code."""

    find: re.Pattern[str]
    code: int
    enhanced: str = ""
    stage: str = ""
    command: str = ""


def lowered(text: str) -> str:
    """Return the text with A to Z in lower case, its places unchanged.

    Patterns that need not ignore case are several times quicker; `str.lower` may lengthen a text.
    """
    return text.translate(_LOWER)


@cache
def error_rules() -> tuple[Rule, ...]:
    """Return the rules in the order to try."""
    return tuple(Rule(**_compiled(entry, "find", "also", "unless")) for entry in _entries("rule"))


@cache
def places() -> tuple[Place, ...]:
    """Return what a reply may answer, in the order to try; the last fits always."""
    anything = {"near": "", "code": "", "enhanced": ""}
    made = (_compiled({**anything, **entry}, *anything) for entry in _entries("place"))
    return tuple(Place(**entry) for entry in made)


@cache
def worded() -> tuple[Worded, ...]:
    """Return the words of servers that are known without a code."""
    return tuple(Worded(**_compiled(entry, "find")) for entry in _entries("worded"))


@cache
def _data() -> dict[str, list[dict[str, Any]]]:
    return loaded("foreign/errors.toml")


def _entries(name: str) -> list[dict[str, Any]]:
    """Return a kind of entry without its sources, which are for those who keep the file."""
    return [{key: part for key, part in one.items() if key not in KEYS} for one in _data()[name]]


def _compiled(entry: dict[str, Any], *patterns: str) -> dict[str, Any]:
    made = {key: re.compile(entry[key], re.MULTILINE) for key in patterns if key in entry}
    return {**entry, **made}
