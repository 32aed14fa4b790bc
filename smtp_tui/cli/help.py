"""The texts of --help and --version."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.notations import LIMITS, NAGIOS, RANGES, statuses
from smtp_tui.cli.options import OPTIONS

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
        from smtp_tui.interchange.known import formats

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
