"""Translate changes of our keys to a table's own keys, edit the text and verify the result.

The result is decoded again: stated settings must have their new values, and all others that the
file sets must keep theirs. Several keys may set one thing together (`modes`), and the application's
defaults depend on them; a change that no mode can express is rejected. Checks only read, so
`document` imports this module, and with it the editor, only for a change.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects.codecs import CODECS, UnknownValue, UnsupportedValue
from smtp_tui.config.dialects.decode import DialectTomlTable, decode, same_word
from smtp_tui.config.dialects.plain import NAMES, PlainTomlTable
from smtp_tui.config.dialects.spec import CombinedTomlKeys, Dialect, DialectKeyLocation
from smtp_tui.config.errors import DocumentError, NotExpressibleError, one_line
from smtp_tui.config.file_reader import excess
from smtp_tui.config.tablepath import ROOT, Changes, Table, TablePath
from smtp_tui.config.toml_edit import edit
from smtp_tui.config.toml_edit.layout import TomlTableLayout
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import equivalent

_ENCRYPTION, _AUTO, _LOGIN = "encryption", "starttls_auto", "authentication"

Data = dict[str, Any]


def change_table(
    table: PlainTomlTable | DialectTomlTable,
    text: str,
    data: Data,
    path: TablePath,
    changes: Changes,
) -> tuple[str, Data]:
    """Return the new text and data after `changes` of our keys to the table at `path`.

    `table` is that table's reader. NotExpressibleError if its keys cannot express a value;
    DocumentError if the text cannot be edited or the result is not exactly as wanted.
    """

    def held(path: TablePath) -> Table:
        try:
            found: Table = tablepath.get(data, path)
        except KeyError:
            return {}
        return found

    if isinstance(table, PlainTomlTable):
        own = table.changes(changes)
        # Only a new key can have another name in a comment, so skip the search for others.
        if own.keys() - held(path).keys():
            own = _use_commented_names(text, path, held(path), own)
        groups = [(path, own)] if own else []
    else:
        groups = list(_differences(ROOT, data, encode(table, changes), path))
    for place, wanted in groups:
        try:
            new = edit.apply_edits(text, place, held(place), wanted)
            new.encode("utf-8")
        except UnicodeEncodeError:
            raise DocumentError(
                "a value contains a character that UTF-8 cannot encode; type it again"
            ) from None
        if too_much := excess(new):
            raise DocumentError(f"it would contain {too_much}")
        text, data = new, edit.verify_edit(text, new, data, place, wanted)
    return text, data


def _use_commented_names(
    text: str, path: TablePath, values: Table, changes: Changes
) -> dict[str, object]:
    """Return the changes with new keys named as in the table's comments."""
    # A table with `smtp_host` and `#smtp_port =` calls the port `smtp_port`, not `port`.
    table = TomlTableLayout(text, path)
    prefix = table.prefix(table.members[-1]) if table.members else ""

    def own_name(key: str, value: object) -> str:
        if value is None or key in values or edit.insertion_point(table, key, prefix):
            return key
        shown = [name for name in NAMES.get(key, ()) if edit.insertion_point(table, name, prefix)]
        if len(shown) != 1:
            return key
        after = PlainTomlTable({**values, shown[0]: value}).values
        return shown[0] if equivalent(key, after.get(key), value) else key

    return {own_name(key, value): value for key, value in changes.items()}


def _differences(
    path: TablePath, old: Table, new: Table, section: TablePath
) -> Iterator[tuple[TablePath, dict[str, object]]]:
    """Yield each table's changed keys, with None for a removed key."""
    # A new table gets a header of its own; below the table at `section` it becomes an inline table.
    changes: dict[str, object] = {key: None for key in old if key not in new}
    inner: list[tuple[TablePath, dict[str, object]]] = []
    for key, value in new.items():
        before = old.get(key)
        here = (*path, key)
        # An unchanged value keeps its exact spelling.
        if before is not None and edit.same_data(before, value):
            continue
        is_nested = len(here) > len(section) and here[: len(section)] == section
        is_section = isinstance(before, dict) or (before is None and not is_nested)
        if isinstance(value, dict) and is_section:
            inner += _differences(here, before or {}, value, section)
        elif isinstance(value, list) and isinstance(before, list) and len(value) == len(before):
            for index, (was, now) in enumerate(zip(before, value, strict=True)):
                if isinstance(was, dict) and isinstance(now, dict):
                    inner += _differences((*here, index), was, now, section)
        else:
            changes[key] = value
    if changes:
        yield path, changes
    yield from inner


