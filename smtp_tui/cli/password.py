"""`smtp-tui password`: store, move, test or remove a table's password."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from pathlib import Path
from shlex import quote

from smtp_tui.checks.exit_status import BY_STAGE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.edit import (
    PRIVATE,
    SmtpTomlTable,
    naming_in_place,
    open_table,
    password_is_given,
    print_notes,
    warn_of_readers,
    write_options,
)
from smtp_tui.cli.parser import UsageError, read_pairs
from smtp_tui.cli.password_prompt import new_password, typed_twice
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config import keyring_backend
from smtp_tui.config.errors import DocumentError, PasswordError, one_line
from smtp_tui.config.password_store import PasswordStore, backup_with
from smtp_tui.config.paths import absolute
from smtp_tui.lazy import load
from smtp_tui.settings.password_sources import (
    AskSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    OAuthSource,
    PasswordSource,
    own_entry,
    parse_source,
    source_as_toml,
)

PLACES = "keyring, keyring=SERVICE, file=PATH, env=NAME, literal, ask, or '{command=[…]}'"

_FOR_SET = ("password_stdin", "password_fd", "ask_password", "keep_in", "private")


def password(call: Invocation) -> int:
    """Set, test or forget the password; return 4 if that fails."""
    action, *words = call.words
    actions = {"set": _set, "test": _test, "forget": _forget}
    if action not in actions:
        raise UsageError(f"usage: smtp-tui {call.command.words}")
    given = [name for name in _FOR_SET if getattr(call.options, name) not in (None, False)]
    if given and action != "set":
        raise UsageError(f"--{given[0].replace('_', '-')} works only with password set")
    table = open_table(words, call.options)
    print_notes(table)
    try:
        return actions[action](table, call.options)
    except PasswordError as error:
        print_error(str(error))
        return BY_STAGE["password"]


def _store_of(table: SmtpTomlTable, source: PasswordSource) -> PasswordStore:
    """Return the store of a table's source."""
    account = str(table.values.get("username") or "")
    file = absolute(Path(table.file))
    origin = file if source == table.source else None
    return PasswordStore(source, account, file.parent, os.environ, origin, table.host)


def fetch(table: SmtpTomlTable, source: PasswordSource) -> str:
    """Return a table's password from its source; PasswordError if that fails."""
    return asyncio.run(_store_of(table, source).fetch())


def _set(table: SmtpTomlTable, options: Namespace) -> int:
    """Store a new password, or with --keep-in move the current one to another place."""
    if options.keep_in is None:
        source = old = table.source
        if source is None:
            raise UsageError(
                f"{one_line(table.file)} does not say where to keep the password; "
                f"name a place with --keep-in: {PLACES}"
            )
        store = _store_of(table, source)
        if store.refusal is not None:
            raise PasswordError(f"the password was not stored: {store.refusal}")
    else:
        store = _store_of(table, _parse_place(options.keep_in, table.host))
        old = table.source
        # Find out what the file cannot hold before storing anything.
        table.document.changed(table.name, {"password": source_as_toml(store.source)})
        with naming_in_place():
            table.document.refuse_unwritable(write_options(options))
        if store.refusal is not None:
            return _name_only(table, store, options)
    if password_is_given(options):
        secret = new_password(options, table.owner)
    elif options.keep_in is None or old is None or isinstance(old, AskSource):
        secret = typed_twice(table.owner)
    else:
        secret = fetch(table, old)
    return _store(table, store, secret, old, options)


def _name_only(table: SmtpTomlTable, store: PasswordStore, options: Namespace) -> int:
    """Save a source that smtp-tui cannot write to, once it holds the password."""
    if password_is_given(options):
        raise PasswordError(f"the password was not stored: {store.refusal}")
    if not isinstance(store.source, AskSource):
        try:
            asyncio.run(store.fetch())
        except PasswordError as error:
            raise PasswordError(
                f"nothing was changed, because the password is not there yet: {error}; "
                f"{store.refusal}"
            ) from None
    old = table.source
    _save(table, source_as_toml(store.source), options)
    print_line(f"{one_line(table.file)} now names the place of the password: {store}")
    _report_stale_copies(table, store, old)
    return PASSED


