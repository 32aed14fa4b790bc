"""`python -m man.page`: print smtp-tui(1), from `smtp-tui.1.in` and the command table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from smtp_tui.cli.commands import (
    COMMANDS,
    FORM,
    HELP_TEXTS,
    OPTIONS,
    CommandLineCommand,
    CommandLineOption,
)
from smtp_tui.cli.help import Row, as_sentence, exit_statuses
from smtp_tui.cli.terminal import wrapped
from smtp_tui.settings.fields import FIELDS, Field, FieldKind

_TEMPLATE = Path(__file__).with_name("smtp-tui.1.in")
_WIDTH = 72
# Characters that roff would change, or outside ASCII.
_SIGNS = r"\e \- \(aq \(ga \(ha \(ti ... \(en \(em \(cq \(lq \(rq"
_ESCAPES = str.maketrans(dict(zip("\\-'`^~…–—’“”", _SIGNS.split(), strict=True)))


def manpage() -> str:
    """Return the page in man macros, as ASCII.

    It stands in the tree, so it cannot name the version, which is that of a tag.
    """
    commands = (FORM, *COMMANDS)
    synopsis = (f".B smtp\\-tui {_escaped(spec.words)}".rstrip() for spec in commands)
    parts = {
        "synopsis": "\n.br\n".join(synopsis),
        "commands": _tagged((f"smtp-tui {spec.words}", _command_text(spec)) for spec in commands),
        "options": _tagged(row for option in OPTIONS for row in _meaning_rows(option)),
        "settings": _tagged((field.key, _field_text(field)) for field in FIELDS),
        "statuses": _tagged(exit_statuses().items()),
        "nagios": _tagged(HELP_TEXTS["nagios"].items()),
        "ranges": _tagged(HELP_TEXTS["ranges"].items()),
        "limits": _tagged(HELP_TEXTS["limits"].items()),
    }
    return re.sub(r"\$\{(\w+)\}", lambda name: parts[name[1]], _TEMPLATE.read_text("ascii"))


def _command_text(command: CommandLineCommand) -> str:
    flags = [option.flag for option in OPTIONS if option.name in command.options]
    options = f" Options: {', '.join(flags)}." if flags else ""
    return f"{as_sentence(command.summary)}{options}"


def _meaning_rows(option: CommandLineOption) -> Iterator[Row]:
    """Yield a row for each meaning of an option, with the commands that share it."""
    commands: dict[CommandLineOption, list[str]] = {}
    for spec in (FORM, *COMMANDS):
        if option.name in spec.options:
            commands.setdefault(option.of_command(spec.name), []).append(spec.name or "the form")
    for meaning, names in commands.items():
        yield meaning.usage, f"{as_sentence(meaning.help)} ({', '.join(names)})"


def _field_text(field: Field) -> str:
    is_choice = field.kind is FieldKind.CHOICE
    values = f" One of {', '.join(map(str, field.choices))}." if is_choice else ""
    return f"{field.label}. {field.summary}{values}"


def _tagged(rows: Iterable[Row]) -> str:
    lines: list[str] = []
    for tag, text in rows:
        filled = wrapped(text, _WIDTH, break_long_words=False)
        lines += (".TP", f".B {_escaped(tag)}", *map(_escaped, filled))
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Escape a line, so that roff finds no request or escape in it."""
    line = text.translate(_ESCAPES)
    line = re.sub(r"[^\x20-\x7e]", lambda match: f"\\[u{ord(match.group()):04X}]", line)
    return f"\\&{line}" if line.startswith(".") else line


if __name__ == "__main__":
    sys.stdout.write(manpage())
