"""What a command is: an action, its keys, and its words in hints, help and menu.

What the keys do in each dialog; there they are the same for everybody.

What the keys do: one declaration a command feeds bindings, hints and help.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from textual.binding import Binding

from smtp_tui.records import record
from smtp_tui.tui.keys.keymap import key_name, spelled


@record
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
    is_configurable: bool = False

    @property
    def binding(self) -> Binding:
        """The command as Textual binds it; where its keys may be chosen they go by its name."""
        action = f"screen.run_command('{self.action}')" if self.is_begun else self.action
        name = self.action if self.is_configurable else None
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


MAIL_COMMANDS: tuple[Command, ...] = (
    Command("send", "f8", "ctrl+r", "Send it", "send the message; Enter in the last line does too"),
    Command(
        "ask",
        "f5",
        "ctrl+t",
        "Only ask, send nothing",
        "check sender and recipients, send nothing",
    ),
    Command("leave", "escape", "", "Back", "go back; your text is kept"),
)
"""What the keys do while a test message is written; no key that opened this sends."""

FIX_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Apply", "apply the fix and test again, or go to its field"),
    Command("pin", "p", "", "Pin certificate", "accept this certificate, and no other"),
    Command("save_authority", "c", "", "Save CA", "save the CA that the server sent, and trust it"),
    Command("leave", "escape", "", "Back", "change nothing"),
)
"""What the keys do in the list of fixes; those about certificates where they apply."""

DIFF_COMMANDS: tuple[Command, ...] = (
    Command("save", "f2", "ctrl+o", "Save", "save the changes shown"),
    Command("backup", "b", "", "Backup", "keep the old file as FILE~"),
    Command("private", "p", "", "Mode 0600", "let only its owner read the file"),
    Command("leave", "escape", "", "Back", "save nothing"),
)
"""What the keys do where it is shown what saving would change."""

CHANGED_COMMANDS: tuple[Command, ...] = (
    Command("merge", "m", "", "Merge and save", "apply your changes to the file as it is now"),
    Command(
        "reload", "r", "", "Reload", "load the file as it is now; asks before it discards yours"
    ),
    Command("leave", "escape", "", "Back", "save nothing; your changes stay in the form"),
)
"""What the keys do where the file was changed by another program."""

CONFLICT_COMMANDS: tuple[Command, ...] = (
    Command("take", "f2", "ctrl+o", "Merge and save", "save the values that you chose"),
    Command("leave", "escape", "", "Back", "save nothing"),
)
"""What the keys do where both changed the same key; Left and Right choose whose value counts."""

TABLE_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Open", "open the table"),
    Command("test_all", "f5", "ctrl+t", "Test all", "test every table as saved in the file"),
    Command("leave", "escape", "", "Back", "go back, or quit if no table is open yet"),
)
"""What the keys do in the list of tables."""

DISCOVER_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Use it", "copy the chosen server into the form; or search"),
    Command("move", "tab", "", "Other name", "go from the table to the name, and back"),
    Command("leave", "escape", "", "Back", "stop the search, or go back without a change"),
)
"""What the keys do where settings are looked for."""

PRESET_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Use it", "copy the provider's settings into the form"),
    Command("way", "tab", "", "Other port", "choose another of its ports"),
    Command("leave", "escape", "", "Back", "change nothing"),
)
"""What the keys do in the list of providers; letters find one."""

DOMAIN_COMMANDS: tuple[Command, ...] = (
    Command("selectors", "k", "", "DKIM selectors", "type the selectors of DKIM keys to look for"),
    Command("again", "r", "", "Ask again", "ask DNS again"),
    Command("leave", "escape", "", "Back", "stop asking, or go back"),
)
"""What the keys do where it is shown what DNS holds about a domain."""

IMPORT_COMMANDS: tuple[Command, ...] = (
    Command("take", "f2", "ctrl+o", "Import", "copy the settings into the form, as one step"),
    Command("format", "f8", "ctrl+f", "Format", "choose the format of the text"),
    Command("quoting", "f7", "ctrl+n", "Quoting", "choose how the .env file is quoted"),
    Command("file", "f3", "ctrl+y", "Read a file", "read the text from a file"),
    Command("clear", "ctrl+u", "", "Clear", "clear the text"),
    Command("leave", "escape", "", "Back", "go back without a change"),
)
"""What the keys do where another program's settings are taken over; Enter begins a line there."""

EXPORT_COMMANDS: tuple[Command, ...] = (
    Command("turn(1)", "right", "tab", "Next", "the next program; Left: the previous one"),
    Command("list", "f8", "f", "List", "choose the program from a list"),
    Command("quoting", "f7", "u", "Quoting", "choose how the .env file is quoted"),
    Command("copy", "c", "", "Copy", "copy the text (terminal clipboard)"),
    Command("save", "o", "f2", "Save", "save the text to a file that only you can read"),
    Command("leave", "escape", "", "Back", "go back"),
)
"""What the keys do where the settings stand as another program keeps them."""

