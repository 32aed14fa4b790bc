"""Completion for fish."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.cli.commands import COMMANDS, FORM, Command
from smtp_tui.cli.completion.filling import TABLES, UNITS
from smtp_tui.cli.completion.slots import (
    Slot,
    WordKind,
    choices,
    command_words,
    keys,
    options_of,
    positions,
    value_of,
)
from smtp_tui.cli.options import OPTIONS, Option

_HEAD = """\
# Completion of smtp-tui for fish, made by: smtp-tui completion fish
complete -c smtp-tui -e
complete -c smtp-tui -f
# Whether the command is $argv[1], and its words before the cursor are $argv[2], or more with a
# third argument. A word behind an option is its value, and a second command's name is a word.
function __smtp_tui_is
    set -l name ''
    set -l count 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case @WITH_VALUE@
                set skip 1
            case '-*'
            case @COMMANDS@
                if test -n "$name"; or test $count -gt 0
                    set count (math $count + 1)
                else
                    set name $word
                end
            case '*'
                set count (math $count + 1)
        end
    end
    test "$name" = "$argv[1]"; or return 1
    switch (builtin count $argv)
        case 1
            return 0
        case 2
            test $count -eq $argv[2]
        case '*'
            test $count -ge $argv[2]
    end
end
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
    parts = {
        "TABLES": TABLES,
        "WITH_VALUE": " ".join(flag for one in OPTIONS if value_of(one) for flag in one.flags),
        "COMMANDS": " ".join(one.name for one in COMMANDS),
    }
    head = _HEAD
    for name, text in parts.items():
        head = head.replace(f"@{name}@", text)
    lines = [head]
    for command in command_words():
        lines += _lines(command)
    for command in COMMANDS:
        lines.append(_complete(_at(FORM, 0), f"-a {command.name}", command.summary))
    return "\n".join([*lines, ""])


def _lines(command: Command) -> Iterator[str]:
    for option in options_of(command):
        yield _complete(_at(command), _option(option, command), option.help_of(command.name))
    yield _complete(_at(command), "-s h -l help", "show the help")
    for number, slot in enumerate(positions(command)):
        here = _at(command, number, repeats=slot.repeats)
        if slot.things is WordKind.FILES:
            yield _complete(here, "-F")
        elif slot.things is WordKind.TOML:
            yield _complete(here, "-k -a '(__fish_complete_suffix .toml)'")
        elif slot.words or slot.things:
            yield _complete(here, f"-a {_quoted(_words(slot))}")


def _option(option: Option, command: Command) -> str:
    """Return the flags of an option, and what its value may be."""
    flags = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
    )
    slot = value_of(option)
    if slot is None:
        return flags
    if slot.things is WordKind.FILES:
        return f"{flags} -r -F"
    words = _words(slot) if slot.command in ("", command.name) else ""
    return f"{flags} -x -a {_quoted(words)}"


def _at(command: Command, number: int | None = None, *, repeats: bool = False) -> str:
    """Return the condition that a word of a command stands at the cursor: any, or one of them."""
    where = [] if number is None else [str(number)]
    more = ["more"] if repeats else []
    return " ".join(["__smtp_tui_is", command.name or '""', *where, *more])


def _words(slot: Slot) -> str:
    """Return the words as fish takes them; what each means stands behind a tab."""
    match slot.things:
        case WordKind.UNITS:
            return _UNITS
        case WordKind.TABLES:
            return "(__smtp_tui_tables)"
        case WordKind.ASSIGNMENTS:
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


def _complete(condition: str, what: str, means: str = "") -> str:
    told = f" -d {_quoted(_plain(means))}" if means else ""
    return f"complete -c smtp-tui -n {_quoted(condition)} {what}{told}"


def _plain(text: str) -> str:
    return text.replace("(", "[").replace(")", "]").replace("$", "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
