"""Which program an error comes from, and what that program calls our fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from smtp_tui.diagnosis.texts import loaded
from smtp_tui.providers.provenance import KEYS
from smtp_tui.records import record

# What is no setting of the program.
_ABOUT = KEYS | {"name", "find"}


@record
class Program:
    """A program of `programs.toml`: its name, and its own words for our fields."""

    name: str
    find: re.Pattern[str]
    words: Mapping[str, str]

    def spelling(self, field: str | None, value: object) -> str | None:
        """Return what the program calls a field with this value, else the field alone."""
        if field is None:
            return None
        return self.words.get(f"{field}={value}") or self.words.get(field)


def program_in(low: str, known: str = "") -> Program | None:
    """Return the program that a text in lower case comes from.

    `known` is the one whose words were recognised. It is often a library: a program around it that
    the text names too knows better what its own settings are called.
    """
    for program in programs().values():
        if program.find.search(low):
            return program
    return programs().get(known)


@cache
def programs() -> dict[str, Program]:
    """Return the programs by id, in the order to try."""
    return {id_: _program(entry) for id_, entry in loaded("foreign/programs.toml").items()}


def _program(entry: dict[str, str]) -> Program:
    words = {key: text for key, text in entry.items() if key not in _ABOUT}
    return Program(entry["name"], re.compile(entry["find"], re.MULTILINE), words)
