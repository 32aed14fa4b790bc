"""Undo and redo: the form goes back or forth by a step, and words tell it."""

from __future__ import annotations

from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.model.undo import UndoResult, redone_words, undone_words

NOTHING_TO_UNDO = "There is nothing to undo."
NOTHING_TO_REDO = "There is nothing to redo."


@record
class UndoController:
    """Goes through the history of the form."""

    context: FormController

    def undo(self) -> None:
        """Take the last step back."""
        form = self.context.form
        form.commit_edit()
        undone = form.history.undo(form.draft)
        self._show(undone, undone_words(undone, form.draft) if undone else NOTHING_TO_UNDO)

    def redo(self) -> None:
        """Make again what was taken back last."""
        form = self.context.form
        form.commit_edit()
        redone = form.history.redo(form.draft)
        self._show(redone, redone_words(redone, form.draft) if redone else NOTHING_TO_REDO)

    def _show(self, step: UndoResult | None, words: str) -> None:
        if step is None:
            self.context.sidebar.show_message(words)
        else:
            show_step(self.context, words, step.topic)


def show_step(context: FormController, words: str, topic: str | None = None) -> None:
    """Show the form after a step and tell it; where a hand made it, the eye will look."""
    context.show_change()
    if topic is not None:
        context.screen.show_form()
        context.form.focus_field(topic)
    context.sidebar.show_message(escape_controls(words), at=topic)
