"""Build the --help and --version texts from the tables of `commands`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator

import smtp_tui
from smtp_tui.checks.exit_status import BY_STAGE, STAGE_NAMES
from smtp_tui.cli.commands import COMMANDS, FORM, HELP_TEXTS, OPTIONS, CommandLineCommand
from smtp_tui.cli.terminal import wrapped
from smtp_tui.lazy import load

Row = tuple[str, str]

# Columns: longer lines are hard to read, and no usage fits in shorter ones.
_NARROWEST, _USUAL, _WIDEST = 30, 80, 100
# Maximum columns of a term; a longer one gets a line of its own.
_LEFT = 28


def exit_statuses() -> dict[str, str]:
    """Return every exit status with its meaning."""
    stages: dict[int, list[str]] = {}
    for stage, status in BY_STAGE.items():
        stages.setdefault(status, []).append(STAGE_NAMES[stage])
    texts = HELP_TEXTS["statuses"] | {
        str(status): f"The check failed at this stage: {' or '.join(names)}."
        for status, names in stages.items()
    }
    return dict(sorted(texts.items(), key=lambda row: int(row[0].partition(",")[0])))


def version() -> str:
    """The versions that a bug report needs."""
    import ssl  # 8 ms, and no help needs OpenSSL

    # Not imported by name above: looking up the version takes 30 ms.
    python = platform.python_version()
    return f"smtp-tui {smtp_tui.__version__} (Python {python}, {ssl.OPENSSL_VERSION})"


def help_text(command: CommandLineCommand, width: int | None = None) -> str:
    """Return a command's help, or for the form the overview, wrapped to `width` columns."""
    columns = min(max(_NARROWEST, width or _terminal_width()), _WIDEST)
    lines = _overview(columns) if command is FORM else _command_help(command, columns)
    return "\n".join(lines)


def _terminal_width() -> int:
    # `shutil` can do this too, but loads all its archivers.
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(1).columns or _USUAL
    except OSError:
        return _USUAL


def _command_help(command: CommandLineCommand, width: int) -> Iterator[str]:
    yield from _wrapped(f"Usage: smtp-tui {command.words}", width, "    ")
    yield from ("", *_wrapped(as_sentence(command.summary), width))
    yield from _section("Options:", _option_rows(command), width)
    if command.name in ("check", "send", "demo"):
        yield from _section("Exit status:", exit_statuses().items(), width)
    if command.name == "check":
        yield from _section("Exit status of --format nagios:", HELP_TEXTS["nagios"].items(), width)
        yield from _section("RANGE, in seconds:", HELP_TEXTS["ranges"].items(), width)
        yield from _section("LIMIT:", HELP_TEXTS["limits"].items(), width)
    if command.name in ("import", "export"):
        rows = load("interchange.spec:descriptions")().items()
        yield from _section("FORMAT is one of:", rows, width)


def _overview(width: int) -> Iterator[str]:
    yield from _wrapped("Usage: smtp-tui [FILE], or smtp-tui COMMAND", width, "    ")
    title = "Edit, explain and test SMTP settings from one terminal screen."
    yield from ("", *_wrapped(title, width))
    rows = [(spec.words, as_sentence(spec.summary)) for spec in (FORM, *COMMANDS)]
    yield from _section("Commands:", rows, width)
    yield from _section("Options of the form:", _option_rows(FORM), width)
    yield from ("", *_wrapped(HELP_TEXTS["overview"]["text"], width))


def _option_rows(command: CommandLineCommand) -> list[Row]:
    accepted = (option for option in OPTIONS if option.name in command.options)
    specific = (option.of_command(command.name) for option in accepted)
    return [(option.usage, as_sentence(option.help)) for option in specific]


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
    return wrapped(text, width, first, indent, break_long_words=False)


def as_sentence(text: str) -> str:
    """Return a summary as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
