"""What the scripts of the shells have in common: how they are filled, and what they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from smtp_tui.cli.commands import COMMANDS
from smtp_tui.cli.completion.slots import Slot, positions, value_of
from smtp_tui.cli.options import OPTIONS

Arm = tuple[str, str]
"""A pattern of a `case`, and what is done there."""

UNITS = "systemctl list-unit-files --type=service --no-legend --no-pager 2>/dev/null"

# A TOML file's tables as --table takes them, by their heads alone: awk is there long before Python.
TABLES = (
    r'awk "/^[ \t]*\[/ { many = /^[ \t]*\[\[/; gsub(/^[ \t]*\[+[ \t]*|[ \t]*\].*/, \"\");'
    r' print many ? \$0 \"[\" seen[\$0]++ \"]\" : \$0 }" "$file" 2>/dev/null'
)
# Where they are looked for if the line names no file.
DEFAULT_FILE = "${SMTP_TUI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/smtp-tui/smtp.toml}"

# What bash and zsh both understand. The words of the line up to the one that is typed: `name` is
# the command, `count` the words behind it, `skip` is set where an option waits for its value; and
# the last file in them whose tables there may be.
COMMON = """\
_smtp_tui_read() {
    local word
    skip='' name='' count=0
    for word in "$@"; do
        if [[ -n $skip ]]; then
            skip=''
            continue
        fi
        case $word in
            (@WITH_VALUE@) skip=1 ;;
            (-*) ;;
            (@COMMANDS@)
                if [[ -n $name || $count -gt 0 ]]; then count=$((count + 1)); else name=$word; fi ;;
            (*) count=$((count + 1)) ;;
        esac
    done
}
_smtp_tui_find_file() {
    local word
    file=@DEFAULT_FILE@
    for word in "$@"; do
        word=${word/#\\~\\//$HOME/}
        if [[ $word == *.toml && -f $word ]]; then file=$word; fi
    done
}"""


def filled(script: str, looked_up: Callable[[Slot], str], parts: Mapping[str, str]) -> str:
    """Put the parts in the places of a script, which look like `@NAME@`."""
    common = {
        "COMMON": COMMON,
        "VALUES": arms(_values(looked_up)),
        "WITH_VALUE": "|".join(flag for one in OPTIONS if value_of(one) for flag in one.flags),
        "COMMANDS": "|".join(one.name for one in COMMANDS),
        "UNITS": UNITS,
        "TABLES": TABLES,
        "DEFAULT_FILE": DEFAULT_FILE,
    }
    for name, text in {**common, **parts}.items():
        script = script.replace(f"@{name}@", text)
    return script


def arms(found: Iterable[Arm]) -> str:
    """Write the arms of a `case`."""
    return "\n".join(f"        ({pattern}) {does} ;;" for pattern, does in found)


def words_of_commands(looked_up: Callable[[Slot], str]) -> Iterator[Arm]:
    """Yield what is done at each word of each command, by `name:number`."""
    for command in COMMANDS:
        for number, slot in enumerate(positions(command)):
            yield f"{command.name}:{'*' if slot.repeats else number}", looked_up(slot)


def _values(looked_up: Callable[[Slot], str]) -> Iterator[Arm]:
    for option in OPTIONS:
        if slot := value_of(option):
            where = f"[[ $name == {slot.command} ]] && " if slot.command else ""
            yield "|".join(option.flags), f"{where}{looked_up(slot)}"
