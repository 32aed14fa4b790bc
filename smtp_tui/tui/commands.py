"""What the keys do: one declaration a command feeds bindings, hints and help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding

from smtp_tui.tui.keymap import key_name, spelled


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its action, its keys, its word in the hint line, and its row in the help.

    What `is_begun` takes its time: `works` does it, by the action's name. A key `outside` is a
    character, so it counts only where no text is typed.

    Each function key has an alternative, because serial lines, `screen` and some terminals' own
    menus swallow them. None is on Ctrl+A, B, C, Q or S, which multiplexers, interrupts and flow
    control take; on Ctrl+P, where `docker attach` waits for a second key, none is alone.
    """

    action: str
    key: str
    alternative: str
    word: str
    help: str
    is_global: bool = False
    is_begun: bool = False
    outside: str = ""

    @property
    def binding(self) -> Binding:
        """The command as Textual binds it; other keys in force go by its name."""
        action = f"screen.begin('{self.action}')" if self.is_begun else self.action
        name = self.action if self in configurable() else None
        return Binding(",".join(self.usual_keys), action, self.word, show=False, id=name)

    @property
    def usual_keys(self) -> tuple[str, ...]:
        """The keys it has unless the admin chose others."""
        return tuple(filter(None, (self.key, self.alternative, self.outside)))

    @property
    def keys_in_force(self) -> tuple[str, ...]:
        """The keys it has."""
        return _in_force.get(self, self.usual_keys)

    @property
    def keys(self) -> str:
        """The keys as people write them."""
        return " ".join(map(key_name, self.keys_in_force))

    @property
    def hint_keys(self) -> str:
        """The keys for the line of hints, which has no room for one that counts at times only."""
        keys = [key for key in self.keys_in_force if key != self.outside]
        return " ".join(map(key_name, keys))

    @property
    def first_key(self) -> str:
        """The key to name where there is room for one."""
        return key_name(self.keys_in_force[0])

    @property
    def title(self) -> str:
        """Its word, in a list of commands."""
        return self.word or self.action.capitalize()


_in_force: dict[Command, tuple[str, ...]] = {}


def use_keys(keys: Mapping[Command, tuple[str, ...]]) -> None:
    """Let commands have other keys than their usual ones; what is not named has those."""
    _in_force.clear()
    _in_force.update(keys)


def configurable() -> tuple[Command, ...]:
    """Return the commands whose keys an admin may choose, by their actions."""
    return (*COMMANDS, *LOG_COMMANDS)


def key_of(action: str) -> str:
    """Return the first key of a command, as people write it."""
    return next(one.first_key for one in configurable() if one.action == action)


def with_keys(text: str) -> str:
    """Name the keys in force in a text that was written for the usual ones."""
    if not _in_force:
        return text
    names = {key_name(one.usual_keys[0]): one.first_key for one in COMMANDS}
    return re.sub(r"\bF\d+\b", lambda match: names.get(match[0], match[0]), text)


def names_of(action: str) -> str:
    """Return all keys of a command in a sentence: `F10 or Ctrl+X`."""
    keys = next(one.keys_in_force for one in COMMANDS if one.action == action)
    return " or ".join(map(spelled, keys))


def _begun(action: str, key: str, alternative: str, word: str, told: str) -> Command:
    return Command(action, key, alternative, word, told, is_begun=True)


COMMANDS: tuple[Command, ...] = (
    _begun("test", "f5", "ctrl+t", "Test", "test the settings as they stand, saved or not"),
    _begun("fix", "f9", "ctrl+r", "Fix", "make the change that helps a failed test, test again"),
    _begun("fixes", "f8", "ctrl+f", "Fixes", "all changes that could help, to choose from"),
    Command("undo", "f4", "ctrl+underscore", "Undo", "take back the last change, by hand or fix"),
    Command("redo", "ctrl+backslash", "alt+e", "Redo", "make again what was taken back"),
    _begun("save", "f2", "ctrl+o", "Save", "write what was changed to the file"),
    _begun("diff", "alt+d", "insert", "Diff", "show what saving would change in the file"),
    _begun("private", "alt+m", "", "Mode 0600", "let nobody but its owner read the file"),
    _begun("tables", "alt+o", "", "Tables", "go to another SMTP table of the file"),
    Command("switch", "f6", "ctrl+l", "Log", "go to the log, and back to the form"),
    Command("commands", "ctrl+p", "f12", "Menu", "all commands and fields by name", outside=":"),
    Command("jump", "f11", "ctrl+v", "Go to", "go to a field by the letter shown at it"),
    Command("help", "f1", "ctrl+g", "Help", "what all the keys do", outside="?"),
    _begun("explain", "f3", "ctrl+y", "Why", "paste an error of any program: what does it mean?"),
    _begun("send", "f7", "ctrl+n", "Send", "send a test message; asks first to whom"),
    _begun("leave", "f10", "ctrl+x", "Quit", "leave; asks first if something is not saved"),
    Command("back", "escape", "", "Stop", "stop what runs; else go back to the form"),
    Command("suspend", "ctrl+z", "", "", "go to the shell; `fg` brings you back", is_global=True),
    Command("how_to_quit", "ctrl+c", "", "", "", is_global=True),
)