def encode(old: DialectTomlTable, changes: Changes) -> Data:
    """Return the file's data with `changes` of our keys made to a table; None removes a key.

    NotExpressibleError if the application cannot express them.
    """
    dialect = old.dialect
    wanted: dict[str, object] = {}
    for key, value in changes.items():
        is_unchanged = equivalent(key, old.values.get(key), value)
        if is_unchanged or (value is None and key not in old.given):
            continue
        if key in dialect.limits or key not in BY_KEY:
            raise _refusal(dialect, key, dialect.limits.get(key, "it has no such setting."))
        if value is not None and BY_KEY[key].kind in (FieldKind.CHOICE, FieldKind.SWITCH):
            parsed = BY_KEY[key].parse(value)
            value = parsed if isinstance(parsed, bool) else str(parsed)
        wanted[key] = value
    if not wanted:
        return old.data
    table = _copy(old)
    _choose_variant(table, old, wanted)
    _put_all(table, wanted)
    if any(key in wanted and wanted[key] is None for key in dialect.mode_keys):
        # Remove the modes' keys, so that the application's defaults apply.
        for key in {key for mode in dialect.modes for key in mode.when}:
            if not key.startswith(":") and key not in dialect.own_keys and table.has(key):
                table.put(key, None)
    # Settings stated without a change count too: a mode may change their defaults.
    stated = {key: value for key, value in changes.items() if value is not None} | wanted
    table = _with_mode(table, old, wanted, stated)
    for part in table.missing_parts:
        raise _refusal(dialect, part, dialect.notes.get(part, f"it requires the {part}"))
    return table.data


def _copy(table: DialectTomlTable) -> DialectTomlTable:
    # Attempts must not change the document's own data.
    return DialectTomlTable(table.dialect, copy.deepcopy(table.data), table.path)


def _choose_variant(
    table: DialectTomlTable, old: DialectTomlTable, wanted: dict[str, object]
) -> None:
    """Choose the subtable of the wanted mechanism, and move username and password there."""
    variants = table.dialect.variants
    if variants is None:
        return
    moving = [key for key, places in table.dialect.settings.items() if places[0].varies]
    if _LOGIN not in wanted:
        if table.variant is None and any(map(wanted.get, moving)):
            table.put(variants.table, None)
            table.variant = variants.first
        return
    login, variant = wanted[_LOGIN], None
    try:
        if login not in (None, "none"):
            variant = str(variants.codec.write(login))
    except UnsupportedValue as error:
        raise _refusal(table.dialect, _LOGIN, f"{variants.table} {error}.") from None
    table.put(variants.table, None)
    table.variant = variant
    for key in moving:
        if variant is not None and key in old.given:
            wanted.setdefault(key, old.values[key])


def _put_all(table: DialectTomlTable, wanted: Changes) -> None:
    for key in table.dialect.settings:
        if key in wanted:
            try:
                _put(table, key, wanted[key])
            except (UnsupportedValue, UnknownValue) as error:
                raise _refusal(table.dialect, key, str(error)) from None


def _put(table: DialectTomlTable, key: str, value: object) -> None:
    """Write a setting to the first location that can hold it, and remove it from the others."""
    places = table.places(key)
    used = [place.key for place in places if table.get(place.key) is not None]
    folders = {key.rpartition(".")[0] for key in used if "." in key}

    def rank(place: DialectKeyLocation) -> int:
        """Rank locations in use first, then those in the same tables, then all others."""
        return 0 if place.key in used else 1 if place.key.rpartition(".")[0] in folders else 2

    reasons = []
    chosen = None
    for place in sorted(places, key=rank) if value is not None else ():
        if place.needs and table.get(place.needs) is None:
            reasons.append(f"{table.name_of(place)} needs {place.needs} next to it")
            continue
        try:
            written = place.codec.write(value)
        except UnsupportedValue as error:
            reasons.append(f"{table.name_of(place)} {error}")
            continue
        chosen = place
        if place.label is not None:
            mailbox = parse_mailbox(written)
            written = mailbox.address
            table.put(place.label, mailbox.name or None)
        if not place.key.startswith(":"):
            old = table.get(place.key)
            # Replacing the URL would lose a login that none of our fields shows.
            if key == "host" and isinstance(old, str) and "://" in old:
                raise UnsupportedValue(
                    f"{place.key} holds a URL, which may hold a login too; put the hostname "
                    "there in an editor"
                )
            # If the number is quoted there, the application may accept nothing else.
            written = toml_value_like(old, written)
        table.put(place.key, written)
        break
    if value is not None and chosen is None:
        reason = "; ".join(reasons) or "it has no place for that without a login mechanism"
        if isinstance(value, dict) and "oauth" in value:
            reason = "the application cannot read a sign-in of smtp-tui"
            if any(place.codec is CODECS["command"] for place in table.dialect.settings[key]):
                reason += ', but accepts a command: { command = ["smtp-tui", "token", "FILE"] }'
        raise UnsupportedValue(f"{reason}.")
    for place in places:
        if place is not chosen and table.get(place.key) is not None:
            table.put(place.key, None)
            if place.label:
                table.put(place.label, None)


