"""The command line: every command and option declared once.

Options may stand before, between and after the words, so one flat parser reads them all, and what
a command does not take is refused afterwards.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from smtp_tui import __version__


class UsageError(Exception):
    """The call's words are off; the text is one line."""


class HelpWanted(Exception):
    """The call asks for help."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its flags and what argparse needs to know of it."""

    flags: tuple[str, ...]
    help: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key of its value."""
        return self.flags[0].lstrip("-").replace("-", "_")


_FLAG: Mapping[str, Any] = {"action": "store_true"}

OPTIONS = (
    Option(
        flags=("--table",),
        help="the SMTP table's TOML path, like accounts.main.smtp or smtp[0]; . for the root",
        extra={"metavar": "PATH"},
    ),
    Option(
        flags=("--set",),
        help="take VALUE in place of the file's KEY; with --set host=… no file is needed",
        extra={"metavar": "KEY=VALUE", "action": "append", "default": []},
    ),
    Option(
        flags=("--timeout",),
        help="seconds for the whole check (default 30)",
        extra={"metavar": "SECONDS"},
    ),
    Option(
        flags=("--extra",),
        help="seconds for looks beside the dialogue, never with a credential (default 3; 0: none)",
        extra={"metavar": "SECONDS"},
    ),
    Option(flags=("--no-experiments",), help="the same as --extra 0", extra=_FLAG),
    Option(
        flags=("--allow-clear-password",),
        help="send the password even where anyone on the network can read it",
        extra=_FLAG,
    ),
    Option(flags=("--password-stdin",), help="read the password from standard input", extra=_FLAG),
    Option(
        flags=("--password-fd",),
        help="read the password from this file descriptor",
        extra={"metavar": "N", "type": int},
    ),
    Option(flags=("--ask-password",), help="ask for the password on the terminal", extra=_FLAG),
    Option(flags=("--json",), help="JSON: one object an event, the verdict last", extra=_FLAG),
    Option(flags=("--quiet",), help="print nothing but the verdict", extra=_FLAG),
    Option(flags=("--reveal",), help="show a password that stands in the file", extra=_FLAG),
    Option(flags=("--create",), help="make the file, or the table in it, if missing", extra=_FLAG),
)

_PASSWORD = ("password_stdin", "password_fd", "ask_password")
_CHECK = ("table", "set", "timeout", "extra", "no_experiments", "allow_clear_password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: how it is called, what it does, and the options it takes."""

    name: str
    words: str
    summary: str
    options: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 1


FORM = Command(
    name="",
    words="[FILE]",
    summary="open the form (a first word that is no command is FILE)",
    options=("table", "set"),
)
COMMANDS = (
    Command(
        name="check",
        words="check [FILE]",
        summary="test the settings; print dialogue and verdict",
        options=(*_CHECK, *_PASSWORD, "json", "quiet"),
    ),
    Command(
        name="get",
        words="get FILE [KEY]",
        summary="print the settings of a file, or one value",
        options=("table", "json", "reveal"),
        least=1,
        most=2,
    ),
    Command(
        name="set",
        words="set FILE KEY=VALUE…",
        summary="change settings in a file, and nothing else in it",
        options=("table", "create"),
        least=2,
        most=None,
    ),
    Command(
        name="explain",
        words="explain [KEY]",
        summary="say what a field means; without KEY, list the fields",
    ),
    Command(
        name="demo",
        words="demo",
        summary="the form on a sample file with a mail server of its own",
        options=("json", "quiet"),
        most=0,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was understood: the command, its words, and its options by name."""

    command: Command
    words: tuple[str, ...]
    options: argparse.Namespace


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parse_call(arguments: Sequence[str]) -> Call:
    """Read the command line; UsageError when it is off, HelpWanted when it asks for help."""
    parsed = _flat_parser().parse_intermixed_args(list(arguments))
    words: list[str] = parsed.words
    command = next((one for one in COMMANDS if words and words[0] == one.name), FORM)
    if command is not FORM:
        del words[0]
    if parsed.help:
        raise HelpWanted(help_text(command if command is not FORM else None))
    if parsed.version:
        raise HelpWanted(_version())
    _refuse_foreign(command, parsed)
    _refuse_count(command, words)
    return Call(command=command, words=tuple(words), options=parsed)


def _flat_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="smtp-tui", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("words", nargs="*")
    for option in OPTIONS:
        parser.add_argument(*option.flags, **option.extra)
    return parser


def _refuse_foreign(command: Command, parsed: argparse.Namespace) -> None:
    for option in OPTIONS:
        given = getattr(parsed, option.name)
        if given not in (None, False, []) and option.name not in command.options:
            what = f"the command {command.name}" if command.name else "the form"
            raise UsageError(f"{option.flags[0]} does not go with {what}")


def _refuse_count(command: Command, words: list[str]) -> None:
    too_many = command.most is not None and len(words) > command.most
    if len(words) < command.least or too_many:
        raise UsageError(f"the call is smtp-tui {command.words}; it was given {len(words)} words")


def _version() -> str:
    import ssl

    return f"smtp-tui {__version__} ({ssl.OPENSSL_VERSION})"


def help_text(command: Command | None) -> str:
    """The help of one command, or of all."""
    if command is None:
        rows = [(f"smtp-tui {one.words}", one.summary) for one in (FORM, *COMMANDS)]
        return "\n".join(
            [
                "Edit, explain and test SMTP settings from one terminal screen.",
                "",
                *_columns(rows),
                "",
                "smtp-tui COMMAND --help tells a command's options; --version the versions.",
                "FILE is $SMTP_TUI_CONFIG, else smtp-tui/smtp.toml in the configuration folder.",
            ]
        )
    taken = [option for option in OPTIONS if option.name in command.options]
    rows = [(_shown(option), option.help) for option in taken]
    return "\n".join(
        [f"smtp-tui {command.words}", f"  {command.summary}", "", *_columns(rows)]
    ).rstrip()


def _shown(option: Option) -> str:
    metavar = option.extra.get("metavar", "")
    return f"{option.flags[0]} {metavar}".rstrip()


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(left) for left, _ in rows), default=0)
    return [f"  {left:{width}}  {right}" for left, right in rows]
