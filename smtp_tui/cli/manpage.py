"""The manual page, smtp-tui(1), made of the same tables as the help: `make man` writes it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from smtp_tui import __version__
from smtp_tui.cli.commands import COMMANDS, FORM, OPTIONS, CommandSpec, Option
from smtp_tui.cli.help import as_sentence, exit_statuses, help_data
from smtp_tui.settings.fields import FIELDS, Field, FieldKind

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
        *_tagged(row for option in OPTIONS for row in _option_rows(option)),
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


def _option_rows(option: Option) -> Iterator[tuple[str, str]]:
    """Yield an option's rows: one for each of its meanings, and the commands that it has it in."""
    commands: dict[tuple[str, str], list[str]] = {}
    for spec in (FORM, *COMMANDS):
        if option.name in spec.options:
            meaning = (option.usage(spec.name), option.help_for(spec.name))
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
