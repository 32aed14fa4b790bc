"""What may stand where in a call, for a shell that completes: read off the tables of commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.options import OPTIONS, Option
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FIELDS, FieldKind


class WordKind(StrEnum):
    """What a shell looks up itself."""

    FILES = "files"
    TOML = "toml"
    UNITS = "units"
    ASSIGNMENTS = "assignments"
    TABLES = "tables"


@record(kw_only=True)
class Slot:
    """What may stand in one place: these words, each with what it means, or things to look up.

    `command` is the one that it is true of alone; behind an option of several it may differ.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    things: WordKind | None = None
    repeats: bool = False
    command: str = ""


def positions(command: Command) -> list[Slot]:
    """Return what the words of a command are, as its line in the help shows them."""
    line = command.words.removeprefix(command.name)
    line = re.sub(r"\[--[^\]]*\]", "", line)
    line = re.split(r"\s\|\s|\s--", line)[0]
    return [_slot(word, "…" in word) for word in line.translate({91: None, 93: None}).split()]


def value_of(option: Option) -> Slot | None:
    """Return what stands behind an option; None where nothing does."""
    metavar = option.extra.get("metavar")
    if metavar is None:
        return None
    if option.name == "from":  # elsewhere an address, which nobody can complete
        return Slot(words=_known("FORMAT"), command="import")
    slot = _slot(metavar, False)
    return Slot(things=WordKind.FILES) if slot.things is WordKind.TOML else slot


def options_of(command: Command) -> list[Option]:
    """Return the options of a command."""
    return [option for option in OPTIONS if option.name in command.options]


def command_words() -> tuple[Command, ...]:
    """Return all that can be called, the form first."""
    return (FORM, *COMMANDS)


def choices() -> dict[str, tuple[str, ...]]:
    """Return the values of the settings that have few, by key."""
    found = {}
    for one in FIELDS:
        if one.kind is FieldKind.CHOICE:
            found[one.key] = tuple(map(str, one.choices))
        elif one.kind is FieldKind.SWITCH:
            found[one.key] = ("true", "false")
    return found


def keys() -> dict[str, str]:
    """Return every setting's label by its key."""
    return {key: one.label for key, one in BY_KEY.items()}


def _slot(metavar: str, repeats: bool) -> Slot:
    name = metavar.rstrip("…")
    match name:
        case "FILE":
            return Slot(things=WordKind.TOML, repeats=repeats)
        case "FILE|-":
            return Slot(things=WordKind.FILES)
        case "KEY":
            return Slot(words=keys(), repeats=repeats)
        case "KEY=VALUE":
            return Slot(things=WordKind.ASSIGNMENTS, repeats=repeats)
        case "PATH":
            return Slot(things=WordKind.TABLES)
        case "UNIT":
            return Slot(things=WordKind.UNITS)
        case _ if name == name.lower():
            return Slot(words=dict.fromkeys(name.split("|"), ""))
        case _:
            return Slot(words=_known(name))


def _known(metavar: str) -> dict[str, str]:
    """Return the words that a metavar stands for, where there is a list of them."""
    match metavar:
        case "FORMAT":
            from smtp_tui.interchange.spec import formats

            return {name: one.title for name, one in formats().items()}
        case "STYLE":
            from smtp_tui.interchange.spec import QUOTINGS

            return dict.fromkeys(QUOTINGS, "")
        case "NAME":
            from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
            from smtp_tui.config.dialects.spec import PLAIN

            names = {one.name: one.application for one in all_headers(user_dialects_folder())[0]}
            return {**names, PLAIN: "the keys of no application"}
        case "ID":
            from smtp_tui.providers.known import providers

            return {one.id: one.name for one in providers()}
        case "PLACE":
            return dict.fromkeys(("keyring", "keyring=", "file=", "env=", "literal", "ask"), "")
        case _:
            return {}
