"""Completion for bash, 3.2 and newer, without the bash-completion package."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from smtp_tui.cli.commands import COMMANDS
from smtp_tui.cli.completion.filling import Arm, arms, filled, words_of_commands
from smtp_tui.cli.completion.slots import Slot, WordKind, choices, command_words, keys, options_of

# The line is parted here, for bash itself parts it at each `=` too; what it takes for done
# already is cut off at the end.
_SCRIPT = """\
# Completion of smtp-tui for bash, made by: smtp-tui completion bash
@COMMON@
_smtp_tui_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_smtp_tui_files() {
    type compopt >/dev/null 2>&1 && compopt -o filenames
    local IFS=$'\\n'
    [[ ${1-} ]] && COMPREPLY=($(compgen -d -- "$cur") $(compgen -f -X "$1" -- "$cur"))
    [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
_smtp_tui_units() {
    _smtp_tui_words "$(@UNITS@ |
        while read -r unit _; do printf '%s ' "$unit"; done)"
}
_smtp_tui_tables() {
    local table file
    read -r -a words <<<"$COMP_LINE"
    _smtp_tui_find_file "${words[@]}"
    while IFS= read -r table; do
        [[ $table == "$cur"* ]] && COMPREPLY+=("$(printf %q "$table")")
    done <<<"$(@TABLES@)"
}
_smtp_tui_assignments() {
    local key=${cur%%=*}
    if [[ $cur != *=* ]]; then
        type compopt >/dev/null 2>&1 && compopt -o nospace
        _smtp_tui_words @KEYS@
        return
    fi
    case $key in
@CHOICES@
    esac
}
_smtp_tui_value() {
    case $1 in
@VALUES@
    esac
}
_smtp_tui_position() {
    case $1 in
@POSITIONS@
    esac
}
_smtp_tui_options() {
    case $1 in
@OPTIONS@
    esac
}
_smtp_tui() {
    local line=${COMP_LINE:0:COMP_POINT} words cur previous word skip name count number
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    number=$((${#words[@]} - 1))
    cur=${words[number]}
    previous=${words[number - 1]}
    COMPREPLY=()
    _smtp_tui_read "${words[@]:1:number - 1}"
    if [[ $skip ]]; then
        _smtp_tui_value "$previous"
    elif [[ $cur == --*=* ]]; then
        word=${cur%%=*}
        cur=${cur#*=}
        _smtp_tui_value "$word"
    elif [[ $cur == -* ]]; then
        _smtp_tui_words "$(_smtp_tui_options "$name") --help"
    else
        _smtp_tui_position "$name:$count"
    fi
    # Of a word with an = in it, bash puts in place what stands behind it.
    if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
        for number in "${!COMPREPLY[@]}"; do
            COMPREPLY[number]=${COMPREPLY[number]#"${cur%"${cur##*=}"}"}
        done
    fi
}
complete -F _smtp_tui smtp-tui
"""


def bash_script() -> str:
    """Return the script."""
    parts = {
        "KEYS": shlex.quote(" ".join(f"{key}=" for key in keys())),
        "CHOICES": arms(
            (key, _words(f"{key}={one}" for one in of)) for key, of in choices().items()
        ),
        "POSITIONS": arms(_positions()),
        "OPTIONS": arms(
            (one.name or "''", f"echo {shlex.quote(' '.join(o.flags[0] for o in options_of(one)))}")
            for one in command_words()
        ),
    }
    return filled(_SCRIPT, _looked_up, parts)


def _positions() -> Iterator[Arm]:
    names = shlex.quote(" ".join(one.name for one in COMMANDS))
    yield ":0", f"_smtp_tui_files '!*.toml'; COMPREPLY+=($(compgen -W {names} -- \"$cur\"))"
    yield from words_of_commands(_looked_up)


def _looked_up(slot: Slot) -> str:
    match slot.things:
        case WordKind.FILES:
            return "_smtp_tui_files"
        case WordKind.TOML:
            return "_smtp_tui_files '!*.toml'"
        case WordKind.UNITS:
            return "_smtp_tui_units"
        case WordKind.ASSIGNMENTS:
            return "_smtp_tui_assignments"
        case WordKind.TABLES:
            return "_smtp_tui_tables"
        case None:
            return _words(slot.words)


def _words(words: Iterable[str]) -> str:
    text = " ".join(words)
    return f"_smtp_tui_words {shlex.quote(text)}" if text else ":"
