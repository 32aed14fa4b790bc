"""Saving an exported text for its owner alone, and over nothing without a yes."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import expand
from smtp_tui.config.reading import read
from smtp_tui.config.writing import Manner, write
from smtp_tui.smtp.escaping import visible
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.asides.ask_line import AskLine
from smtp_tui.tui.dialogs import Answer, Question
from smtp_tui.tui.exchange.words import text
from smtp_tui.tui.ink import BAD
from smtp_tui.tui.saving.folders import may_make_folder
from smtp_tui.tui.saving.wording import sentence
from smtp_tui.tui.sidebar.prose import plain

YES = "y"


async def ask_and_save(app: App[Any], content: str, proposal: Path) -> Path | None:
    """Ask for a file and save a text there, until that worked or is given up."""
    typed, problem = str(proposal), ""
    while True:
        title, label = text("export", "save"), text("import", "label")
        line = AskLine(title, label, typed, ("Save", "Do not save"), problem)
        answer = await app.push_screen_wait(line)
        if answer is None:
            return None
        typed, path = answer, expand(answer, Path())
        if not await may_make_folder(app, path):
            continue
        if not _is_there(path) or await _may_replace(app, path):
            problem = await in_daemon_thread(partial(_saved, path, content))
            if not problem:
                return path


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def _may_replace(app: App[Any], path: Path) -> bool:
    shown = visible(str(path))
    question = plain(text("export", "replace", path=shown, backup=f"{shown}~"), BAD)
    no = Answer("n", "No"), Answer("escape", "No"), Answer("enter", "No")
    return await app.push_screen_wait(Question([question], (Answer(YES, "Replace"), *no))) == YES


def _saved(path: Path, content: str) -> str:
    """Write the text; return why it could not be written."""
    try:
        replaces = _is_there(path)
        old = read(path) if replaces else None
        manner = Manner(private=True, backup=replaces)
        write(path, content.encode("utf-8"), old=old, manner=manner)
    except DocumentError as error:
        return sentence(error)
    return ""
