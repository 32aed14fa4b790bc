"""The line of hints, and the keys that the help tells beside the commands."""

from __future__ import annotations

from collections.abc import Iterable

from smtp_tui.records import record
from smtp_tui.tui.keys.commands import COMMANDS, LOG_COMMANDS, MAIL_COMMANDS, Command

Hints = tuple[tuple[str, str], ...]


@record
class HintContext:
    """What the hints of the form depend on."""

    has_fixes: bool = False
    can_undo: bool = False
    is_in_log: bool = False


def hints_of(commands: Iterable[Command]) -> Hints:
    """Return keys and words of commands."""
    return tuple((one.hint_keys, one.word) for one in commands)


_LOG_HINTS = (
    *("find", "filter", "copy", "help", "report", "earlier_test", "compare", "wrap"),
    *("zoom", "fold", "mark", "save_text", "same", "test", "leave"),
)


def hints_at(moment: HintContext) -> Hints:
    """Return what matters at a moment, the most wanted first: a line of 80 columns has it all."""
    by_action = {one.action: one for one in COMMANDS}
    now = ["fix", "fixes"] if moment.has_fixes else []
    now += ["undo"] if moment.can_undo else []
    if moment.is_in_log:
        by_action |= {one.action: one for one in LOG_COMMANDS}
        to_form = ((by_action["switch"].hint_keys, "Form"),)
        now_hints = hints_of(by_action[action] for action in now)
        return (*now_hints, *to_form, *hints_of(by_action[action] for action in _LOG_HINTS))
    rare = [] if moment.has_fixes else ["send"]
    always = ["test", "save", "switch", "help"]
    menu = by_action["commands"]
    shown = hints_of(by_action[action] for action in (*now, *always))
    last = hints_of(by_action[action] for action in ("leave", *rare))
    return (*shown, last[0], (menu.first_key, menu.word), *last[1:])


def log_keys() -> Hints:
    """Return all keys of the log and what they do."""
    return (*((one.keys, one.help) for one in LOG_COMMANDS), *LOG_KEYS)


MAIL_HINTS: Hints = hints_of(MAIL_COMMANDS)

FORM_KEYS = (
    ("Up Down Tab Enter", "go from field to field"),
    ("Left Right Space", "choose; a letter jumps to the next value with that initial"),
    ("Del", "in a choice: return to the default"),
    ("^U ^W ^K", "delete to the start, a word, to the end"),
    ("", "an empty field or a default is not written to the file"),
    ("PgUp PgDn", "scroll the explanation"),
)
LOG_KEYS = (
    ("Up Down PgUp PgDn", "scroll; at the end the log follows new lines"),
    ("Left Right", "scroll lines that are cut off"),
    ("Home End", "go to the first or last line"),
)
SIGNS = (
    (">", "the field under the cursor"),
    ("*", "changed, not saved yet"),
    ("!", "invalid, or cannot work"),
    ("?", "may fail, or protects less than it seems to"),
    ("i", "a note; the sidebar has the details"),
    ("‹ ›", "the value in force, set in the file"),
    ("( )", "the value in force by default, not set in the file"),
)
