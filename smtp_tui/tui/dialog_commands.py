"""Declare the commands of each dialog once for bindings, key hints and help.

A function key does the same in all dialogs: F2 confirms, F5 contacts a server, F8 opens a list.
"""

from __future__ import annotations

from smtp_tui.tui.commands import FormCommand

# The keys that confirm a dialog, as F2 saves in the form.
CARRY_OUT = "f2 ctrl+o ctrl+s"

# Keys for composing a test message. F7, which opens this dialog, must not send: it may be held.
MAIL_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("send", CARRY_OUT, "Send it", "send the message; Enter in the last line does too"),
    FormCommand(
        "ask",
        "f5 ctrl+t",
        "Check the addresses only",
        "check sender and recipients, and send nothing",
    ),
    FormCommand(
        "follow",
        "alt+g",
        "Send and follow",
        "send the message, and follow it in the mail log of this machine",
    ),
    FormCommand("prove", "alt+y", "Prove it", "send the message, and look for it in its mailbox"),
    FormCommand("leave", "escape", "Back", "go back; your text is kept"),
)

# Keys in the list of fixes; those for certificates only where they apply.
FIX_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("take", "enter", "Apply", "apply the fix and test again, or go to its field"),
    FormCommand("pin", "p", "Pin certificate", "accept this certificate, and no other"),
    FormCommand("save_authority", "c", "Save CA", "save the CA that the server sent, and trust it"),
    FormCommand("leave", "escape", "Back", "change nothing"),
)

# Keys in the preview of a save.
DIFF_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("save", CARRY_OUT, "Save", "save the changes shown"),
    FormCommand("backup", "b", "Backup", "keep the old file as FILE~"),
    FormCommand("private", "p", "Mode 0600", "make the file readable only by its owner"),
    FormCommand("leave", "escape", "Back", "save nothing"),
)

# Keys when another program changed the file.
CHANGED_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("merge", "m", "Merge and save", "apply your changes to the file as it is now"),
    FormCommand(
        "reload", "r", "Reload", "load the file again; asks before discarding your changes"
    ),
    FormCommand("leave", "escape", "Back", "save nothing; your changes stay in the form"),
)

# Keys when the file and the form have changed the same field.
CONFLICT_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("choose(-1)", "left", "File", "use the value in the file"),
    FormCommand("choose(1)", "right", "Form", "use the value in the form"),
    FormCommand("take", CARRY_OUT, "Merge and save", "save the values that you chose"),
    FormCommand("leave", "escape", "Back", "save nothing"),
)

# Keys in the list of tables.
TABLE_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("take", "enter", "Open", "open the table"),
    FormCommand("test_all", "f5 ctrl+t", "Test all", "test every table as saved in the file"),
    FormCommand("leave", "escape", "Back", "go back, or quit if no table is open yet"),
)

# Keys in the search for settings.
DISCOVER_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand(
        "take",
        f"enter {CARRY_OUT}",
        "Use it",
        "use the chosen server; in the search line, search",
    ),
    FormCommand("search", "f5 ctrl+t", "Search", "search for the typed name"),
    FormCommand("move", "tab f6 ctrl+l", "Other name", "go from the table to the name, and back"),
    FormCommand("leave", "escape", "Back", "stop the search, or go back without a change"),
)

# Keys in the list of providers; letters search it.
PRESET_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand(
        "take", f"enter {CARRY_OUT}", "Use it", "copy the provider's settings into the form"
    ),
    FormCommand("way", "tab", "Other port", "choose another port of the provider"),
    FormCommand("leave", "escape", "Back", "change nothing"),
)

# Keys in the DNS report on a domain.
DOMAIN_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("selectors", "k", "DKIM selectors", "type the DKIM selectors to look up"),
    FormCommand("again", "f5 ctrl+t r", "Ask again", "ask DNS again"),
    FormCommand("stop", "escape", "Back", "stop asking, or go back"),
)

