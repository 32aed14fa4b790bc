"""The texts of --help and --version.

From the words of a call to the command that it means.

Options may stand before, between and after the words, so one flat parser reads them all, and what
a command does not take is refused afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.notations import LIMITS, NAGIOS, RANGES, statuses
from smtp_tui.cli.options import OPTIONS
from smtp_tui.config.paths import is_there
from smtp_tui.records import record

Row = tuple[str, str]

_NARROWEST, _USUAL, _WIDEST = 30, 80, 100
"""Columns: longer lines are hard to read."""
_LEFT = 28
"""Columns of what is explained, at most: what is longer has a line of its own."""


def version() -> str:
    """The versions that a bug report needs."""
    import platform
    import ssl

    from smtp_tui import __version__

    return f"smtp-tui {__version__} (Python {platform.python_version()}, {ssl.OPENSSL_VERSION})"


def help_text(command: Command, width: int | None = None) -> str:
    """The help of one command, or of all where none is named, for a terminal of this width."""
    columns = min(max(_NARROWEST, width or _width()), _WIDEST)
    lines = _overview(columns) if command is FORM else _of_command(command, columns)
    return "\n".join(lines)


def _width() -> int:
    # `shutil` knows it too, and loads all its archivers for it.
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(1).columns or _USUAL
    except OSError:
        return _USUAL


def _of_command(command: Command, width: int) -> Iterator[str]:
    yield from _wrapped(f"Usage: smtp-tui {command.words}", width, "    ")
    yield ""
    yield from _wrapped(f"{_sentence(command.summary)}", width)
    options = [
        (option.shown(command.name), _sentence(option.help_of(command.name)))
        for option in OPTIONS
        if option.name in command.options
    ]
    yield from _section("Options:", options, width)
    if command.name in ("check", "send", "demo"):
        yield from _section("Exit status:", statuses().items(), width)
    if command.name == "check":
        yield from _section("Exit status of --format nagios:", NAGIOS.items(), width)
        yield from _section("RANGE, in seconds:", RANGES.items(), width)
        yield from _section("LIMIT:", LIMITS.items(), width)
    if command.name in ("import", "export"):
        from smtp_tui.interchange.spec import formats

        rows = [(one.name, one.title) for one in formats().values()]
        yield from _section("FORMAT is one of:", rows, width)


def _overview(width: int) -> Iterator[str]:
    yield from _wrapped("Edit, explain and test SMTP settings from one terminal screen.", width)
    rows = [(f"smtp-tui {one.words}", _sentence(one.summary)) for one in (FORM, *COMMANDS)]
    yield from _section("Commands:", rows, width)
    options = [
        (one.shown(), _sentence(one.help_of(""))) for one in OPTIONS if one.name in FORM.options
    ]
    yield from _section("Options of the form:", options, width)
    yield ""
    yield from _wrapped(
        "smtp-tui COMMAND --help shows the options of a command, and smtp-tui --version the "
        "versions. Without a FILE, smtp-tui uses $SMTP_TUI_CONFIG, or else smtp-tui/smtp.toml in "
        "your configuration folder (~/.config).",
        width,
    )


def _section(title: str, rows: Iterable[Row], width: int) -> Iterator[str]:
    rows = list(rows)
    if not rows:
        return
    yield from ("", *_wrapped(title, width))
    fitting = [len(left) for left, _ in rows if len(left) <= min(_LEFT, width // 3)]
    indent = max(fitting, default=2) + 4
    for left, right in rows:
        head = f"  {left}"
        if len(head) + 2 > indent:
            yield from _wrapped(head, width, "      ")
            head = ""
        yield from _wrapped(right, width, " " * indent, first=f"{head:{indent}}")


def _wrapped(text: str, width: int, indent: str = "", first: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


NO_LITERAL = (
    "a password on the command line shows in the process list; name the place where it is kept, "
    "such as 'password={env=\"NAME\"}', or use --password-stdin, --password-fd N, --ask-password, "
    "or for a check the variable SMTP_TUI_PASSWORD"
)


class UsageError(Exception):
    """The command line is wrong; the text is one line and repeats no value."""


class HelpRequested(Exception):
    """The call asks for help; the text is the help."""


@record(kw_only=True)
class Invocation:
    """A call that was understood: the command, its words, and its options by name."""

    command: Command
    words: tuple[str, ...]
    options: argparse.Namespace


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(_reworded(message))


def parse_arguments(arguments: Sequence[str]) -> Invocation:
    """Read the command line; UsageError when it is wrong, HelpWanted when it asks for help."""
    parsed = _flat_parser().parse_intermixed_args(list(arguments))
    words: list[str] = [*parsed.words, *filter(_names_file, parsed.to)]
    parsed.to = [one for one in parsed.to if not _names_file(one)]
    command = next((one for one in COMMANDS if words and words[0] == one.name), FORM)
    if command is not FORM:
        del words[0]
    if parsed.help or parsed.version:
        from smtp_tui.cli import parser as helping

        raise HelpRequested(helping.version() if parsed.version else helping.help_text(command))
    _refuse_foreign(command, parsed)
    _refuse_count(command, words, parsed)
    return Invocation(command=command, words=tuple(words), options=parsed)


def _names_file(word: str) -> bool:
    """Whether a word behind --to is the FILE, as in `send --to me@example.org mail.toml`."""
    return "@" not in word and (word.endswith(".toml") or is_there(Path(word)))


def _flat_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="smtp-tui",
        usage="",
        add_help=False,
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-V", "--version", action="store_true")
    parser.add_argument("words", nargs="*")
    for option in OPTIONS:
        parser.add_argument(*option.flags, **option.extra)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width, argparse loads shutil and all its archivers to measure the terminal.
    return argparse.HelpFormatter(prog, width=80)


def _reworded(message: str) -> str:
    """Put argparse's complaint into our words, without the values, which may be passwords."""
    unknown = re.match(r"unrecognized arguments: ([^\s=]+)", message)
    if unknown is None:
        return f"{_simpler(message.removeprefix('argument '))}; try smtp-tui --help"
    option = unknown[1] if unknown[1].startswith("--") else unknown[1][:2]
    if option.startswith(("--pass", "-p")):
        return f"there is no option {option}: {NO_LITERAL}"
    return f"there is no option {option}; try smtp-tui --help"


def _simpler(complaint: str) -> str:
    """Name an option by its long name, and say in fewer words what it needs."""
    complaint = re.sub(r"^(--[a-z-]+)/-\w:", r"\1:", complaint)
    complaint = re.sub(r": expected (one|at least one) argument", " needs a value", complaint)
    return re.sub(r": invalid int value: .*", " needs a number", complaint)


def _refuse_foreign(command: Command, parsed: argparse.Namespace) -> None:
    for option in OPTIONS:
        given = getattr(parsed, option.name)
        if given not in (None, False, []) and option.name not in command.options:
            what = f"the command {command.name}" if command.name else "the form"
            raise UsageError(f"{what} has no option {option.flags[0]}")


def _refuse_count(command: Command, words: list[str], parsed: argparse.Namespace) -> None:
    too_many = command.most is not None and len(words) > command.most
    if command is FORM and too_many:
        raise UsageError(f"there is no command {words[0]!r}; smtp-tui --help lists the commands")
    spared = any(getattr(parsed, name) not in (None, False) for name in command.instead)
    if len(words) < command.least - spared or too_many:
        fault = "too many arguments" if too_many else "an argument is missing"
        raise UsageError(f"{fault}; usage: smtp-tui {command.words}")
