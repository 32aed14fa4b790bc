"""Which file and which table a call means, and what there is to say about them.

Change a table of a file as `set` and `unset` do, or print what would change.

`KEY=VALUE` from the command line; a literal password is never taken from there.

`smtp-tui get`: print settings as they stand in the file.

`smtp-tui set`: change settings in a file, and nothing else in it.

`smtp-tui unset`: take settings out of a file, and nothing else.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED, SETTINGS, USAGE
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import NO_LITERAL, Invocation, UsageError
from smtp_tui.cli.password_prompt import handed_over, hands_over
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.dialects.detect import dialect_problems
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoRenameError, NoTableError, PasswordError, one_line
from smtp_tui.config.file_reader import readable_by_others
from smtp_tui.config.mask import MASK, masked_value
from smtp_tui.config.paths import default_config
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.password_sources import Literal, parse_source


def open_file(file: str, *, named: bool, dialect: str | None = None) -> Document:
    """Open a file that a call names, or the usual one; DocumentError where it cannot be read.

    `dialect` is the one the file is in, where it is not to be recognised.
    """
    try:
        document = Document.open(Path(file), dialect)
    except NoFileError:
        if named:
            raise
        raise NoFileError(
            f"no FILE was given, and {one_line(file)} does not exist; "
            "give one, or check without a file: smtp-tui check --set host=HOST"
        ) from None
    for line in dialect_problems():
        _complain_once(line)
    return document


def notes_on(document: Document, table: str) -> tuple[str, ...]:
    """Say as which application a file is read and why, and what a table holds besides settings."""
    recognition = document.recognition
    is_plain = recognition.application is None
    named = () if is_plain and not document.is_chosen else (f"{recognition}.",)
    return (*named, *document.remarks(table))


def tell_notes(document: Document, table: str) -> None:
    """Print these notes on standard error."""
    for note in notes_on(document, table):
        print_error(f"note: {note}")


@cache
def _complain_once(line: str) -> None:
    print_error(line)


def open_table(
    words: Sequence[str], table: str | None, dialect: str | None = None
) -> tuple[str, Document, str]:
    """Open the file a call names and pick its table; DocumentError when either is not there."""
    file = words[0] if words else str(default_config())
    document = open_file(file, named=bool(words), dialect=dialect)
    return file, document, table or document.default_table()


def warn_of_readers(file: Path, remedy: str = "") -> None:
    """Say that others can read the password that stands in the file now."""
    if readable_by_others(file):
        from shlex import quote  # a check has its own words for this

        remedy = remedy or f"remove that right: chmod o= {quote(str(file))}"
        print_error(
            f"warning: every user of this machine can read {one_line(file)} and the password in "
            f"it; {remedy}"
        )


PRIVATE = "with --private only its owner can read it"


def edit_target(file: str, options: Namespace, *, create: bool = False) -> tuple[Document, str]:
    """Open the file and find the table; DocumentError where one is missing, unless `create`."""
    wish, dialect = options.table, options.dialect
    try:
        _, document, found = open_table([file], wish, dialect)
        document.values(found)
    except NoFileError:
        if not create:
            raise NoFileError(f"{one_line(file)} does not exist; --create creates it") from None
        document = Document.new(Path(file), dialect)
    except NoTableError as error:
        if not create:
            raise NoTableError(f"{error}; --create creates it") from None
        document = Document.open(Path(file), dialect)
    else:
        tell_notes(document, found)
        return document, found
    found = wish or document.new_table()
    tell_notes(document, found)
    return document, found


def change_document(
    document: Document,
    table: str,
    changes: Mapping[str, object],
    options: Namespace,
    *,
    create: bool = False,
) -> int:
    """Write the changes, or with --diff print them; return the exit status."""
    if options.diff:
        return _print_differences(document, document.changed(table, changes, create=create))
    manner = WriteOptions(
        in_place=options.in_place, backup=options.backup, private=options.private, tell=print_error
    )
    save_document(document, table, changes, manner, create=create)
    return PASSED


def save_document(
    document: Document,
    table: str,
    changes: Mapping[str, object],
    manner: WriteOptions,
    *,
    create: bool = False,
) -> None:
    """Save a document, and name the option that would overwrite it where nothing else can."""
    with naming_in_place():
        document.save(table, changes, create=create, manner=manner)


@contextmanager
def naming_in_place() -> Iterator[None]:
    """Name the option that overwrites a file which cannot be replaced."""
    try:
        yield
    except NoRenameError as error:
        raise NoRenameError(f"{error}; --in-place overwrites it") from None


def _print_differences(document: Document, text: str) -> int:
    from smtp_tui.config.diff import diff_lines

    found = diff_lines(document.text, text, str(document.path), document.secret_keys)
    for line in found:
        print_line(str(line).expandtabs())
    return NEGATIVE if found else PASSED


_TEXTS = (FieldKind.TEXT, FieldKind.PASSWORD)
_QUOTES = ('"', "'")


def assignments(pairs: Iterable[str]) -> dict[str, object]:
    """Read `KEY=VALUE` pairs; UsageError names every fault in them."""
    values, faults = read_pairs(pairs)
    if faults:
        raise UsageError("; ".join(faults))
    return values


def read_pairs(pairs: Iterable[str]) -> tuple[dict[str, object], list[str]]:
    """Return the values of `KEY=VALUE` pairs, the last of a key counts, and a line a fault."""
    values: dict[str, object] = {}
    faults = []
    for number, pair in enumerate(pairs, 1):
        try:
            key, text = _parted(pair, number)
            values[key] = _value(key, text)
        except UsageError as error:
            faults.append(str(error))
    return values, faults


def no_setting(key: str) -> str:
    """Say that there is no such setting, and which one may be meant."""
    from difflib import get_close_matches

    close = get_close_matches(key.casefold().replace("-", "_"), BY_KEY, 1)
    hint = f"did you mean {close[0]}?" if close else "smtp-tui explain lists the settings"
    return f"there is no setting {one_line(key, 80)!r}; {hint}"


def _parted(pair: str, number: int) -> tuple[str, str]:
    key, sign, text = pair.partition("=")
    if not sign:
        # The word is not repeated: it may be a password.
        what = key if key in BY_KEY else f"setting number {number}"
        raise UsageError(f"{what} has no =VALUE")
    if key != key.rstrip():  # a line out of a file: `key = "value"`
        text = text.strip()
    key = key.strip()
    if key not in BY_KEY:
        raise UsageError(no_setting(key))
    return key, text


def _value(key: str, text: str) -> object:
    kind = BY_KEY[key].kind
    is_toml = text.startswith((*_QUOTES, "{") if kind in _TEXTS else _QUOTES)
    value = _toml(key, text) if is_toml else text
    if kind is FieldKind.PASSWORD and not isinstance(value, dict):
        raise UsageError(NO_LITERAL)
    return value


def _toml(key: str, text: str) -> object:
    import tomllib

    try:
        parsed = tomllib.loads(f"value = {text}")
    except ValueError:
        raise UsageError(
            f"{key}: a value that begins with a quote or a brace must be TOML, and this is not; "
            f"write {key}='\"text\"' or {key}='{{…}}'"
        ) from None
    if set(parsed) != {"value"}:
        raise UsageError(f"{key}: this is more than one TOML value")
    return parsed["value"]


def get(call: Invocation) -> int:
    """Print all settings that are set, or one."""
    key = call.words[1] if len(call.words) > 1 else None
    if key is not None and key not in BY_KEY:
        raise UsageError(no_setting(key))
    _, document, table = open_table(call.words, call.options.table, call.options.dialect)
    tell_notes(document, table)
    there, given = document.values(table), document.given(table)
    values = {known: there[known] for known in BY_KEY if known in given}
    if not call.options.reveal:
        values = {known: _shown(known, value) for known, value in values.items()}
    if key is None:
        _tell_all(values, as_json=call.options.json)
    elif key in values:
        _tell_one(values[key], as_json=call.options.json)
    if key in (None, "password") and isinstance(there.get("password"), str):
        warn_of_readers(document.path)
    return PASSED if key is None or key in values else NEGATIVE


def _shown(key: str, raw: object) -> object:
    """Hide a password, and one within another value; a place where one is kept shows."""
    if BY_KEY[key].kind is not FieldKind.PASSWORD:
        return masked_value(key, raw)
    try:
        source = parse_source(raw)
    except ValueError:
        return MASK
    return MASK if isinstance(source, Literal) else masked_value("", raw)


def _tell_all(values: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_line(json.dumps(values, default=str))
        return
    for key, value in values.items():
        print_line(f"{key} = {_spelled(value)}")


def _tell_one(value: object, *, as_json: bool) -> None:
    if as_json:
        print_line(json.dumps(value, default=str))
    else:
        print_line(value if isinstance(value, str) else _spelled(value))


def _spelled(value: object) -> str:
    try:
        return toml_value(value)
    except TypeError:  # a date or a time, which no setting is; it stands in the file all the same
        return str(value)


def set_values(call: Invocation) -> int:
    """Write the values; every one that is off is told, and then none is written."""
    file, *pairs = call.words
    values, faults = read_pairs(pairs)
    refused = [f"{BY_KEY[key].label} ({key}): {problem}" for key, problem in _problems(values)]
    for line in (*faults, *refused):
        print_error(line)
    if faults or refused:
        return USAGE if faults else SETTINGS
    options = call.options
    if "password" in values and hands_over(options):
        raise UsageError("give the password once: with an option, or as password=PLACE")
    document, table = edit_target(file, options, create=options.create)
    changes = {key: _typed(key, value) for key, value in values.items()}
    if not hands_over(options):
        return change_document(document, table, changes, options, create=options.create)
    try:
        changes["password"] = handed_over(options, "")
    except PasswordError as error:
        print_error(str(error))
        return BY_STAGE["password"]
    status = change_document(document, table, changes, options, create=options.create)
    if not options.diff:
        warn_of_readers(document.path, PRIVATE)
    return status


def _problems(values: Mapping[str, object]) -> list[tuple[str, str]]:
    found = [(key, BY_KEY[key].problem_with(value)) for key, value in values.items()]
    return [(key, problem) for key, problem in found if problem]


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
    """Take the keys out; those that are not set are none the worse."""
    file, *keys = call.words
    unknown = [key for key in keys if key not in BY_KEY]
    for key in unknown:
        print_error(no_setting(key))
    if unknown:
        return USAGE
    options = call.options
    _, document, table = open_table([file], options.table, options.dialect)
    tell_notes(document, table)
    return change_document(document, table, dict.fromkeys(keys), options)