def _with_mode(
    table: DialectTomlTable, old: DialectTomlTable, wanted: Changes, stated: Changes
) -> DialectTomlTable:
    """Return the table with a mode in which all stated settings have their values."""
    # `wanted` are the stated settings that differ from `old`.
    dialect = table.dialect
    desired = {**{key: old.values[key] for key in old.given}, **stated}
    encryption = desired.get(_ENCRYPTION, old.values.get(_ENCRYPTION))
    # starttls_auto has no meaning with the other encryptions.
    if not equivalent(_ENCRYPTION, encryption, "none") and not stated.get(_AUTO):
        desired.pop(_AUTO, None)
    if not (differing := _still_differing(table, desired, stated)):
        return table
    for mode in _candidates(dialect, desired):
        attempt = _copy(table)
        try:
            for key, word in mode.when.items():
                if not same_word(attempt.effective(key), word):
                    attempt.put(key, None if word == "" else word)
        except (UnsupportedValue, UnknownValue):
            continue
        if not _still_differing(attempt, desired, stated):
            return attempt
    # The change cannot be expressed, or another setting would change with it.
    causes = [key for key in differing if key in wanted]
    # Several applications derive the encryption from the port, so it is the likelier cause.
    causes += [key for key in wanted if key in dialect.notes or key == "port"]
    key = next(iter((*causes, *wanted)))
    reason = f"it would also change the {BY_KEY[differing[0]].label}"
    if key in differing:
        hint = "STARTTLS where offered goes with encryption none only: set both"
        reason = hint if key == _AUTO else "it cannot have this together with the other settings"
    raise _refusal(dialect, key, dialect.notes.get(key, dialect.notes.get(differing[0], reason)))


def _still_differing(table: DialectTomlTable, desired: Changes, stated: Changes) -> list[str]:
    """Write stated settings whose defaults changed, and list those that still differ."""
    moved = [key for key in _differing(table, desired) if key in stated]
    with contextlib.suppress(NotExpressibleError):
        _put_all(table, {key: stated[key] for key in moved})
    return _differing(table, desired)


def _differing(table: DialectTomlTable, desired: Changes) -> list[str]:
    """List the settings that do not have their desired values."""
    values, given = decode(table)
    values = {_AUTO: False, **values}

    def is_met(key: str, value: object) -> bool:
        return key not in given if value is None else equivalent(key, values.get(key), value)

    return [key for key, value in desired.items() if not is_met(key, value)]


def _candidates(dialect: Dialect, desired: Changes) -> Iterator[CombinedTomlKeys]:
    """Yield the modes that match the desired settings, those that set no others first."""

    def agrees(mode: CombinedTomlKeys, key: str, lenient: bool) -> bool:
        value = mode.ours.get(key, False if key == _AUTO else None)
        if desired.get(key) is None:
            return lenient or not value or key != _AUTO
        return equivalent(key, value, desired[key])

    for lenient in (False, True):
        for mode in dialect.modes:
            if all(agrees(mode, key, lenient) for key in dialect.mode_keys):
                yield mode


def _refusal(dialect: Dialect, key: str, why: str) -> NotExpressibleError:
    label = f"{BY_KEY[key].label} ({key})" if key in BY_KEY else one_line(key, 40)
    name = dialect.head.application
    text = f"{label} cannot have this value in a file of {name}: {why.rstrip('.')}"
    return NotExpressibleError(text, key)