ERROR_COMMANDS: tuple[Command, ...] = (
    Command("visit", "f9", "ctrl+r", "Go to it", "go to the field that the explanation names"),
    Command("clear", "ctrl+u", "", "Clear", "clear the text"),
    Command("leave", "escape", "", "Back", "go back to the form"),
)
"""What the keys do where an error is explained; Enter begins a line there."""


# rf

_command = partial(Command, is_configurable=True)
_begun = partial(_command, is_begun=True)

COMMANDS: tuple[Command, ...] = (
    _begun("test", "f5", "ctrl+t", "Test", "test the settings in the form, saved or not"),
    _begun("fix", "f9", "ctrl+r", "Fix", "apply the best fix for a failed test, test again"),
    _begun("fixes", "f8", "ctrl+f", "Fixes", "list all fixes, to choose one"),
    _command("undo", "f4", "ctrl+underscore", "Undo", "undo the last change, yours or a fix"),
    _command("redo", "ctrl+backslash", "alt+e", "Redo", "redo what was undone"),
    _begun("save", "f2", "ctrl+o", "Save", "save the changes to the file"),
    _begun("diff", "alt+d", "insert", "Diff", "show what saving would change in the file"),
    _begun("private", "alt+m", "", "Mode 0600", "let only its owner read the file"),
    _begun("tables", "alt+o", "", "Tables", "go to another SMTP table of the file"),
    _begun("dialect", "alt+a", "", "Format", "choose the program whose settings the file holds"),
    _begun(
        "discover", "alt+s", "ctrl+circumflex_accent", "Discover", "find the settings of a domain"
    ),
    _begun("presets", "alt+p", "ctrl+@", "Presets", "the settings of a mail provider, by name"),
    _begun("import", "alt+i", "", "Import", "import the settings of another program"),
    _begun("export", "alt+x", "", "Export", "export the settings for another program"),
    _begun("domain", "alt+n", "", "DNS", "what DNS says about the sender's domain"),
    _command("switch", "f6", "ctrl+l", "Log", "go to the log, and back to the form"),
    _command("commands", "ctrl+p", "f12", "Menu", "all commands and fields by name", outside=":"),
    _command("jump", "f11", "ctrl+v", "Go to", "go to a field by the letter shown next to it"),
    _command("help", "f1", "ctrl+g", "Help", "show what every key does", outside="?"),
    _begun("explain", "f3", "ctrl+y", "Why", "explain an error from any program"),
    _begun("send", "f7", "ctrl+n", "Send", "send a test message; asks for recipients first"),
    _begun("leave", "f10", "ctrl+x", "Quit", "quit; asks first about unsaved changes"),
    _command("back", "escape", "", "Stop", "stop what runs, or go back to the form"),
    _command("suspend", "ctrl+z", "", "", "go to the shell; `fg` brings you back", is_global=True),
    _command("how_to_quit", "ctrl+c", "", "", "", is_global=True),
)

LOG_COMMANDS: tuple[Command, ...] = (
    _command("find", "/", "ctrl+w", "Find", "search; a capital makes it case-sensitive"),
    _command("next_match", "n", "", "Next", "the next match"),
    _command("previous_match", "N", "p", "Previous", "the previous match"),
    _command("filter", "f", "", "Filter", "show all lines, the dialogue, or warnings and facts"),
    _command("wrap", "w", "", "Wrap", "wrap long lines, or cut them off"),
    _command("fold", "enter", "e", "Unfold", "unfold or fold a certificate; elsewhere all"),
    _command("earlier_test", "t", "", "Tests", "the start of this test, then of the one above"),
    _command("later_test", "T", "b", "Later test", "the start of the test below"),
    _begun("compare", "d", "", "Compare", "show what differs between the last two tests"),
    _begun("copy", "c", "", "Copy", "copy the line or the marked block (terminal clipboard)"),
    _begun("copy_test", "a", "", "Copy test", "copy the whole last test"),
    _command("mark", "m", "", "Mark", "start a block here; moving the cursor extends it"),
    _command(
        "zoom", "z", "", "Whole screen", "give the log the whole screen, or the form its part"
    ),
    _begun("report", "r", "", "Report", "save a report of the last test, without secrets"),
    _begun("save_text", "o", "", "Save text", "save the dialogue of the last test as plain text"),
    _begun("same", "s", "", "swaks, curl", "the same test with swaks, openssl and curl"),
)


def configurable() -> tuple[Command, ...]:
    """Return the commands whose keys an admin may choose, by their actions."""
    return (*COMMANDS, *LOG_COMMANDS)


def key_of(action: str) -> str:
    """Return the first key of a command, as people write it."""
    return next(one.first_key for one in configurable() if one.action == action)


def with_keys(text: str) -> str:
    """Name the keys in force in a text that was written for the usual ones."""
    names = {key_name(one.usual_keys[0]): one.first_key for one in COMMANDS}
    return re.sub(r"\b(F\d+|Alt\+[A-Z])\b", lambda match: names.get(match[0], match[0]), text)


def names_of(action: str) -> str:
    """Return all keys of a command in a sentence: `F10 or Ctrl+X`."""
    keys = next(one.keys_in_force for one in COMMANDS if one.action == action)
    return " or ".join(map(spelled, keys))