def _store(
    table: SmtpTomlTable,
    store: PasswordStore,
    secret: str,
    old: PasswordSource | None,
    options: Namespace,
) -> int:
    if isinstance(store.source, LiteralSource):
        _save(table, secret, options)
        print_line(f"stored: the password{table.owner} in {one_line(table.file)}")
        warn_of_readers(Path(table.file), PRIVATE)
    else:
        refusal = asyncio.run(store.store(secret))
        if refusal is not None:
            print_error(str(refusal))
            is_keyring = isinstance(store.source, KeyringSource)
            # Servers without a desktop have no usable keyring; other places work there.
            if is_keyring and asyncio.run(keyring_backend.keyring_state()) is not None:
                print_error(keyring_backend.looked_for())
                call = f"smtp-tui password set {quote(table.file)}"
                for place in keyring_backend.ways():
                    print_error(f"this works here: {call} --keep-in {place}")
            return BY_STAGE["password"]
        try:
            _save(table, source_as_toml(store.source), options)
        except DocumentError as error:
            raise DocumentError(f"{store} has the password, but {error}") from None
        print_line(f"stored: the password{table.owner} in {store}")
    _report_stale_copies(table, store, old, secret)
    return PASSED


def _save(table: SmtpTomlTable, raw: object, options: Namespace) -> None:
    """Write the source or the password, without a backup that would hold the old one."""
    with naming_in_place():
        table.document.save(table.name, {"password": raw}, options=write_options(options))


def _test(table: SmtpTomlTable, _options: Namespace) -> int:
    """Fetch the password and report only that it was found."""
    store = _store_of(table, _named(table))
    if isinstance(store.source, OAuthSource):
        load("cli.signed_in:fresh_token")(table, store.source)
        print_line(f"got an access token from {store}")
        return PASSED
    asyncio.run(store.fetch())
    print_line(f"found the password{table.owner} in {store}")
    match store.source:
        case LiteralSource():
            warn_of_readers(table.document.path)
        case FileSource():
            warn_of_readers(store.path)
        case _:
            pass
    return PASSED


def _forget(table: SmtpTomlTable, options: Namespace) -> int:
    """Remove the password from its place; the settings continue to name the place."""
    source = _named(table)
    store = _store_of(table, source)
    if store.refusal is not None:
        raise PasswordError(f"the password{table.owner} was not removed: {store.refusal}")
    if isinstance(source, LiteralSource):
        _save(table, None, options)
    else:
        asyncio.run(store.forget())
    print_line(f"removed: the password{table.owner} from {store}")
    return PASSED


def _named(table: SmtpTomlTable) -> PasswordSource:
    source = table.source
    if source is None:
        raise PasswordError(
            f"{one_line(table.file)} names no password; store one with smtp-tui password set"
        )
    if isinstance(source, AskSource):
        raise PasswordError("the settings say to ask for the password, so it is stored nowhere")
    return source


def _parse_place(text: str, host: str) -> PasswordSource:
    """Parse the value of --keep-in; UsageError if it is invalid. A LiteralSource is still empty."""
    error = UsageError(f"--keep-in accepts {PLACES}")
    if text.lstrip().startswith("{"):
        values, faults = read_pairs([f"password={text.strip()}"])
        if faults:
            raise error
        raw = values["password"]
    else:
        match text.strip().partition("="):
            case "keyring", "", "":
                return own_entry(host)
            case ("keyring" | "file" | "env") as kind, "=", where:
                raw = {kind: where}
            case "literal", "", "":
                return LiteralSource("")
            case "ask", "", "":
                return AskSource()
            case _:
                raise error
    try:
        return parse_source(raw)
    except ValueError:
        raise error from None


def _report_stale_copies(
    table: SmtpTomlTable, place: PasswordStore, old: PasswordSource | None, secret: str = ""
) -> None:
    """Warn of copies in the old place, which others may use, and in the file's backup."""
    if isinstance(old, KeyringSource | FileSource | EnvironmentSource) and old != place.source:
        print_error(
            f"note: {_store_of(table, old)} still holds the old password; "
            "remove it if nothing else uses it"
        )
    passwords = {secret, old.value if isinstance(old, LiteralSource) else ""} - {""}
    if backup := backup_with(table.document.path, passwords):
        print_error(f"warning: the backup {one_line(backup)} contains the password too; remove it")
