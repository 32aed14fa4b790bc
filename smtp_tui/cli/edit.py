"""`smtp-tui set` and `unset`: change settings in a file, and nothing else in it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED, SETTINGS, USAGE
from smtp_tui.cli.commands import Invocation, load
from smtp_tui.cli.documents import SettingsTable, open_table, print_notes, warn_of_readers
from smtp_tui.cli.parser import UsageError, no_setting, read_pairs
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import diff_lines
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoRenameError, NoTableError, PasswordError, one_line
from smtp_tui.settings.fields import BY_KEY, FieldKind

PRIVATE = "with --private only its owner can read it"


def set_values(call: Invocation) -> int:
    """Write the values; every one that is wrong is reported, and then none is written."""
    file, *pairs = call.words
    options = call.options
    values, faults = read_pairs(pairs)
    problems = {key: BY_KEY[key].problem_with(value) for key, value in values.items()}
    refused = [f"{BY_KEY[key].label} ({key}): {text}" for key, text in problems.items() if text]
    for line in (*faults, *refused):
        print_error(line)
    if faults or refused:
        return USAGE if faults else SETTINGS
    has_new_password = password_is_given(options)
    if "password" in values and has_new_password:
        raise UsageError("give the password once: with an option, or as password=PLACE")
    table = open_for_change(file, options)
    changes = {key: _typed(key, value) for key, value in values.items()}
    if has_new_password:
        try:
            # Few calls set a password; what reads one waits with asyncio: 40 ms.
            changes["password"] = load("cli.password_prompt:new_password")(options, "")
        except PasswordError as error:
            print_error(str(error))
            return BY_STAGE["password"]
    status = change_table(table, changes, options, create=options.create)
    if has_new_password and not options.diff:
        warn_of_readers(table.document.path, PRIVATE)
    return status


def password_is_given(options: Namespace) -> bool:
    """Whether the options name a source of the password."""
    return options.password_stdin or options.password_fd is not None or options.ask_password


def _typed(key: str, value: object) -> object:
    """Give a value that was typed as text the TOML type of its field."""
    field = BY_KEY[key]
    parsed = field.parse(value)
    match field.kind:
        case FieldKind.NUMBER:
            number = float(str(parsed))
            return int(number) if number.is_integer() else number
        case FieldKind.SWITCH:
            return parsed
        case FieldKind.CHOICE:
            return str(parsed)
        case _:
            return value


def unset(call: Invocation) -> int:
    """Remove the keys; those that are not set do no harm."""
    file, *keys = call.words
    unknown = [key for key in keys if key not in BY_KEY]
    for key in unknown:
        print_error(no_setting(key))
    if unknown:
        return USAGE
    table = open_table([file], call.options)
    print_notes(table)
    return change_table(table, dict.fromkeys(keys), call.options)


def open_for_change(file: str, options: Namespace) -> SettingsTable:
    """Open the file and find the table; where one is missing, --create or DocumentError."""
    try:
        table = open_table([file], options)
        table.document.values(table.name)
    except NoFileError:
        if not options.create:
            raise NoFileError(f"{one_line(file)} does not exist; --create creates it") from None
        document = Document.new(Path(file), options.dialect)
        table = SettingsTable(file, document, options.table or document.new_table())
    except NoTableError as error:
        if not options.create:
            raise NoTableError(f"{error}; --create creates it") from None
        document = Document.open(Path(file), options.dialect)
        table = SettingsTable(file, document, options.table or document.new_table())
    print_notes(table)
    return table


def write_options(options: Namespace) -> WriteOptions:
    """Return how a call wants its file written; an option that its command lacks is not set."""
    backup = getattr(options, "backup", False)
    return WriteOptions(
        in_place=options.in_place, backup=backup, private=options.private, warn=print_error
    )


def change_table(
    table: SettingsTable,
    changes: Mapping[str, object],
    options: Namespace,
    *,
    create: bool = False,
) -> int:
    """Write the changes, or with --diff print them; return the exit status."""
    document = table.document
    if not options.diff:
        with naming_in_place():
            document.save(table.name, changes, create=create, options=write_options(options))
        return PASSED
    text = document.changed(table.name, changes, create=create)
    lines = diff_lines(document.text, text, str(document.path), document.secret_keys)
    for line in lines:
        print_line(str(line).expandtabs())
    return NEGATIVE if lines else PASSED


@contextmanager
def naming_in_place() -> Iterator[None]:
    """Name the option that overwrites a file which cannot be replaced."""
    try:
        yield
    except NoRenameError as error:
        raise NoRenameError(f"{error}; --in-place overwrites it") from None
