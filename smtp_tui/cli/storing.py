"""`smtp-tui password set`: a new password to its place, or the present one to another place."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from smtp_tui.checks.status import BY_STAGE, PASSED
from smtp_tui.cli.calls import UsageError
from smtp_tui.cli.changing import PRIVATE, naming_in_place, save
from smtp_tui.cli.handover import asked_twice, handed_over, hands_over
from smtp_tui.cli.leftovers import tell_of_leftovers
from smtp_tui.cli.opening import warn_of_readers
from smtp_tui.cli.output import complain, tell
from smtp_tui.cli.places import PLACES, parsed_place
from smtp_tui.cli.tables import PATIENCE, Table
from smtp_tui.config.errors import DocumentError, PasswordError
from smtp_tui.config.keeping import Place, keep
from smtp_tui.config.wording import one_line
from smtp_tui.config.writing import Manner
from smtp_tui.settings.sources import Ask, Keyring, Literal, PasswordSource, source_as_toml


def store(table: Table, options: Namespace) -> int:
    """Store a password and only then say so; move it where the call names another place."""
    if options.keep_in is None:
        return _store_anew(table, options)
    place = table.place(parsed_place(options.keep_in, table.host))
    # What the file cannot take must show before anything is stored.
    table.document.changed(table.name, {"password": source_as_toml(place.source)})
    with naming_in_place():
        table.document.refuse_unwritable(_manner(options))
    if place.refusal is not None:
        return _only_name(table, place, options)
    old = table.source
    if hands_over(options):
        secret = handed_over(options, table.whose)
    elif old is None or isinstance(old, Ask):
        secret = asked_twice(table.whose)
    else:
        secret = asyncio.run(table.place(old).fetched(PATIENCE))
    return _store(table, place, secret, old, options)


def _store_anew(table: Table, options: Namespace) -> int:
    source = table.source
    if source is None:
        raise UsageError(
            f"{one_line(table.file)} does not say where to keep the password; "
            f"name a place with --keep-in: {PLACES}"
        )
    place = table.place(source)
    if place.refusal is not None:
        raise PasswordError(f"the password was not stored: {place.refusal}")
    secret = handed_over(options, table.whose) if hands_over(options) else asked_twice(table.whose)
    return _store(table, place, secret, source, options)


def _only_name(table: Table, place: Place, options: Namespace) -> int:
    """Name a place in the settings that somebody else fills, once the password is there."""
    if hands_over(options):
        raise PasswordError(f"the password was not stored: {place.refusal}")
    if not isinstance(place.source, Ask):
        try:
            asyncio.run(place.fetched(PATIENCE))
        except PasswordError as error:
            raise PasswordError(
                f"nothing was changed, because the password is not there yet: {error}; "
                f"{place.refusal}"
            ) from None
    old = table.source
    _save(table, source_as_toml(place.source), options)
    tell(f"{one_line(table.file)} now names the place of the password: {place}")
    tell_of_leftovers(table, place, old)
    return PASSED


def _store(
    table: Table, place: Place, secret: str, old: PasswordSource | None, options: Namespace
) -> int:
    if isinstance(place.source, Literal):
        _save(table, secret, options)
        tell(f"stored: the password{table.whose} in {one_line(table.file)}")
        warn_of_readers(Path(table.file), PRIVATE)
    else:
        refused = asyncio.run(keep(place, secret, PATIENCE))
        if refused is not None:
            return _not_kept(table, place, refused)
        try:
            _save(table, source_as_toml(place.source), options)
        except DocumentError as error:
            raise DocumentError(f"{place} has the password, but {error}") from None
        tell(f"stored: the password{table.whose} in {place}")
    tell_of_leftovers(table, place, old, secret)
    return PASSED


def _save(table: Table, raw: object, options: Namespace) -> None:
    """Write the place, or the password itself; never with a backup, which would keep the old."""
    save(table.document, table.name, {"password": raw}, _manner(options))


def _manner(options: Namespace) -> Manner:
    return Manner(in_place=options.in_place, private=options.private, tell=complain)


def _not_kept(table: Table, place: Place, refused: PasswordError) -> int:
    """Say why; where no keyring can be used at all, also which were looked for, and what works."""
    complain(str(refused))
    if isinstance(place.source, Keyring):
        from shlex import quote

        from smtp_tui.config.guidance import looked_for, ways
        from smtp_tui.config.keyrings import keyring_state

        if asyncio.run(keyring_state()) is not None:
            complain(looked_for())
            call = f"smtp-tui password set {quote(table.file)}"
            for way in ways():
                complain(f"this works here: {call} --keep-in {way}")
    return BY_STAGE["password"]
