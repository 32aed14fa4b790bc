"""From the words of a call to the command that it means.

Options may stand before, between and after the words, so one flat argparse parser reads them all,
and what a command does not take is refused afterwards. To import argparse takes 3 ms of the 200 of
a check (`python -X importtime -c "import re, enum, argparse"`): too little for a parser of our own.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from smtp_tui.cli.commands import COMMANDS, COMPLETE, FORM, OPTIONS, CommandSpec, Invocation, load
from smtp_tui.config.errors import one_line
from smtp_tui.config.paths import is_there
from smtp_tui.settings.fields import BY_KEY, FieldKind

NO_LITERAL = (
    "a password on the command line shows in the process list; name the place where it is kept, "
    "such as 'password={env=\"NAME\"}', or use --password-stdin, --password-fd N, --ask-password, "
    "or for a check the variable SMTP_TUI_PASSWORD"
)

_WORDINGS = {
    r"^(--[a-z-]+)/-\w:": r"\1:",
    ": expected (one|at least one) argument": " needs a value",
    ": invalid int value: .*": " needs a number",
}
_TEXTS = (FieldKind.TEXT, FieldKind.PASSWORD)
_QUOTES = ('"', "'")


class UsageError(Exception):
    """The command line is wrong; the text is one line and repeats no value."""


class HelpRequested(Exception):
    """The call asks for help; the text is the help."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Put argparse's complaint into our words, without the values, which may be passwords."""
        unknown = re.match(r"unrecognized arguments: ([^\s=]+)", message)
        if unknown is None:
            complaint = message.removeprefix("argument ")
            for pattern, wording in _WORDINGS.items():
                complaint = re.sub(pattern, wording, complaint)
            raise UsageError(f"{complaint}; try smtp-tui --help")
        option = unknown[1] if unknown[1].startswith("--") else unknown[1][:2]
        if option.startswith(("--pass", "-p")):
            raise UsageError(f"there is no option {option}: {NO_LITERAL}")
        raise UsageError(f"there is no option {option}; try smtp-tui --help")


def parse_arguments(arguments: Sequence[str]) -> Invocation:
    """Read the command line; UsageError when it is wrong, HelpRequested when it asks for help."""
    if arguments and arguments[0] == COMPLETE.name:
        # The words behind are a line that somebody is typing, and none of them is an option here.
        options = argparse.Namespace()
        return Invocation(command=COMPLETE, words=tuple(arguments[1:]), options=options)
    parsed = _flat_parser().parse_intermixed_args(list(arguments))
    words: list[str] = [*parsed.words, *filter(_names_file, parsed.to)]
    parsed.to = [recipient for recipient in parsed.to if not _names_file(recipient)]
    command = next((spec for spec in COMMANDS if words and words[0] == spec.name), FORM)
    if command is not FORM:
        del words[0]
    if parsed.version:
        raise HelpRequested(load("cli.help:version")())
    if parsed.help:
        raise HelpRequested(load("cli.help:help_text")(command))
    _refuse_foreign(command, parsed)
    _refuse_count(command, words, parsed)
    return Invocation(command=command, words=tuple(words), options=parsed)


def _names_file(word: str) -> bool:
    """Whether a word behind --to is the FILE, as in `send --to me@example.org mail.toml`."""
    return "@" not in word and (word.endswith(".toml") or is_there(Path(word)))


def _flat_parser() -> argparse.ArgumentParser:
    # Without a width, argparse loads shutil and all its archivers to measure the terminal.
    parser = _Parser(
        prog="smtp-tui",
        usage="",
        add_help=False,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=80),
    )
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-V", "--version", action="store_true")
    parser.add_argument("words", nargs="*")
    for option in OPTIONS:
        parser.add_argument(*option.flags, **option.argparse_keywords)
    return parser


def _refuse_foreign(command: CommandSpec, parsed: argparse.Namespace) -> None:
    for option in OPTIONS:
        value = getattr(parsed, option.name)
        if value not in (None, False, []) and option.name not in command.options:
            what = f"the command {command.name}" if command.name else "the form"
            raise UsageError(f"{what} has no option {option.flag}")


def _refuse_count(command: CommandSpec, words: list[str], parsed: argparse.Namespace) -> None:
    too_many = command.most is not None and len(words) > command.most
    if command is FORM and too_many:
        raise UsageError(f"there is no command {words[0]!r}; smtp-tui --help lists the commands")
    replaced = any(getattr(parsed, name) not in (None, False) for name in command.instead)
    if len(words) < command.least - replaced or too_many:
        fault = "too many arguments" if too_many else "an argument is missing"
        raise UsageError(f"{fault}; usage: smtp-tui {command.words}")


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
            key, value = _assignment(pair, number)
            values[key] = value
        except UsageError as error:
            faults.append(str(error))
    return values, faults


def _assignment(pair: str, number: int) -> tuple[str, object]:
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
    kind = BY_KEY[key].kind
    is_toml = text.startswith((*_QUOTES, "{") if kind in _TEXTS else _QUOTES)
    value = _toml_value(key, text) if is_toml else text
    # A literal password is never accepted here: every user can read the process list.
    if kind is FieldKind.PASSWORD and not isinstance(value, dict):
        raise UsageError(NO_LITERAL)
    return key, value


def _toml_value(key: str, text: str) -> object:
    import tomllib  # 12 ms, and few values are quoted

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


def closest(word: str, names: Iterable[str]) -> str:
    """Ask in a message whether the name closest to `word` is meant; empty where none is close."""
    from difflib import get_close_matches  # 4 ms, for a call that fails

    close = get_close_matches(word, names, 1)
    return f"did you mean {close[0]}?" if close else ""


def no_setting(key: str) -> str:
    """Say that there is no such setting, and which one may be meant."""
    hint = closest(key.casefold().replace("-", "_"), BY_KEY)
    hint = hint or "smtp-tui explain lists the settings"
    return f"there is no setting {one_line(key, 80)!r}; {hint}"