# Keys in the list of what runs with other settings.
DRIFT_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("again", "f5 ctrl+t r", "Compare again", "compare the file with what runs again"),
    FormCommand("leave", "escape", "Back", "go back"),
)

# Keys in the import of another program's settings; Enter starts a new line there.
IMPORT_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("take", CARRY_OUT, "Import", "copy the settings into the form"),
    FormCommand("format", "f8 ctrl+f", "Format", "choose the format of the text"),
    FormCommand("quoting", "alt+u", "Quoting", "choose how the .env file is quoted"),
    FormCommand("file", "alt+r ctrl+r", "Read a file", "read the text from a file"),
    FormCommand("clear", "ctrl+u", "Clear", "clear the text"),
    FormCommand("leave", "escape", "Back", "go back without a change"),
)

# Keys in the export for another program.
EXPORT_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand(
        "turn(1)", "right tab", "Next", "show the next program; Left shows the previous one"
    ),
    FormCommand("list", "f8 ctrl+f f", "List", "choose the program from a list"),
    FormCommand("quoting", "u alt+u", "Quoting", "choose how the .env file is quoted"),
    FormCommand("copy", "c", "Copy", "copy the text (terminal clipboard)"),
    FormCommand("save", f"{CARRY_OUT} o", "Save", "save the text to a file that only you can read"),
    FormCommand("leave", "escape", "Back", "go back"),
)

# Keys in another program's command for the same test.
EQUIVALENT_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand(
        "turn(1)", "right tab", "Next", "show the next program; Left shows the previous one"
    ),
    FormCommand("copy", "c", "Copy", "copy the command (terminal clipboard)"),
    FormCommand(
        "save", f"{CARRY_OUT} o", "Save", "save the command to a file that only you can read"
    ),
    FormCommand("leave", "escape", "Back", "go back"),
)

# Keys in the explanation at full size.
EXPLANATION_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand(
        "turn(1)", "tab", "Next field", "show the next field; Shift+Tab shows the previous one"
    ),
    FormCommand("choose('fix')", "f9 ctrl+r", "Fix", "apply the best fix and test again"),
    FormCommand(
        "choose('error')", "e", "Explain an error", "explain an error from another program"
    ),
    FormCommand("leave", "escape", "Back", "go back to the field that the page explains"),
)

# Keys in the explanation of an error; Enter starts a new line there.
ERROR_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("visit", "f9 ctrl+r", "Go to it", "go to the field that the explanation names"),
    FormCommand("clear", "ctrl+u", "Clear", "clear the text"),
    FormCommand("leave", "escape", "Back", "go back to the form"),
)

# Keys in the list of the settings on this machine.
SCAN_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("take", f"enter {CARRY_OUT}", "Open", "open the file, or import the settings"),
    FormCommand("leave", "escape", "Back", "go back to the form"),
)

# The commands of each dialog by its `place`, in the order of the help.
DIALOG_COMMANDS = {
    "fixes": FIX_COMMANDS,
    "explanation": EXPLANATION_COMMANDS,
    "error": ERROR_COMMANDS,
    "discover": DISCOVER_COMMANDS,
    "presets": PRESET_COMMANDS,
    "import": IMPORT_COMMANDS,
    "export": EXPORT_COMMANDS,
    "equivalents": EQUIVALENT_COMMANDS,
    "domain": DOMAIN_COMMANDS,
    "mail": MAIL_COMMANDS,
    "diff": DIFF_COMMANDS,
    "changed": CHANGED_COMMANDS,
    "conflict": CONFLICT_COMMANDS,
    "tables": TABLE_COMMANDS,
    "drift": DRIFT_COMMANDS,
    "scan": SCAN_COMMANDS,
}


def key_in(place: str, action: str) -> str:
    """Return the first key of a dialog's command, formatted for display."""
    return next(one.first_key for one in DIALOG_COMMANDS[place] if one.action == action)
