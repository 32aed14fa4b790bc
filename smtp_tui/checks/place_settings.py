"""Find SMTP settings in the variables of a place, and compare them with those of a file."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import replace

from smtp_tui.checks.differences import FoundDifference
from smtp_tui.config.errors import one_line
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import import_variables, recognise_variables
from smtp_tui.interchange.spec import Imported, InterchangeError, format_named
from smtp_tui.places.place import Place
from smtp_tui.settings.fields import BY_KEY, FieldKind, Settings
from smtp_tui.settings.password_sources import LiteralSource
from smtp_tui.settings.validate import parse_settings

_COMPARED = ("host", "port", "encryption", "username", "password", "authentication")


class NoSettingsError(Exception):
    """The variables of a place hold no settings that can be read; the text is one line."""


def settings_of(place: Place, format: str | None = None) -> Imported:
    """Return the settings in a place's variables; NoSettingsError if there are none.

    `format` names the program whose variables they are; without it, they show which.
    """
    entries, why = _entries(place), "you chose it"
    if format is None:
        image = place.container.image if place.container else ""
        found = recognise_variables(entries, image)
        if not found:
            raise NoSettingsError(
                f"the variables of {place.title} hold no SMTP settings that smtp-tui knows; "
                "name a FILE with them, or use --set host=HOST"
            )
        first, *others = found
        if not (others or found[first].is_sure or format_named(first).runs_in(image)):
            raise NoSettingsError(
                f"{place.title} has mail variables of a program that smtp-tui does not recognise; "
                f"name the program, as with --dialect {first}"
            )
        if others:
            raise NoSettingsError(
                f"the variables of {place.title} may be those of {' or '.join(found)}; "
                f"name one, as with --dialect {first}"
            )
        ((format, evidence),) = found.items()
        why = evidence.words
    try:
        imported = replace(import_variables(entries, format), why=why)
    except InterchangeError as error:
        raise NoSettingsError(f"the variables of {place.title}: {error}") from None
    if "host" not in imported.values:
        raise NoSettingsError(f"the variables of {place.title} {_why_no_host(imported)}")
    return imported


def _why_no_host(imported: Imported) -> str:
    """Return that there is no server, or what is wrong with the variable that should name it."""
    names = format_named(imported.format).hosts
    wrong = [setting for setting in imported.unread if setting.name in names]
    if not wrong:
        return "name no SMTP server"
    return f"name no usable SMTP server: {'; '.join(map(one_line, wrong))}"


def notes_on(place: Place, imported: Imported) -> Iterator[str]:
    """Yield where the settings come from, and what was not understood."""
    title = format_named(imported.format).title
    yield f"settings from the variables of {place.title}, read as {title}: {imported.why}"
    yield from map(str, imported.remarks)
    yield from (f"not understood: {setting}" for setting in imported.unread)


def other_values(place: Place, values: Mapping[str, object]) -> FoundDifference | None:
    """Return that the variables of a place have other values than a file, if they have."""
    try:
        imported = settings_of(place)
    except NoSettingsError:
        return None
    theirs, ours = parse_settings(imported.values).settings, parse_settings(values).settings
    if theirs is None or ours is None:
        return None
    found = [
        text for key in _COMPARED if key in imported.found if (text := _differs(key, ours, theirs))
    ]
    return (
        FoundDifference(id="place-variables-differ", there=", ".join(found), explains=False)
        if found
        else None
    )


def _differs(key: str, ours: Settings, theirs: Settings) -> str:
    """Return in a few words how a setting differs; empty if it does not, or if that is unknown."""
    mine, other = getattr(ours, key), getattr(theirs, key)
    if BY_KEY[key].kind is FieldKind.PASSWORD:
        # A password in another place is not read here only to be compared.
        if not (isinstance(mine, LiteralSource) and isinstance(other, LiteralSource)):
            return ""
        same = hmac.compare_digest(*(_bytes(source.value) for source in (mine, other)))
        return "" if same else "another password"
    if mine == other:
        return ""
    return f"{key} {one_line(other, 80)} instead of {one_line(mine, 80)}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _entries(place: Place) -> tuple[Assignment, ...]:
    variables = place.environment.variables.items()
    return tuple(Assignment(name, value) for name, value in variables)
