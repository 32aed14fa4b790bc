"""Completion for zsh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from smtp_tui.cli.commands import COMMANDS, Command
from smtp_tui.cli.completion.filling import Arm, arms, filled, words_of_commands
from smtp_tui.cli.completion.slots import Slot, WordKind, choices, command_words, keys, options_of

# It can stand in a folder of $fpath, or be read by: source <(smtp-tui completion zsh)
_SCRIPT = """\
#compdef smtp-tui
# Completion of smtp-tui for zsh, made by: smtp-tui completion zsh
@COMMON@
_smtp_tui_assignments() {
    local -a words
    if compset -P 'password='; then return 1; fi
    case $PREFIX in
@CHOICES@
        *=*) return 1 ;;
    esac
    words=(@KEYS@)
    _describe -t settings setting words -S ''
}
_smtp_tui_units() {
    local -a words
    words=(${(f)"$(@UNITS@)"})
    compadd -- ${words%% *}
}
_smtp_tui_tables() {
    compadd -- ${(f)"$(@TABLES@)"}
}
_smtp_tui_value() {
    local -a words
    case $1 in
@VALUES@
    esac
}
_smtp_tui_position() {
    local -a words
    case $1 in
@POSITIONS@
    esac
}
_smtp_tui_options() {
    local -a words
    case $1 in
@OPTIONS@
    esac
    words+=('--help:show the help')
    _describe -o options words
}
_smtp_tui() {
    local word skip name count cur=$words[CURRENT] file
    _smtp_tui_find_file ${(Q)words}
    _smtp_tui_read ${words[2,CURRENT-1]}
    if [[ -n $skip ]]; then
        _smtp_tui_value $words[CURRENT-1]
    elif [[ $cur == --*=* ]]; then
        word=${cur%%=*}
        compset -P 1 '*='
        _smtp_tui_value $word
    elif [[ $cur == -* ]]; then
        _smtp_tui_options "$name"
    else
        _smtp_tui_position "$name:$count"
    fi
}
if [[ $funcstack[1] == _smtp_tui ]]; then
    _smtp_tui "$@"
else
    compdef _smtp_tui smtp-tui
fi
"""


def zsh_script() -> str:
    """Return the script."""
    parts = {
        "CHOICES": arms((f"{key}=*", _assigned(key, of)) for key, of in choices().items()),
        "KEYS": _array({f"{key}=": label for key, label in keys().items()}),
        "POSITIONS": arms(_positions()),
        "OPTIONS": arms((f'"{one.name}"', _options(one)) for one in command_words()),
    }
    return filled(_SCRIPT, _looked_up, parts)


def _positions() -> Iterator[Arm]:
    names = _array({one.name: one.summary for one in COMMANDS})
    yield ":0", f"words=({names}); _describe -t commands command words; _files -g '*.toml'"
    yield from words_of_commands(_looked_up)


def _options(command: Command) -> str:
    helps = {one.flags[0]: one.help_of(command.name) for one in options_of(command)}
    return f"words=({_array(helps)})"


def _assigned(key: str, values: Iterable[str]) -> str:
    return f"compset -P '{key}='; compadd -- {' '.join(values)}; return"


def _looked_up(slot: Slot) -> str:
    match slot.things:
        case WordKind.FILES:
            return "_files"
        case WordKind.TOML:
            return "_files -g '*.toml'"
        case WordKind.UNITS:
            return "_smtp_tui_units"
        case WordKind.ASSIGNMENTS:
            return "_smtp_tui_assignments"
        case WordKind.TABLES:
            return "_smtp_tui_tables"
        case None:
            return f"words=({_array(slot.words)}); _describe -t values value words"


def _array(words: Mapping[str, str]) -> str:
    """Return the words as `_describe` takes them: what each means stands behind a colon."""
    return " ".join(
        _quoted(f"{_literal(word)}:{means}" if means else _literal(word))
        for word, means in words.items()
    )


def _literal(word: str) -> str:
    return word.replace(":", "\\:")


def _quoted(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"
