"""Changes of our keys, made in the words of a file's own table: translated, edited, and proved.

Whatever is written is read back: what was stated must come out as stated, and what was given and
not to change as it was. Several keys may say one thing (`modes`), and an application's defaults
move with them; where no way of saying it does all that, the change is refused. A check only reads:
`document` loads this module, and with it the editor, for a change alone.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects.codecs import UnknownValue, UnsupportedValue
from smtp_tui.config.dialects.decode import DialectTable, decode, same_word
from smtp_tui.config.dialects.plain import NAMES, PlainTable
from smtp_tui.config.dialects.spec import Dialect, KeyLocation, ModeRule
from smtp_tui.config.errors import DocumentError, NotExpressibleError, one_line
from smtp_tui.config.file_reader import excess
from smtp_tui.config.tablepath import ROOT, Changes, Table, TablePath
from smtp_tui.config.toml_edit import edit
from smtp_tui.config.toml_edit.layout import TableLayout
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import equivalent

_ENCRYPTION, _AUTO, _LOGIN = "encryption", "starttls_auto", "authentication"

Data = dict[str, Any]


def change_table(
    table: PlainTable | DialectTable, text: str, data: Data, path: TablePath, changes: Changes
) -> tuple[str, Data]:
    """Return a text, and what it means, with `changes` of our keys made to the table at `path`.

    `table` is that table's reader, which knows the words it is in. NotExpressibleError where these
    cannot say one; DocumentError where the text cannot be edited, or the outcome is not exactly
    what was wanted.
    """

    def held(path: TablePath) -> Table:
        try:
            found: Table = tablepath.get(data, path)
        except KeyError:
            return {}
        return found

    if isinstance(table, PlainTable):
        own = table.changes(changes)
        # Only a new key can have another name in a comment; a search costs nothing else.
        if own.keys() - held(path).keys():
            own = _in_its_words(text, path, held(path), own)
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


def _in_its_words(text: str, path: TablePath, values: Table, changes: Changes) -> dict[str, object]:
    """Return the changes of a table with its own names for the keys that it only shows so far."""
    # A table with `smtp_host` and `#smtp_port =` has a place for the port, and it is not `port`.
    table = TableLayout(text, path)
    prefix = table.prefix(table.members[-1]) if table.members else ""

    def own_name(key: str, value: object) -> str:
        if value is None or key in values or edit.insertion_point(table, key, prefix):
            return key
        shown = [name for name in NAMES.get(key, ()) if edit.insertion_point(table, name, prefix)]
        if len(shown) != 1:
            return key
        after = PlainTable({**values, shown[0]: value}).values
        return shown[0] if equivalent(key, after.get(key), value) else key

    return {own_name(key, value): value for key, value in changes.items()}


def _differences(
    path: TablePath, old: Table, new: Table, section: TablePath
) -> Iterator[tuple[TablePath, dict[str, object]]]:
    """Yield each table's changed keys, None for one that goes."""
    # A new table gets a header of its own, but not inside the one at `section`: there it stands in
    # its holder, between braces.
    changes: dict[str, object] = {key: None for key in old if key not in new}
    inner: list[tuple[TablePath, dict[str, object]]] = []
    for key, value in new.items():
        before = old.get(key)
        here = (*path, key)
        # What did not change keeps its very spelling.
        if before is not None and edit.same_data(before, value):
            continue
        inside = len(here) > len(section) and here[: len(section)] == section
        entered = isinstance(before, dict) or (before is None and not inside)
        if isinstance(value, dict) and entered:
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


def encode(old: DialectTable, changes: Changes) -> Data:
    """Return the file's data with `changes` of our keys made to a table, None removes.

    NotExpressibleError where the application has no setting for them.
    """
    dialect = old.dialect
    wanted: dict[str, object] = {}
    for key, value in changes.items():
        is_same = equivalent(key, old.values.get(key), value)
        if is_same or (value is None and key not in old.given):
            continue
        if key in dialect.limits or key not in BY_KEY:
            raise _refusal(dialect, key, dialect.limits.get(key, "it has no such setting."))
        if value is not None and BY_KEY[key].kind in (FieldKind.CHOICE, FieldKind.SWITCH):
            parsed = BY_KEY[key].parse(value)
            value = parsed if isinstance(parsed, bool) else str(parsed)
        wanted[key] = value
    if not wanted:
        return old.data
    table = _copied(old)
    _choose_variant(table, old, wanted)
    _put_all(table, wanted)
    if any(key in wanted and wanted[key] is None for key in dialect.mode_keys):
        # What the modes speak of is left to the application's defaults.
        for key in {key for mode in dialect.modes for key in mode.when}:
            if not key.startswith(":") and key not in dialect.own_keys and table.has(key):
                table.put(key, None)
    # What was stated without a change counts too: its default may move with a mode.
    stated = {key: value for key, value in changes.items() if value is not None} | wanted
    table = _with_mode(table, old, wanted, stated)
    for part in table.missing_parts:
        raise _refusal(dialect, part, dialect.notes.get(part, f"it requires the {part}"))
    return table.data


def _copied(table: DialectTable) -> DialectTable:
    # What is tried on the way must not reach the document's own data.
    return DialectTable(table.dialect, copy.deepcopy(table.data), table.path)


