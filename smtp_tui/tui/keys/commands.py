"""What the keys do: one declaration a command feeds bindings, hints and help."""

from __future__ import annotations

import re
from functools import partial

from smtp_tui.tui.keys.command import Command
from smtp_tui.tui.keys.keymap import key_name, spelled

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
