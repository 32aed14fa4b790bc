"""What the keys do in each dialog; there they are the same for everybody."""

from __future__ import annotations

from smtp_tui.tui.keys.command import Command

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
