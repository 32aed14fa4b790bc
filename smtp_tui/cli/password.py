"""The place of a password as `--keep-in` names it.

Where else a password still stands after it was stored: told, and not removed.

`smtp-tui password set`: a new password to its place, or the present one to another place.

`smtp-tui password`: keep the password of a table, see whether it is there, forget it.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from smtp_tui.checks.exit_status import BY_STAGE, PASSED
from smtp_tui.cli.edit import (
    PRIVATE,
    naming_in_place,
    open_table,
    read_pairs,
    save_document,
    tell_notes,
    warn_of_readers,
)
from smtp_tui.cli.output import PATIENCE, TextTable, print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.password_prompt import asked_twice, handed_over, hands_over
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.errors import DocumentError, PasswordError, one_line
from smtp_tui.config.password_store import PasswordStore, forget_kept, keep_password
from smtp_tui.settings.password_sources import (
    Ask,
    Environment,
    File,
    Keyring,
    Literal,
    PasswordSource,
    own_entry,
    parse_source,
    source_as_toml,
)

PLACES = "keyring, keyring=SERVICE, file=PATH, env=NAME, literal, ask, or '{command=[…]}'"


def parsed_place(text: str, host: str) -> PasswordSource:
    """Read a place; a literal holds nothing yet. UsageError if it is none."""
    if text.lstrip().startswith("{"):
        values, faults = read_pairs([f"password={text.strip()}"])
        if faults:
            raise _none()
        return _checked(values["password"])
    match text.strip().partition("="):
        case "keyring", "", "":
            return own_entry(host)
        case ("keyring" | "file" | "env") as kind, "=", where:
            return _checked({kind: where})
        case "literal", "", "":
            return Literal("")
        case "ask", "", "":
            return Ask()
        case _:
            raise _none()


def _checked(raw: object) -> PasswordSource:
    try:
        return parse_source(raw)
    except ValueError:
        raise _none() from None


def _none() -> UsageError:
    return UsageError(f"--keep-in accepts {PLACES}")


def report_stale_copies(
    table: TextTable, place: PasswordStore, old: PasswordSource | None, secret: str = ""
) -> None:
    """Name the place that had it before, which others may use, and a backup of the file."""
    if isinstance(old, Keyring | File | Environment) and old != place.source:
        print_error(
            f"note: {table.place(old)} still holds the old password; "
            "remove it if nothing else uses it"
        )
    backup = table.document.path.with_name(f"{table.document.path.name}~")
    words = {secret, old.value if isinstance(old, Literal) else ""} - {""}
    try:
        kept = backup.read_text("utf-8", "replace")
    except OSError:
        return
    if any(word in kept for word in words):
        print_error(f"warning: the backup {one_line(backup)} contains the password too; remove it")


def store_new_password(table: TextTable, options: Namespace) -> int:
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


def _store_anew(table: TextTable, options: Namespace) -> int:
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


def _only_name(table: TextTable, place: PasswordStore, options: Namespace) -> int:
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
    print_line(f"{one_line(table.file)} now names the place of the password: {place}")
    report_stale_copies(table, place, old)
    return PASSED


def _store(
    table: TextTable,
    place: PasswordStore,
    secret: str,
    old: PasswordSource | None,
    options: Namespace,
) -> int:
    if isinstance(place.source, Literal):
        _save(table, secret, options)
        print_line(f"stored: the password{table.whose} in {one_line(table.file)}")
        warn_of_readers(Path(table.file), PRIVATE)
    else:
        refused = asyncio.run(keep_password(place, secret, PATIENCE))
        if refused is not None:
            return _not_kept(table, place, refused)
        try:
            _save(table, source_as_toml(place.source), options)
        except DocumentError as error:
            raise DocumentError(f"{place} has the password, but {error}") from None
        print_line(f"stored: the password{table.whose} in {place}")
    report_stale_copies(table, place, old, secret)
    return PASSED


def _save(table: TextTable, raw: object, options: Namespace) -> None:
    """Write the place, or the password itself; never with a backup, which would keep the old."""
    save_document(table.document, table.name, {"password": raw}, _manner(options))


def _manner(options: Namespace) -> WriteOptions:
    return WriteOptions(in_place=options.in_place, private=options.private, tell=print_error)


def _not_kept(table: TextTable, place: PasswordStore, refused: PasswordError) -> int:
    """Say why; where no keyring can be used at all, also which were looked for, and what works."""
    print_error(str(refused))
    if isinstance(place.source, Keyring):
        from shlex import quote

        from smtp_tui.config.keyring_backend import keyring_state, looked_for, ways

        if asyncio.run(keyring_state()) is not None:
            print_error(looked_for())
            call = f"smtp-tui password set {quote(table.file)}"
            for way in ways():
                print_error(f"this works here: {call} --keep-in {way}")
    return BY_STAGE["password"]


# rf

_FOR_SET = ("password_stdin", "password_fd", "ask_password", "keep_in", "private")


def password(call: Invocation) -> int:
    """Do to the password what the first word says; 4 where that fails."""
    deed, *words = call.words
    deeds = {"set": store_new_password, "test": _test, "forget": _forget}
    if deed not in deeds:
        raise UsageError(f"usage: smtp-tui {call.command.words}")
    given = [name for name in _FOR_SET if getattr(call.options, name) not in (None, False)]
    if given and deed != "set":
        raise UsageError(f"--{given[0].replace('_', '-')} works only with password set")
    file, document, name = open_table(words, call.options.table, call.options.dialect)
    tell_notes(document, name)
    try:
        return deeds[deed](TextTable(file, document, name), call.options)
    except PasswordError as error:
        print_error(str(error))
        return BY_STAGE["password"]


def _test(table: TextTable, _options: Namespace) -> int:
    """Fetch the password, and say no more of it than that it is there."""
    place = table.place(_named(table))
    asyncio.run(place.fetched(PATIENCE))
    print_line(f"found the password{table.whose} in {place}")
    match place.source:
        case Literal():
            warn_of_readers(table.document.path)
        case File():
            warn_of_readers(place.path)
        case _:
            pass
    return PASSED


def _forget(table: TextTable, options: Namespace) -> int:
    """Take the password away from where it is kept; the place itself stays in the settings."""
    source = _named(table)
    place = table.place(source)
    if place.refusal is not None:
        raise PasswordError(f"the password{table.whose} was not removed: {place.refusal}")
    if isinstance(source, Literal):
        manner = WriteOptions(in_place=options.in_place, tell=print_error)
        save_document(table.document, table.name, {"password": None}, manner)
    else:
        asyncio.run(forget_kept(place))
    print_line(f"removed: the password{table.whose} from {place}")
    return PASSED


def _named(table: TextTable) -> PasswordSource:
    source = table.source
    if source is None:
        raise PasswordError(
            f"{one_line(table.file)} names no password; store one with smtp-tui password set"
        )
    if isinstance(source, Ask):
        raise PasswordError("the settings say to ask for the password, so it is stored nowhere")
    return source
