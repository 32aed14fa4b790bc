"""What the keys do in each dialog; there they are the same for everybody."""

from __future__ import annotations

from smtp_tui.tui.keys.command import Command

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

DISCOVER_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Take it", "take the chosen row into the form; or search"),
    Command("move", "tab", "", "Other name", "go from the table to the name, and back"),
    Command("leave", "escape", "", "Back", "stop the search; else go back, nothing changed"),
)
"""What the keys do where settings are looked for."""

PRESET_COMMANDS: tuple[Command, ...] = (
    Command("take", "enter", "", "Take it", "take the provider's settings into the form"),
    Command("way", "tab", "", "Other port", "choose another of its ports"),
    Command("leave", "escape", "", "Back", "change nothing"),
)
"""What the keys do in the list of providers; letters find one."""

DOMAIN_COMMANDS: tuple[Command, ...] = (
    Command("selectors", "k", "", "DKIM selectors", "name the selectors of DKIM keys to look for"),
    Command("again", "r", "", "Ask again", "ask DNS anew"),
    Command("leave", "escape", "", "Back", "stop asking; else go back"),
)
"""What the keys do where it is shown what DNS holds about a domain."""

IMPORT_COMMANDS: tuple[Command, ...] = (
    Command("take", "f2", "ctrl+o", "Take it over", "make the changes in the form, as one step"),
    Command("format", "f8", "ctrl+f", "Format", "say which program's format it is"),
    Command("quoting", "f7", "ctrl+n", "Quoting", "say how an .env file is quoted"),
    Command("file", "f3", "ctrl+y", "Read a file", "read the text from a file"),
    Command("clear", "ctrl+u", "", "Clear", "take away what was typed, pasted or read"),
    Command("leave", "escape", "", "Back", "go back, nothing changed"),
)
"""What the keys do where another program's settings are taken over; Enter begins a line there."""

EXPORT_COMMANDS: tuple[Command, ...] = (
    Command("turn(1)", "right", "tab", "Next", "the next program; Left the one before"),
    Command("list", "f8", "f", "List", "choose the program from a list"),
    Command("quoting", "f7", "u", "Quoting", "say how an .env file is to be quoted"),
    Command("copy", "c", "", "Copy", "copy the text, by the terminal"),
    Command("save", "o", "f2", "Save", "save the text to a file, for you alone"),
    Command("leave", "escape", "", "Back", "go back"),
)
"""What the keys do where the settings stand as another program keeps them."""

ERROR_COMMANDS: tuple[Command, ...] = (
    Command("visit", "f9", "ctrl+r", "Go to it", "go to the field that the answer speaks of"),
    Command("clear", "ctrl+u", "", "Clear", "take away what was typed or pasted"),
    Command("leave", "escape", "", "Back", "go back to the form"),
)
"""What the keys do where an error is explained; Enter begins a line there."""
