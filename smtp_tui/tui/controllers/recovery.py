"""Unsaved changes outlive a lost session: kept when it ends, offered when the form opens again."""

from __future__ import annotations

import time

from smtp_tui.config.paths import real
from smtp_tui.config.recovery import (
    RecoveredChanges,
    discard_recovery,
    load_recovery,
    save_recovery,
)
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.model.draft import PASSWORD, Draft
from smtp_tui.tui.model.password import location_of, source_of, typed_text
from smtp_tui.tui.widgets.dialog import choose
from smtp_tui.tui.widgets.text_page import plain


class CrashRecovery(Controller):
    """Keeps changes of the form's file for the next session, and offers what was kept."""

    def keep_changes(self) -> bool:
        """Keep what is not saved, if there is anything; False where nothing was kept."""
        draft, password = self.draft, self.draft.password
        if not draft.changed:
            return False
        changed = {key: draft.raw(key) for key in draft.changed if key != PASSWORD}
        # A URL may have a password in it, which goes into no other file.
        values = {
            key: raw for key, raw in changed.items() if mask_credentials(str(raw)) == str(raw)
        }
        # Where it is kept, never what was typed.
        place = draft.raw(PASSWORD) if password.changed else None
        is_typed = password.is_masked and bool(password.text)
        return save_recovery(
            RecoveredChanges(
                file=str(real(self.document.path)),
                table=self.table,
                moment=time.time(),
                values=values,
                place=place if isinstance(place, dict) else None,
                had_secret=is_typed or values.keys() != changed.keys(),
            )
        )

    async def offer(self) -> None:
        """Ask what is to become of kept changes, if there are any that the file does not say."""
        name = str(real(self.document.path))
        recovered = load_recovery(name, self.table)
        if recovered is None:
            return
        # Changes that the file says already were made elsewhere: they go without a question.
        answer = "d"
        draft = self.context.file_context.draft()
        draft.restore(_fields(recovered))
        _place_password(draft, recovered)
        if draft.changed:
            text = plain(recovery_question(recovered, time.time()))
            answers = (("r", "Restore them"), ("d", "Discard them"), ("escape", "Later"))
            answer = await choose(self.form.app, [text], answers)
        if answer == "r":
            self._restore(recovered)
        if answer != "escape":
            discard_recovery(name, self.table)

    def _restore(self, recovered: RecoveredChanges) -> None:
        history, draft = self.form.history, self.draft
        if recovered.place:
            history.apply(draft, {}, lambda: _place_password(draft, recovered), at="kept")
        history.apply(draft, _fields(recovered))
        labels = ", ".join(BY_KEY[key].label for key in draft.changed)
        again = " The password that you typed was not kept; type it again."
        again = again if recovered.had_secret else ""
        self.show_change(f"Restored, not saved yet: {labels}.{again}")


def recovery_question(recovered: RecoveredChanges, now: float) -> str:
    """Return from when the changes are, and of which fields."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(recovered.moment))
    if when.startswith(time.strftime("%Y-%m-%d ", time.localtime(now))):
        when = when.partition(" ")[2]
    keys = [*_fields(recovered), *([PASSWORD] if recovered.place else ())]
    labels = ", ".join(BY_KEY[key].label for key in keys)
    return f"There are unsaved changes from {when}: {labels}."


def _fields(recovered: RecoveredChanges) -> dict[str, object | None]:
    """Return the values of fields that are known here."""
    return {key: raw for key, raw in recovered.values.items() if key in BY_KEY and key != PASSWORD}


def _place_password(draft: Draft, recovered: RecoveredChanges) -> None:
    """Keep the password where it was to be kept."""
    source = source_of(dict(recovered.place)) if recovered.place else None
    if source is not None:
        draft.password.move_to(location_of(source))
        if name := typed_text(source):
            draft.password.type(name)
