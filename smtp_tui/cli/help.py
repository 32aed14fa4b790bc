"""The texts of --help and --version and the manual page, made of the tables of `commands`.

`make man` writes smtp-tui(1): `python -m smtp_tui.cli.help`.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui import __version__
from smtp_tui.checks.exit_status import BY_STAGE, STAGE_NAMES
from smtp_tui.cli.commands import COMMANDS, FORM, OPTIONS, CommandSpec, Option, load
from smtp_tui.settings.fields import FIELDS, Field, FieldKind

Row = tuple[str, str]

# Columns: longer lines are hard to read, and in shorter ones no usage fits.
_NARROWEST, _USUAL, _WIDEST = 30, 80, 100
# Columns of what is explained, at most: what is longer has a line of its own.
_LEFT = 28


def version() -> str:
    """The versions that a bug report needs."""
    import ssl  # 8 ms, and no help needs OpenSSL

    return f"smtp-tui {__version__} (Python {platform.python_version()}, {ssl.OPENSSL_VERSION})"


@cache
def help_data() -> dict[str, Any]:
    """Return the tables and paragraphs that help and manual page quote, by name."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def exit_statuses() -> dict[str, str]:
    """Return every exit status with its meaning."""
    stages: dict[int, list[str]] = {}
    for stage, status in BY_STAGE.items():
        stages.setdefault(status, []).append(STAGE_NAMES[stage])
    by_stage = {
        str(status): f"The check failed at this stage: {' or '.join(names)}."
        for status, names in stages.items()
    }
    texts = help_data()["statuses"]
    return {**texts["before"], **by_stage, **texts["after"]}


