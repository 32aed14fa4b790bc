"""What the keys do: one declaration a command feeds bindings, hints and help."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its action, its keys, its word in the hint line, and its row in the help.

    Each function key has an alternative, because serial lines, `screen` and some terminals' own
    menus swallow them. None is on Ctrl+A, B, C, Q or S, which multiplexers, interrupts and flow
    control take.
    """

    action: str
    key: str
    alternative: str
    word: str
    help: str
    is_hinted: bool = True
    is_global: bool = False

    @property
    def binding(self) -> Binding:
        """The command as Textual binds it."""
        keys = ",".join(filter(None, (self.key, self.alternative)))
        return Binding(keys, self.action, self.word, show=False)

    @property
    def keys(self) -> str:
        """The keys as people write them."""
        return " ".join(key_name(key) for key in (self.key, self.alternative) if key)


def key_name(key: str) -> str:
    """Write a key as it is engraved: `F5`, `^T`, `Esc`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn"}.get(key, key.capitalize())


COMMANDS: tuple[Command, ...] = (
    Command("test", "f5", "ctrl+t", "Test", "test the settings as they stand, saved or not"),
    Command("save", "f2", "ctrl+o", "Save", "write what was changed to the file"),
    Command("switch", "f6", "ctrl+l", "Log", "go to the log, and back to the form"),
    Command("help", "f1", "ctrl+g", "Help", "show this page"),
    Command("send", "f7", "ctrl+n", "Send", "send a test message; asks first to whom"),
    Command("leave", "f10", "ctrl+x", "Quit", "leave; asks first if something is not saved"),
    Command("back", "escape", "", "Stop", "stop what runs; else go back to the form", False),
    Command("suspend", "ctrl+z", "", "", "go to the shell; `fg` brings you back", False, True),
    Command("how_to_quit", "ctrl+c", "", "", "", False, True),
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

Hints = tuple[tuple[str, str], ...]
HINTS: Hints = tuple((one.keys, one.word) for one in COMMANDS if one.is_hinted)
MAIL_HINTS: Hints = tuple((one.keys, one.word) for one in MAIL_COMMANDS)

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
    ("Left Right", "read long lines"),
    ("Home End", "go to the first line, to the last"),
)
SIGNS = (
    (">", "the field under the cursor"),
    ("*", "changed, not saved yet"),
    ("!", "cannot be used as it stands"),
    ("‹ ›", "the choice in force, as the file says"),
    ("( )", "the choice in force by default, the file says nothing"),
)
