"""Completion for fish."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.completion.filling import TABLES, UNITS
from smtp_tui.cli.completion.slots import (
    Slot,
    Things,
    choices,
    commands,
    keys,
    options_of,
    positions,
    value_of,
)

_HEAD = """\
# Completion of smtp-tui for fish, made by: smtp-tui completion fish
complete -c smtp-tui -e
complete -c smtp-tui -f
function __smtp_tui_tables
    set -l file $SMTP_TUI_CONFIG
    if test -z "$file"
        set -l folder $XDG_CONFIG_HOME
        test -n "$folder"; or set folder $HOME/.config
        set file $folder/smtp-tui/smtp.toml
    end
    for word in (commandline -o)
        set word (string replace -r '^~/' $HOME/ -- $word)
        string match -q '*.toml' -- $word; and test -f $word; and set file $word
    end
    @TABLES@
end"""

_UNITS = f"({UNITS} | string replace -r ' .*' '')"


def fish_script() -> str:
    """Return the script."""
    names = " ".join(one.name for one in COMMANDS)
    lines = [_HEAD.replace("@TABLES@", TABLES)]
    for command in commands():
        here = (
            f"not __fish_seen_subcommand_from {names}"
            if command is FORM
            else f"__fish_seen_subcommand_from {command.name}"
        )
        lines += _lines(command, here)
    for command in COMMANDS:
        seen = f"not __fish_seen_subcommand_from {names}"
        lines.append(_complete(seen, "-a", command.name, command.summary))
    return "\n".join([*lines, ""])


def _lines(command: Command, here: str) -> Iterator[str]:
    for option in options_of(command):
        slot = value_of(option)
        name = option.flags[0].removeprefix("--")
        if slot is None:
            yield _complete(here, "-l", name, option.help)
        elif slot.things is Things.FILES:
            yield f"{_complete(here, '-l', name, option.help)} -r -F"
        else:
            words = _words(slot) if slot.command in ("", command.name) else ""
            yield f"{_complete(here, '-l', name, option.help)} -x -a {_quoted(words)}"
    yield _complete(here, "-l", "help", "Show the help")
    for slot in positions(command):
        if slot.things in (Things.FILES, Things.TOML):
            yield f"complete -c smtp-tui -n {_quoted(here)} -F"
        elif slot.words or slot.things:
            yield f"complete -c smtp-tui -n {_quoted(here)} -a {_quoted(_words(slot))}"


def _words(slot: Slot) -> str:
    """Return the words as fish takes them; what each means stands behind a tab."""
    match slot.things:
        case Things.UNITS:
            return _UNITS
        case Things.TABLES:
            return "(__smtp_tui_tables)"
        case Things.ASSIGNMENTS:
            words = dict(_assignments())
        case _:
            words = dict(slot.words)
    return " ".join(
        f"{word}\\t{_quoted(_plain(means))}" if means else word for word, means in words.items()
    )


def _assignments() -> Iterator[tuple[str, str]]:
    values = choices()
    for key, label in keys().items():
        yield from ((f"{key}={one}", label) for one in values.get(key, ("",)))


def _complete(condition: str, kind: str, name: str, means: str) -> str:
    told = f" -d {_quoted(_plain(means))}" if means else ""
    return f"complete -c smtp-tui -n {_quoted(condition)} {kind} {name}{told}"


def _plain(text: str) -> str:
    return text.replace("(", "[").replace(")", "]").replace("$", "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
