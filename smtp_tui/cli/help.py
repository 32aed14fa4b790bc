"""The texts of --help and --version and the manual page, made of the tables of `commands`.

`make man` writes smtp-tui(1): `python -m smtp_tui.cli.help` fills in `man/smtp-tui.1.in`.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import smtp_tui
from smtp_tui.checks.exit_status import BY_STAGE, STAGE_NAMES
from smtp_tui.cli.commands import COMMANDS, FORM, HELP_TEXTS, OPTIONS, CommandSpec, Option, load
from smtp_tui.cli.terminal import wrapped
from smtp_tui.settings.fields import FIELDS, Field, FieldKind

Row = tuple[str, str]

# Columns: longer lines are hard to read, and in shorter ones no usage fits.
_NARROWEST, _USUAL, _WIDEST = 30, 80, 100
# Columns of what is explained, at most: what is longer has a line of its own.
_LEFT = 28


def _exit_statuses() -> dict[str, str]:
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

    # Not imported by its name above: to look the version up takes 30 ms.
    python = platform.python_version()
    return f"smtp-tui {smtp_tui.__version__} (Python {python}, {ssl.OPENSSL_VERSION})"


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
    yield from ("", *_wrapped(_as_sentence(command.summary), width))
    yield from _section("Options:", _option_rows(command), width)
    if command.name in ("check", "send", "demo"):
        yield from _section("Exit status:", _exit_statuses().items(), width)
    if command.name == "check":
        yield from _section("Exit status of --format nagios:", HELP_TEXTS["nagios"].items(), width)
        yield from _section("RANGE, in seconds:", HELP_TEXTS["ranges"].items(), width)
        yield from _section("LIMIT:", HELP_TEXTS["limits"].items(), width)
    if command.name in ("import", "export"):
        rows = [(spec.name, spec.title) for spec in load("interchange.spec:formats")().values()]
        yield from _section("FORMAT is one of:", rows, width)


def _overview(width: int) -> Iterator[str]:
    yield from _wrapped("Edit, explain and test SMTP settings from one terminal screen.", width)
    rows = [(f"smtp-tui {spec.words}", _as_sentence(spec.summary)) for spec in (FORM, *COMMANDS)]
    yield from _section("Commands:", rows, width)
    yield from _section("Options of the form:", _option_rows(FORM), width)
    yield from ("", *_wrapped(HELP_TEXTS["overview"]["text"], width))


def _option_rows(command: CommandSpec) -> list[Row]:
    taken = (option for option in OPTIONS if option.name in command.options)
    own = (option.of_command(command.name) for option in taken)
    return [(option.usage, _as_sentence(option.help)) for option in own]


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


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


_TEMPLATE = Path(__file__).parents[2] / "man" / "smtp-tui.1.in"
_PAGE_WIDTH = 72
# What a formatter would print as another sign, or not in ASCII.
_SIGNS = r"\e \- \(aq \(ga \(ha \(ti ... \(en \(em \(cq \(lq \(rq"
_ESCAPES = str.maketrans(dict(zip("\\-'`^~…–—’“”", _SIGNS.split(), strict=True)))


def manpage(version: str) -> str:
    """Return the page in the man macros, ASCII only."""
    commands = (FORM, *COMMANDS)
    synopsis = (f".B smtp\\-tui {_escaped(spec.words)}".rstrip() for spec in commands)
    parts = {
        "version": _escaped(version),
        "synopsis": "\n.br\n".join(synopsis),
        "commands": _tagged((f"smtp-tui {spec.words}", _command_text(spec)) for spec in commands),
        "options": _tagged(row for option in OPTIONS for row in _meaning_rows(option)),
        "settings": _tagged((field.key, _field_text(field)) for field in FIELDS),
        "statuses": _tagged(_exit_statuses().items()),
        "nagios": _tagged(HELP_TEXTS["nagios"].items()),
        "ranges": _tagged(HELP_TEXTS["ranges"].items()),
        "limits": _tagged(HELP_TEXTS["limits"].items()),
    }
    return re.sub(r"\$\{(\w+)\}", lambda name: parts[name[1]], _TEMPLATE.read_text("ascii"))


def _command_text(command: CommandSpec) -> str:
    flags = [option.flag for option in OPTIONS if option.name in command.options]
    options = f" Options: {', '.join(flags)}." if flags else ""
    return f"{_as_sentence(command.summary)}{options}"


def _meaning_rows(option: Option) -> Iterator[Row]:
    """Yield an option's rows: one for each of its meanings, and the commands that it has it in."""
    commands: dict[Option, list[str]] = {}
    for spec in (FORM, *COMMANDS):
        if option.name in spec.options:
            commands.setdefault(option.of_command(spec.name), []).append(spec.name or "the form")
    for meaning, names in commands.items():
        yield meaning.usage, f"{_as_sentence(meaning.help)} ({', '.join(names)})"


def _field_text(field: Field) -> str:
    is_choice = field.kind is FieldKind.CHOICE
    values = f" One of {', '.join(map(str, field.choices))}." if is_choice else ""
    return f"{field.label}. {field.summary}{values}"


def _tagged(rows: Iterable[Row]) -> str:
    lines: list[str] = []
    for tag, text in rows:
        lines += (".TP", f".B {_escaped(tag)}", *map(_escaped, _wrapped(text, _PAGE_WIDTH)))
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return a line: nothing in it is a request, a macro or an escape."""
    line = text.translate(_ESCAPES)
    line = re.sub(r"[^\x20-\x7e]", lambda found: f"\\[u{ord(found.group()):04X}]", line)
    return f"\\&{line}" if line.startswith(".") else line


if __name__ == "__main__":
    sys.stdout.write(manpage(smtp_tui.__version__))