LOG_COMMANDS: tuple[Command, ...] = (
    Command("find", "/", "ctrl+w", "Find", "search; case counts where a capital is typed"),
    Command("next_match", "n", "", "Next", "the next line that the search found"),
    Command("previous_match", "N", "p", "Previous", "the previous line that the search found"),
    Command("filter", "f", "", "Filter", "all lines, the dialogue only, warnings and facts only"),
    Command("wrap", "w", "", "Wrap", "wrap long lines, or cut them"),
    Command("fold", "enter", "e", "Unfold", "unfold or fold a certificate; elsewhere all of them"),
    Command("earlier_test", "t", "", "Tests", "the beginning of this test, of the one above it"),
    Command("later_test", "T", "b", "Later test", "the beginning of the test below"),
    _begun("compare", "d", "", "Compare", "what differs between the last two tests"),
    _begun("copy", "c", "", "Copy", "copy the line, or the marked block, by the terminal"),
    _begun("copy_test", "a", "", "Copy test", "copy the whole last test"),
    Command("mark", "m", "", "Mark", "begin a block here; the cursor takes lines into it"),
    Command("zoom", "z", "", "Whole screen", "give the log the whole height, or take it back"),
    _begun("report", "r", "", "Report", "save a report of the last test, without secrets"),
    _begun("save_text", "o", "", "Save text", "save the last test's dialogue as plain text"),
    _begun("same", "s", "", "swaks, curl", "the same with swaks, openssl and curl"),
)

MAIL_COMMANDS: tuple[Command, ...] = (
    Command("send", "f8", "ctrl+r", "Send it", "send the message; so does Enter in the last line"),
    Command(
        "ask",
        "f5",
        "ctrl+t",
        "Only ask, send nothing",
        "ask about sender and recipients, and send nothing",
    ),
    Command("leave", "escape", "", "Back", "send nothing; what was typed is kept"),
)
"""What the keys do while a test message is written; no key that opened this sends."""

FIX_COMMANDS: tuple[Command, ...] = (
    Command(
        "take", "enter", "", "Do it", "make the chosen change and test again, or go to its field"
    ),
    Command("pin", "p", "", "Pin certificate", "take the server's certificate, and no other"),
    Command("save_authority", "c", "", "Save CA", "save the CA that the server sent, trust it"),
    Command("leave", "escape", "", "Back", "change nothing"),
)
"""What the keys do in the list of fixes; those about certificates where they apply."""

DIFF_COMMANDS: tuple[Command, ...] = (
    Command("save", "f2", "ctrl+o", "Save", "save what is shown"),
    Command("backup", "b", "", "Backup", "keep the old file as FILE~"),
    Command("private", "p", "", "Mode 0600", "let nobody but its owner read the file"),
    Command("leave", "escape", "", "Back", "save nothing"),
)
"""What the keys do where it is shown what saving would change."""

CHANGED_COMMANDS: tuple[Command, ...] = (
    Command("merge", "m", "", "Merge and save", "make your changes in the file as it is now"),
    Command("reload", "r", "", "Reload", "take the file as it is now; asks before it drops yours"),
    Command("leave", "escape", "", "Back", "write nothing; your changes stay in the form"),
)
"""What the keys do where the file was changed by another program."""

CONFLICT_COMMANDS: tuple[Command, ...] = (
    Command("take", "f2", "ctrl+o", "Merge and save", "save with the values chosen"),
    Command("leave", "escape", "", "Back", "write nothing"),
)
"""What the keys do where both changed the same key; Left and Right choose whose value counts."""

TABLE_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Open", "open the table"),
    Command("test_all", "f5", "ctrl+t", "Test all", "test each table as the file has it"),
    Command("leave", "escape", "", "Back", "stay, or leave where no table is open yet"),
)
"""What the keys do in the list of tables."""

ERROR_COMMANDS: tuple[Command, ...] = (
    Command("visit", "f9", "ctrl+r", "Go to it", "go to the field that the answer speaks of"),
    Command("clear", "ctrl+u", "", "Clear", "take away what was typed or pasted"),
    Command("leave", "escape", "", "Back", "go back to the form"),
)
"""What the keys do where an error is explained; Enter begins a line there."""

Hints = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Moment:
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


def hints_at(moment: Moment) -> Hints:
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
    ("Left Right Space", "choose; a letter goes to the next word that begins so"),
    ("Del", "on a choice: back to the default"),
    ("^U ^W ^K", "delete to the start, a word, to the end"),
    ("", "an empty field, or a default, is left out of the file"),
    ("PgUp PgDn", "read on in the explanation"),
)
LOG_KEYS = (
    ("Up Down PgUp PgDn", "scroll; at the end it follows what comes"),
    ("Left Right", "read on in lines that are cut"),
    ("Home End", "go to the first line, to the last"),
)
SIGNS = (
    (">", "the field under the cursor"),
    ("*", "changed, not saved yet"),
    ("!", "cannot be used, or cannot work, as it stands"),
    ("?", "may fail, or protects less than it seems to"),
    ("i", "good to know; the sidebar tells it whole"),
    ("‹ ›", "the choice in force, as the file says"),
    ("( )", "the choice in force by default, the file says nothing"),
)
