"""`smtp-tui set` and `unset`: open a settings file, pick its table and change it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

from smtp_tui.checks.exit_status import NEGATIVE, PASSED, SETTINGS, USAGE
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, no_setting, read_pairs
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.dialects.detect import dialect_problems
from smtp_tui.config.document import Document
from smtp_tui.config.errors import (
    DocumentError,
    NoFileError,
    NoRenameError,
    NoTableError,
    NotTomlError,
    one_line,
)
from smtp_tui.config.file_access import readable_by_others
from smtp_tui.config.open_document import is_of_a_program, open_document
from smtp_tui.config.paths import default_config
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.password_sources import PasswordSource, parse_source


@record
class SmtpTomlTable:
    """One SMTP table of an open file."""

    file: str
    document: Document
    name: str

    @property
    def values(self) -> dict[str, Any]:
        """Its raw values."""
        return self.document.values(self.name)

    @property
    def host(self) -> str:
        """The mail server, as the file names it."""
        return str(self.values.get("host") or "")

    @property
    def source(self) -> PasswordSource | None:
        """The password source that it names; DocumentError if that is invalid."""
        raw, field = self.values.get("password"), BY_KEY["password"]
        if raw is None:
            return None
        if problem := field.problem_with(raw):
            raise DocumentError(
                f"{one_line(self.file)}: {field.label} (password): {one_line(problem)}"
            )
        return parse_source(raw)

    @property
    def owner(self) -> str:
        """The suffix to "the password": " of USER at HOST"."""
        account = self.values.get("username")
        at = f" at {one_line(self.host, 80)}" if self.host else ""
        return f" of {one_line(account, 80)}{at}" if account else at


def new_document(path: Path, dialect: str | None = None) -> Document:
    """Return a document for a file that does not exist yet; DocumentError if it is not TOML."""
    if is_of_a_program(path):
        raise NoFileError(f"{one_line(path)} does not exist; smtp-tui creates only TOML files")
    return Document.new(path, dialect)


def open_file(file: str, *, named: bool, dialect: str | None = None) -> Document:
    """Open a settings file; DocumentError if it cannot be read.

    `named` is whether the call names the file; without a `dialect`, it is detected.
    """
    try:
        document = open_document(Path(file), dialect)
    except NoFileError:
        if named:
            raise
        raise NoFileError(
            f"no FILE was given, and {one_line(file)} does not exist; "
            "name one; check and send also work without a file: smtp-tui check --set host=HOST"
        ) from None
    except NotTomlError as error:
        raise load("cli.import_export:other_format")(error) from None
    for problem in dialect_problems():
        _print_error_once(problem)
    return document


# All files of a batch are read with the same dialects, so print each of their problems once.
_print_error_once = cache(print_error)


def open_table(words: Sequence[str], options: Namespace) -> SmtpTomlTable:
    """Open the file and pick its table; DocumentError without a file or a default table."""
    file = words[0] if words else str(default_config())
    document = open_file(file, named=bool(words), dialect=options.dialect)
    return SmtpTomlTable(file, document, options.table or document.default_table())


def notes_on(document: Document, table: str) -> tuple[str, ...]:
    """Return why a file is read as one application's, and remarks on the rest of the table."""
    recognition = document.recognition
    is_plain = recognition.application is None
    named = () if is_plain and not document.is_chosen else (f"{recognition}.",)
    return (*named, *document.remarks(table))


def print_notes(table: SmtpTomlTable) -> None:
    """Print a table's notes on stderr."""
    for note in notes_on(table.document, table.name):
        print_error(f"note: {note}")


def warn_of_readers(file: Path, remedy: str = "") -> None:
    """Warn if other users can read a file with a password."""
    if readable_by_others(file):
        remedy = remedy or f"remove that right: chmod o= {quote(str(file))}"
        print_error(
            f"warning: every user of this machine can read {one_line(file)} and the password in "
            f"it; {remedy}"
        )


PRIVATE = "with --private only its owner can read it"


def set_values(call: Invocation) -> int:
    """Write the values, or report every invalid one and write none."""
    file, *pairs = call.words
    options = call.options
    values, faults = read_pairs(pairs)
    problems = {key: BY_KEY[key].problem_with(value) for key, value in values.items()}
    invalid = [f"{BY_KEY[key].label} ({key}): {text}" for key, text in problems.items() if text]
    for line in (*faults, *invalid):
        print_error(line)
    if faults or invalid:
        return USAGE if faults else SETTINGS
    has_new_password = password_is_given(options)
    if "password" in values and has_new_password:
        raise UsageError("give the password once: with an option, or as password=PLACE")
    table = open_for_change(file, options)
    changes = {key: _typed(key, value) for key, value in values.items()}
    if has_new_password:
        # Few calls set a password, and its reader takes 6 ms to load.
        changes["password"] = load("cli.password_prompt:new_password")(options, "")
    status = change_table(table, changes, options, create=options.create)
    if has_new_password and not options.diff:
        warn_of_readers(table.document.path, PRIVATE)
    return status


def password_is_given(options: Namespace) -> bool:
    """Whether the options name a source of the password."""
    return options.password_stdin or options.password_fd is not None or options.ask_password


def _typed(key: str, value: object) -> object:
    """Convert a value typed as text to its field's TOML type."""
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
    """Remove the keys; ignore those that are not set."""
    file, *keys = call.words
    unknown = [key for key in keys if key not in BY_KEY]
    for key in unknown:
        print_error(no_setting(key))
    if unknown:
        return USAGE
    table = open_table([file], call.options)
    print_notes(table)
    return change_table(table, dict.fromkeys(keys), call.options)


def open_for_change(file: str, options: Namespace) -> SmtpTomlTable:
    """Open the file and table; --create makes missing ones, else DocumentError."""
    try:
        table = open_table([file], options)
        table.document.values(table.name)
    except (NoFileError, NoTableError) as error:
        has_file = isinstance(error, NoTableError)
        if not options.create:
            missing = str(error) if has_file else f"{one_line(file)} does not exist"
            raise type(error)(f"{missing}; --create creates it") from None
        open_or_make = open_document if has_file else new_document
        document = open_or_make(Path(file), options.dialect)
        table = SmtpTomlTable(file, document, options.table or document.new_table())
    print_notes(table)
    return table


def write_options(options: Namespace) -> WriteOptions:
    """Return a call's write options; one that its command lacks counts as not set."""
    backup = getattr(options, "backup", False)
    return WriteOptions(
        in_place=options.in_place, backup=backup, private=options.private, warn=print_error
    )


def change_table(
    table: SmtpTomlTable, changes: Mapping[str, object], options: Namespace, *, create: bool = False
) -> int:
    """Write the changes, or with --diff print them; return the exit status."""
    document = table.document
    if not options.diff:
        with naming_in_place():
            document.save(table.name, changes, create=create, options=write_options(options))
        return PASSED
    text = document.changed(table.name, changes, create=create)
    # Comparing loads the TOML editor and difflib (20 ms), and --diff is rare.
    lines = load("config.diff:document_diff")(document, text, str(document.path))
    for line in lines:
        print_line(str(line).expandtabs())
    return NEGATIVE if lines else PASSED


@contextmanager
def naming_in_place() -> Iterator[None]:
    """Point to --in-place if a file cannot be replaced."""
    try:
        yield
    except NoRenameError as error:
        raise NoRenameError(f"{error}; --in-place overwrites it") from None