def as_sentence(text: str) -> str:
    """Return a summary as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def help_text(command: CommandSpec, width: int | None = None) -> str:
    """The help of one command, or of all where none is named, for a terminal of this width."""
    columns = min(max(_NARROWEST, width or _terminal_width()), _WIDEST)
    lines = _overview(columns) if command is FORM else _command_help(command, columns)
    return "\n".join(lines)


def _terminal_width() -> int:
    # `shutil` knows it too, and loads all its archivers for it.
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(1).columns or _USUAL
    except OSError:
        return _USUAL


def _command_help(command: CommandSpec, width: int) -> Iterator[str]:
    yield from _wrapped(f"Usage: smtp-tui {command.words}", width, "    ")
    yield ""
    yield from _wrapped(f"{as_sentence(command.summary)}", width)
    yield from _section("Options:", _option_rows(command), width)
    tables = help_data()
    if command.name in ("check", "send", "demo"):
        yield from _section("Exit status:", exit_statuses().items(), width)
    if command.name == "check":
        yield from _section("Exit status of --format nagios:", tables["nagios"].items(), width)
        yield from _section("RANGE, in seconds:", tables["ranges"].items(), width)
        yield from _section("LIMIT:", tables["limits"].items(), width)
    if command.name in ("import", "export"):
        rows = [(spec.name, spec.title) for spec in load("interchange.spec:formats")().values()]
        yield from _section("FORMAT is one of:", rows, width)


def _overview(width: int) -> Iterator[str]:
    yield from _wrapped("Edit, explain and test SMTP settings from one terminal screen.", width)
    rows = [(f"smtp-tui {spec.words}", as_sentence(spec.summary)) for spec in (FORM, *COMMANDS)]
    yield from _section("Commands:", rows, width)
    yield from _section("Options of the form:", _option_rows(FORM), width)
    yield ""
    yield from _wrapped(help_data()["overview"], width)


def _option_rows(command: CommandSpec) -> list[Row]:
    return [
        (option.usage_for(command.name), as_sentence(option.help_for(command.name)))
        for option in OPTIONS
        if option.name in command.options
    ]


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


DATE = "2026-11-28"
"""When its words were last changed by hand."""

_WIDTH = 72

_ESCAPES = str.maketrans(
    {
        "\\": "\\e",
        "-": "\\-",
        "'": "\\(aq",
        "`": "\\(ga",
        "^": "\\(ha",
        "~": "\\(ti",
        "…": "...",
        "–": "\\(en",
        "—": "\\(em",
        "’": "\\(cq",
        "“": "\\(lq",
        "”": "\\(rq",
    }
)


def manpage(version: str) -> str:
    """Return the page in the man macros, ASCII only."""
    data = help_data()
    commands = (FORM, *COMMANDS)
    lines = [
        f'.TH SMTP\\-TUI 1 "{DATE}" "smtp\\-tui {_escaped(version)}" "User Commands"',
        ".nh",
        ".SH NAME",
        "smtp\\-tui \\- edit, explain and test SMTP settings from one terminal screen",
        ".SH SYNOPSIS",
        "\n.br\n".join(f".B smtp\\-tui {_escaped(spec.words)}".rstrip() for spec in commands),
        ".SH DESCRIPTION",
        *_paragraphs(data["description"]),
        ".SH COMMANDS",
        *_tagged((f"smtp-tui {spec.words}", _command_text(spec)) for spec in commands),
        ".SH OPTIONS",
        "Options may stand before, between and after the words of a command. The commands",
        "that accept an option are in brackets.",
        *_tagged(row for option in OPTIONS for row in _meaning_rows(option)),
        *_tagged(
            [
                ("-h, --help", "Show the help of a command."),
                ("-V, --version", "Show the versions of smtp-tui, Python and OpenSSL."),
            ]
        ),
        ".SH SETTINGS",
        "The keys of an SMTP table. smtp\\-tui explain KEY explains each of them in full.",
        *_tagged((spec.key, _field_text(spec)) for spec in FIELDS),
        ".SH EXIT STATUS",
        *_tagged(exit_statuses().items()),
        ".PP",
        "With several tables, the highest status counts. With \\-\\-format nagios:",
        *_tagged(data["nagios"].items()),
        ".SH MONITORING",
        *_paragraphs(data["monitoring"]),
        ".SS RANGE, in seconds",
        *_tagged(data["ranges"].items()),
        ".SS LIMIT",
        *_tagged(data["limits"].items()),
        ".SH ENVIRONMENT",
        *_tagged(data["environment"].items()),
        ".SH FILES",
        *_tagged(data["files"].items()),
        ".SH EXAMPLES",
        *_examples(data["examples"]),
        ".SH SEE ALSO",
        ".BR openssl (1),",
        ".BR swaks (1),",
        ".BR systemd\\-run (1)",
    ]
    return "\n".join([*lines, ""])


def _command_text(command: CommandSpec) -> str:
    flags = [option.flag for option in OPTIONS if option.name in command.options]
    options = f" Options: {', '.join(flags)}." if flags else ""
    return f"{as_sentence(command.summary)}{options}"


def _meaning_rows(option: Option) -> Iterator[tuple[str, str]]:
    """Yield an option's rows: one for each of its meanings, and the commands that it has it in."""
    commands: dict[tuple[str, str], list[str]] = {}
    for spec in (FORM, *COMMANDS):
        if option.name in spec.options:
            meaning = (option.usage_for(spec.name), option.help_for(spec.name))
            commands.setdefault(meaning, []).append(spec.name or "the form")
    for (usage, text), names in commands.items():
        yield usage, f"{as_sentence(text)} ({', '.join(names)})"


def _field_text(field: Field) -> str:
    is_choice = field.kind is FieldKind.CHOICE
    values = f" One of {', '.join(map(str, field.choices))}." if is_choice else ""
    return f"{field.label}. {field.summary}{values}"


def _examples(examples: Mapping[str, str]) -> Iterator[str]:
    for number, (purpose, line) in enumerate(examples.items()):
        yield from ([".PP"] if number else [])
        yield from (*_filled(f"{purpose}:"), ".PP", ".RS 4", ".nf", _escaped(line), ".fi", ".RE")


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield from ([".PP"] if number else [])
        yield from _filled(text)


def _tagged(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for tag, text in rows:
        yield from (".TP", f".B {_escaped(tag)}", *_filled(text))


def _filled(text: str) -> list[str]:
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_escaped(line) for line in lines]


def _escaped(text: str) -> str:
    """Return a line: nothing in it is a request, a macro or an escape."""
    line = text.translate(_ESCAPES)
    line = re.sub(r"[^\x20-\x7e]", lambda found: f"\\[u{ord(found.group()):04X}]", line)
    return f"\\&{line}" if line.startswith(".") else line


if __name__ == "__main__":
    sys.stdout.write(manpage(__version__))
