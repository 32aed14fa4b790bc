"""No folder is made without a yes: a slip in a path would make one that nobody wants."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.style import WARNING
from smtp_tui.tui.widgets.dialog import ChoiceDialog, DialogOption
from smtp_tui.tui.widgets.text_page import plain

YES = "y"
NOT_MADE = "Not saved: the folder does not exist."


def missing_folder(path: Path) -> Path | None:
    """Return the folder that a file is to be in if it does not exist."""
    folder = Path(os.path.realpath(path)).parent
    return None if os.path.lexists(folder) else folder


def folder_question(folder: Path) -> str:
    """Return what to ask before a folder is made."""
    return f"The folder {escape_controls(str(folder))} does not exist. Create it (mode 0700)?"


async def may_make_folder(app: App[Any], path: Path) -> bool:
    """Ask whether the folder of a file shall be made; True where it is there."""
    folder = missing_folder(path)
    if folder is None:
        return True
    no = DialogOption("n", "No"), DialogOption("escape", "No"), DialogOption("enter", "No")
    text = [plain(folder_question(folder), WARNING)]
    return (
        await app.push_screen_wait(ChoiceDialog(text, (DialogOption(YES, "Create it"), *no))) == YES
    )