def _choose_variant(table: DialectTable, old: DialectTable, wanted: dict[str, object]) -> None:
    """Choose the table of another mechanism, and have user name and password follow it there."""
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


def _put_all(table: DialectTable, wanted: Changes) -> None:
    for key in table.dialect.settings:
        if key in wanted:
            try:
                _put(table, key, wanted[key])
            except (UnsupportedValue, UnknownValue) as error:
                raise _refusal(table.dialect, key, str(error)) from None


def _put(table: DialectTable, key: str, value: object) -> None:
    """Put a setting to the first place that can hold it, and take it away from the others."""
    places = table.places(key)
    used = [place.key for place in places if table.get(place.key) is not None]
    folders = {key.rpartition(".")[0] for key in used if "." in key}

    def rank(place: KeyLocation) -> int:
        """Sort a place that is in use before one next to such a place, and that before others."""
        return 0 if place.key in used else 1 if place.key.rpartition(".")[0] in folders else 2

    reasons = []
    chosen = None
    for place in sorted(places, key=rank) if value is not None else ():
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
            # The URL would be lost, and with it a login that no field of ours shows.
            if key == "host" and isinstance(old, str) and "://" in old:
                raise UnsupportedValue(
                    f"{place.key} holds a URL, which may hold a login too; put the hostname "
                    "there in an editor"
                )
            # A number may stand in quotes there, and the application reads nothing else.
            written = toml_value_like(old, written)
        table.put(place.key, written)
        break
    if value is not None and chosen is None:
        reason = "; ".join(reasons) or "it has no place for that without a login mechanism"
        raise UnsupportedValue(f"{reason}.")
    for place in places:
        if place is not chosen and table.get(place.key) is not None:
            table.put(place.key, None)
            if place.label:
                table.put(place.label, None)


def _with_mode(
    table: DialectTable, old: DialectTable, wanted: Changes, stated: Changes
) -> DialectTable:
    """Return the table in which all comes out as stated, the mode chosen for it."""
    # `wanted` are those of the stated settings that mean something else in `old`.
    dialect = table.dialect
    desired = {**{key: old.values[key] for key in old.given}, **stated}
    encryption = desired.get(_ENCRYPTION, old.values.get(_ENCRYPTION))
    # STARTTLS where offered means nothing beside the other encryptions.
    if not equivalent(_ENCRYPTION, encryption, "none") and not stated.get(_AUTO):
        desired.pop(_AUTO, None)
    if not (wrong := _left_wrong(table, desired, stated)):
        return table
    for mode in _candidates(dialect, desired):
        trial = _copied(table)
        try:
            for key, word in mode.when.items():
                if not same_word(trial.effective(key), word):
                    trial.put(key, None if word == "" else word)
        except (UnsupportedValue, UnknownValue):
            continue
        if not _left_wrong(trial, desired, stated):
            return trial
    # What was wanted cannot be, or something else would change with it.
    blamed = [key for key in wrong if key in wanted]
    # Several applications choose the encryption by the port: it is the likelier culprit.
    blamed += [key for key in wanted if key in dialect.notes or key == "port"]
    key = next(iter((*blamed, *wanted)))
    reason = f"it would also change the {BY_KEY[wrong[0]].label}"
    if key in wrong:
        alone = "STARTTLS where offered goes with encryption none only: set both"
        reason = alone if key == _AUTO else "it cannot have this together with the other settings"
    raise _refusal(dialect, key, dialect.notes.get(key, dialect.notes.get(wrong[0], reason)))


def _left_wrong(table: DialectTable, desired: Changes, stated: Changes) -> list[str]:
    """Write what was a default and no longer is, and list what is wrong even so."""
    moved = [key for key in _differing(table, desired) if key in stated]
    with contextlib.suppress(NotExpressibleError):
        _put_all(table, {key: stated[key] for key in moved})
    return _differing(table, desired)


def _differing(table: DialectTable, desired: Changes) -> list[str]:
    """List the settings that do not come out as desired."""
    values, given = decode(table)
    values = {_AUTO: False, **values}

    def is_met(key: str, value: object) -> bool:
        return key not in given if value is None else equivalent(key, values.get(key), value)

    return [key for key, value in desired.items() if not is_met(key, value)]


def _candidates(dialect: Dialect, desired: Changes) -> Iterator[ModeRule]:
    """Yield the modes that say what is desired, those first that say no more than that."""

    def agrees(mode: ModeRule, key: str, lenient: bool) -> bool:
        have = mode.ours.get(key, False if key == _AUTO else None)
        if desired.get(key) is None:
            return lenient or not have or key != _AUTO
        return equivalent(key, have, desired[key])

    for lenient in (False, True):
        for mode in dialect.modes:
            if all(agrees(mode, key, lenient) for key in dialect.mode_keys):
                yield mode


def _refusal(dialect: Dialect, key: str, why: str) -> NotExpressibleError:
    label = f"{BY_KEY[key].label} ({key})" if key in BY_KEY else one_line(key, 40)
    name = dialect.head.application
    text = f"{label} cannot have this value in a file of {name}: {why.rstrip('.')}"
    return NotExpressibleError(text, key)
