"""No folder is made without a yes: a slip in a path would make one that nobody wants."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.dialogs import Answer, Question
from smtp_tui.tui.ink import WARNING
from smtp_tui.tui.sidebar.prose import plain

YES = "y"
NOT_MADE = "Not saved: the folder does not exist."


def missing_folder(path: Path) -> Path | None:
    """Return the folder that a file is to be in if it does not exist."""
    folder = Path(os.path.realpath(path)).parent
    return None if os.path.lexists(folder) else folder


def folder_question(folder: Path) -> str:
    """Return what to ask before a folder is made."""
    return f"The folder {visible(str(folder))} does not exist. Create it (mode 0700)?"


async def may_make_folder(app: App[Any], path: Path) -> bool:
    """Ask whether the folder of a file shall be made; True where it is there."""
    folder = missing_folder(path)
    if folder is None:
        return True
    no = Answer("n", "No"), Answer("escape", "No"), Answer("enter", "No")
    text = [plain(folder_question(folder), WARNING)]
    return await app.push_screen_wait(Question(text, (Answer(YES, "Create it"), *no))) == YES
