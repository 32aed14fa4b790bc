"""Unsaved changes outlive a lost line: kept when the form is ended, offered when it opens again."""

from __future__ import annotations

import time

from smtp_tui.config.document import Document
from smtp_tui.config.paths import real
from smtp_tui.config.recovery import (
    RecoveredChanges,
    discard_recovery,
    load_recovery,
    save_recovery,
)
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.controllers.undo import show_step
from smtp_tui.tui.model.draft import PASSWORD, Draft
from smtp_tui.tui.model.password import NEEDS, kind_of, source_of, words_of
from smtp_tui.tui.widgets.dialog import ChoiceDialog, DialogOption
from smtp_tui.tui.widgets.text_page import plain

TAKE, DROP, LATER = "r", "d", "escape"
TAKEN = "Restored, not saved yet"
TYPE_AGAIN = "The password that you typed was not kept; type it again."


def keep(draft: Draft, document: Document, table: str) -> bool:
    """Keep what is not saved, if there is anything; False where nothing was kept."""
    if not draft.changed:
        return False
    changed = {key: draft.raw(key) for key in draft.changed if key != PASSWORD}
    values = {key: raw for key, raw in changed.items() if mask_credentials(str(raw)) == str(raw)}
    place = draft.raw(PASSWORD) if draft.password.changed else None
    is_typed = draft.password.is_masked and bool(draft.password.text)
    return save_recovery(
        RecoveredChanges(
            file=_name(document),
            table=table,
            moment=time.time(),
            values=values,
            place=place if isinstance(place, dict) else None,
            had_secret=is_typed or values.keys() != changed.keys(),
        )
    )


@record
class CrashRecovery:
    """Offers what was kept of the form's file."""

    context: FormController

    async def offer(self) -> None:
        """Ask what is to become of kept changes, if there are any that the file does not say."""
        name, table = _name(self.context.document), self.context.table
        unsaved = load_recovery(name, table)
        if unsaved is None:
            return
        if not self._is_news(unsaved):
            discard_recovery(name, table)
            return
        answers = (
            DialogOption(TAKE, "Restore them"),
            DialogOption(DROP, "Discard them"),
            DialogOption(LATER, "Later"),
        )
        text = plain(offer_words(unsaved, time.time()))
        answer = await self.context.form.app.push_screen_wait(ChoiceDialog([text], answers))
        if answer == TAKE:
            self._take(unsaved)
        if answer != LATER:
            discard_recovery(name, table)

    def _is_news(self, unsaved: RecoveredChanges) -> bool:
        draft = self.context.file_context.draft()
        for key, raw in _fields(unsaved).items():
            draft.edit(key, raw)
        _place(draft, unsaved)
        return bool(draft.changed)

    def _take(self, unsaved: RecoveredChanges) -> None:
        form = self.context.form
        if unsaved.place:
            form.history.change_password(form.draft, "kept", lambda: _place(form.draft, unsaved))
        form.history.apply(form.draft, _fields(unsaved))
        told = f"{TAKEN}: {', '.join(BY_KEY[key].label for key in form.draft.changed)}."
        show_step(self.context, f"{told} {TYPE_AGAIN}" if unsaved.had_secret else told)


def offer_words(unsaved: RecoveredChanges, now: float) -> str:
    """Say from when the changes are, and of which fields."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(unsaved.moment))
    if when.startswith(time.strftime("%Y-%m-%d ", time.localtime(now))):
        when = when.partition(" ")[2]
    keys = [*_fields(unsaved), *([PASSWORD] if unsaved.place else ())]
    labels = ", ".join(BY_KEY[key].label for key in keys)
    return f"There are unsaved changes from {when}: {labels}."


def _name(document: Document) -> str:
    return str(real(document.path))


def _fields(unsaved: RecoveredChanges) -> dict[str, object | None]:
    """Return the values of fields that are known here."""
    return {key: raw for key, raw in unsaved.values.items() if key in BY_KEY and key != PASSWORD}


def _place(draft: Draft, unsaved: RecoveredChanges) -> None:
    """Keep the password where it was to be kept."""
    source = source_of(dict(unsaved.place)) if unsaved.place else None
    if source is not None:
        draft.password.keep(kind_of(source))
        if kind_of(source) in NEEDS:
            draft.password.type(words_of(source))
