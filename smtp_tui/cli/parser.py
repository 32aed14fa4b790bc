"""Parse the command line.

Options may stand before, between and after the arguments, so one flat argparse parser reads all of
them, and options that the command lacks are rejected afterwards. Importing argparse takes 3 of a
check's 200 ms (`python -X importtime -c "import re, enum, argparse"`): no reason to replace it.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from smtp_tui.cli.commands import COMMANDS, COMPLETE, FORM, OPTIONS, Invocation, flag_of, is_given
from smtp_tui.cli.terminal import print_error
from smtp_tui.config.errors import one_line
from smtp_tui.config.paths import is_there
from smtp_tui.lazy import load
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
    """Carries the output of --help or --version."""


class _ArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Reword argparse's message without the values, which may be passwords."""
        unknown = re.match(r"unrecognized arguments: ([^\s=]+)", message)
        if unknown is None:
            complaint = message.removeprefix("argument ")
            for pattern, wording in _WORDINGS.items():
                complaint = re.sub(pattern, wording, complaint)
        else:
            option = unknown[1] if unknown[1].startswith("--") else unknown[1][:2]
            complaint = f"there is no option {option}"
            if option.startswith(("--pass", "-p")):
                raise UsageError(f"{complaint}: {NO_LITERAL}")
        raise UsageError(f"{complaint}; try smtp-tui --help")


def parse_arguments(arguments: Sequence[str]) -> Invocation:
    """Parse the command line; UsageError if it is wrong, HelpRequested if it asks for help."""
    if arguments and arguments[0] == COMPLETE.name:
        # The other words are a line that a user is typing, and none of them is an option here.
        options = argparse.Namespace()
        return Invocation(command=COMPLETE, words=tuple(arguments[1:]), options=options)
    # Without a width, argparse loads shutil and all its archivers to measure the terminal.
    parser = _ArgumentParser(
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
    parsed = parser.parse_intermixed_args(list(arguments))
    # argparse takes every word after --to as a recipient, even the FILE in `--to a@x.org a.toml`.
    words: list[str] = [*parsed.words, *filter(_names_file, parsed.to)]
    parsed.to = [recipient for recipient in parsed.to if not _names_file(recipient)]
    command = next((spec for spec in COMMANDS if words and words[0] == spec.name), FORM)
    if command is not FORM:
        del words[0]
    if parsed.version:
        raise HelpRequested(load("cli.help:version")())
    if parsed.help:
        raise HelpRequested(load("cli.help:help_text")(command))
    call = Invocation(command=command, words=tuple(words), options=parsed)
    what = f"the command {command.name}" if command.name else "the form"
    foreign = [name for name in call.given if name not in command.options]
    refuse_options(call, foreign, f"{what} has no option {{}}")
    _refuse_count(call)
    return call


def _names_file(word: str) -> bool:
    return "@" not in word and (word.endswith(".toml") or is_there(Path(word)))


def _refuse_count(call: Invocation) -> None:
    command, count = call.command, len(call.words)
    arguments = command.arguments
    too_many = count > len(arguments) and not any("…" in argument for argument in arguments)
    if command is FORM and too_many:
        word = call.words[0]
        raise UsageError(f"there is no command {word!r}; smtp-tui --help lists the commands")
    least = sum(not argument.startswith("[") for argument in arguments)
    if not call.given.keys().isdisjoint(command.instead):
        least -= 1
    if count < least or too_many:
        fault = "too many arguments" if too_many else "an argument is missing"
        raise UsageError(f"{fault}; usage: smtp-tui {command.words}")


def refuse_options(call: Invocation, names: Iterable[str], reason: str) -> None:
    """Raise UsageError for the first given option; its flag replaces `{}` in `reason`."""
    for name in names:
        if is_given(getattr(call.options, name)):
            raise UsageError(reason.format(flag_of(name)))


def number_within(text: object, least: float, most: float, option: str) -> float:
    """Return an option's value as a number; UsageError if it is none or out of range."""
    try:
        number = float(str(text))
    except ValueError:
        number = math.nan  # outside every range
    if not least <= number <= most:
        raise UsageError(f"{option}, {least:g} to {most:.10g}")
    return number


def timeout_of(options: argparse.Namespace) -> str | None:
    """Return the seconds of --timeout as typed; UsageError if they are invalid."""
    timeout: str | None = options.timeout
    if timeout is not None and BY_KEY["timeout"].problem_with(timeout):
        raise UsageError("--timeout needs a number of seconds, above 0 and at most 86400")
    return timeout


def read_stdin(what: str, most: int, advice: str = "") -> bytes:
    """Read standard input to its end; UsageError if it has more than `most` bytes."""
    if sys.stdin.isatty():
        print_error(f"paste {what}, then press Ctrl+D on an empty line")
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        limit = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        raise UsageError(f"standard input is larger than {limit}{advice}")
    return data


def assignments(pairs: Iterable[str]) -> dict[str, object]:
    """Parse `KEY=VALUE` pairs; the UsageError names every fault."""
    values, faults = read_pairs(pairs)
    if faults:
        raise UsageError("; ".join(faults))
    return values


def read_pairs(pairs: Iterable[str]) -> tuple[dict[str, object], list[str]]:
    """Return the values of `KEY=VALUE` pairs, the last per key, and a line per fault."""
    values: dict[str, object] = {}
    faults = []
    for number, pair in enumerate(pairs, 1):
        key, sign, text = pair.partition("=")
        try:
            if not sign:
                # The word is not repeated: it may be a password.
                what = key if key in BY_KEY else f"setting number {number}"
                raise UsageError(f"{what} has no =VALUE")
            # A line pasted from a file may be `key = "value"`.
            values[key.strip()] = _value(key.strip(), text if key == key.rstrip() else text.strip())
        except UsageError as error:
            faults.append(str(error))
    return values, faults


def _value(key: str, text: str) -> object:
    if key not in BY_KEY:
        raise UsageError(no_setting(key))
    kind = BY_KEY[key].kind
    is_toml = text.startswith((*_QUOTES, "{") if kind in _TEXTS else _QUOTES)
    value = _toml_value(key, text) if is_toml else text
    # A literal password is never accepted here: every user can read the process list.
    if kind is FieldKind.PASSWORD and not isinstance(value, dict):
        raise UsageError(NO_LITERAL)
    return value


def _toml_value(key: str, text: str) -> object:
    import tomllib  # 4 ms, and few values are quoted

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
    """Return "did you mean NAME?" for the name closest to `word`; empty if none is close."""
    from difflib import get_close_matches  # only a call that fails needs it

    close = get_close_matches(word, names, 1)
    return f"did you mean {close[0]}?" if close else ""


def no_setting(key: str) -> str:
    """Return the error for an unknown setting, naming the closest."""
    hint = closest(key.casefold().replace("-", "_"), BY_KEY)
    hint = hint or "smtp-tui explain lists the settings"
    return f"there is no setting {one_line(key, 80)!r}; {hint}"
