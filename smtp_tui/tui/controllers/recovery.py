"""Keep unsaved changes of a lost session, and offer them when the form opens again."""

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
    """Keeps unsaved changes for the next session, and offers kept ones."""

    def keep_changes(self) -> bool:
        """Keep unsaved changes, if any; return whether they were kept."""
        draft, password = self.draft, self.draft.password
        if not draft.changed:
            return False
        changed = {key: draft.raw(key) for key in draft.changed if key != PASSWORD}
        # A URL may contain a password, which must not go into another file.
        values = {
            key: raw for key, raw in changed.items() if mask_credentials(str(raw)) == str(raw)
        }
        # Keep the password's location, never what was typed.
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
        """Ask whether to restore or discard kept changes that the file does not have yet."""
        name = str(real(self.document.path))
        recovered = load_recovery(name, self.table)
        if recovered is None:
            return
        # Changes that the file already has were made elsewhere: discard them without a question.
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
    """Return the text that says when the changes were made, and to which fields."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(recovered.moment))
    if when.startswith(time.strftime("%Y-%m-%d ", time.localtime(now))):
        when = when.partition(" ")[2]
    keys = [*_fields(recovered), *([PASSWORD] if recovered.place else ())]
    labels = ", ".join(BY_KEY[key].label for key in keys)
    return f"There are unsaved changes from {when}: {labels}."


def _fields(recovered: RecoveredChanges) -> dict[str, object | None]:
    """Return the recovered values of known fields, except the password."""
    return {key: raw for key, raw in recovered.values.items() if key in BY_KEY and key != PASSWORD}


def _place_password(draft: Draft, recovered: RecoveredChanges) -> None:
    """Choose the recovered location of the password."""
    source = source_of(dict(recovered.place)) if recovered.place else None
    if source is not None:
        draft.password.move_to(location_of(source))
        if name := typed_text(source):
            draft.password.type(name)
