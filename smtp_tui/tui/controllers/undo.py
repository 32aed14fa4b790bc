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

    deeds: FormController

    def undo(self) -> None:
        """Take the last step back."""
        form = self.deeds.form
        form.settle()
        undone = form.history.undo(form.draft)
        self._show(undone, undone_words(undone, form.draft) if undone else NOTHING_TO_UNDO)

    def redo(self) -> None:
        """Make again what was taken back last."""
        form = self.deeds.form
        form.settle()
        redone = form.history.redo(form.draft)
        self._show(redone, redone_words(redone, form.draft) if redone else NOTHING_TO_REDO)

    def _show(self, step: UndoResult | None, words: str) -> None:
        if step is None:
            self.deeds.words.say(words)
        else:
            show_step(self.deeds, words, step.topic)


def show_step(deeds: FormController, words: str, topic: str | None = None) -> None:
    """Show the form after a step and tell it; where a hand made it, the eye will look."""
    deeds.show_change()
    if topic is not None:
        deeds.stage.show_form()
        deeds.form.visit(topic)
    deeds.words.say(escape_controls(words), at=topic)
