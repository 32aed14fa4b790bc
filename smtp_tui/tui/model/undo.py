"""Undo and redo changes of the form.

One step is the typing in a field until the focus leaves it, a choice, a new place for the password,
or everything that one fix changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import PASSWORD, DraftState, SettingsDraft, same_meaning
from smtp_tui.tui.model.fixes import format_current
from smtp_tui.tui.model.password import PasswordDraft, PasswordState

# A message about the step, and the key of the row where it was made.
UndoReport = tuple[str, str | None]
NOTHING_TO_UNDO, NOTHING_TO_REDO = "There is nothing to undo.", "There is nothing to redo."


@record
class EditStep:
    """One change: the state of its fields before and after.

    `at` is the row where the admin made it; `file` was written for it, and undo does not delete it.
    """

    before: DraftState
    after: DraftState
    at: str | None = None
    file: str = ""


class UndoStack:
    """The steps that were made and undone, the latest last."""

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []
        self._typing: str | None = None
        self._password: PasswordDraft | None = None

    def __bool__(self) -> bool:
        return bool(self._done)

    def apply(
        self,
        draft: SettingsDraft,
        change: Mapping[str, object | None],
        edit_password: Callable[[], None] | None = None,
        *,
        at: str | None = None,
        file: str = "",
    ) -> None:
        """Change several fields, and the password by `edit_password`, as one step."""
        self.close()
        keys = [*change, PASSWORD] if edit_password else [*change]
        before = draft.state(keys)
        draft.restore(change)
        if edit_password:
            edit_password()
        self._add(EditStep(before, draft.state(keys), at, file), draft)

    def type(self, draft: SettingsDraft, key: str, text: str) -> None:
        """Set a field to the typed text; all typing until `close` is one step."""
        before = draft.state([key])
        if key == PASSWORD:
            draft.password.type(text)
        else:
            draft.edit(key, text)
        if self._typing == key and self._done:
            before = self._done.pop().before
        self._undone.clear()
        # Text that was typed and deleted again is no step.
        is_step = self._add(EditStep(before, draft.state([key]), key), draft)
        self._typing = key if is_step else None

    def close(self) -> None:
        """End the current typing step: the next typing starts a new one."""
        self._typing = None

    def keep_to(self, password: PasswordDraft) -> None:
        """Forget password changes if `password` is a new draft, as after saving or reloading."""
        if password is self._password:
            return
        if self._typing == PASSWORD:
            self.close()
        for steps in (self._done, self._undone):
            remaining = [
                replace(
                    step, before=_without_password(step.before), after=_without_password(step.after)
                )
                for step in steps
            ]
            steps[:] = [step for step in remaining if step.before]

    def undo(self, draft: SettingsDraft) -> UndoReport | None:
        """Undo the last step, except fields that were changed since; None if there is no step."""
        return self._move(draft, self._done, self._undone)

    def redo(self, draft: SettingsDraft) -> UndoReport | None:
        """Redo the step undone last; None if there is none, or a new step followed."""
        return self._move(draft, self._undone, self._done)

    def _add(self, step: EditStep, draft: SettingsDraft) -> bool:
        self._password = draft.password
        if step.before == step.after:
            return False
        self._done.append(step)
        self._undone.clear()
        return True

    def _move(
        self, draft: SettingsDraft, source: list[EditStep], target: list[EditStep]
    ) -> UndoReport | None:
        self.close()
        if not source:
            return None
        step, is_redo = source.pop(), source is self._undone
        target.append(step)
        expected, wanted = (step.before, step.after) if is_redo else (step.after, step.before)
        # A field that was changed since is the later decision: it stays, and the report names it.
        kept = [
            key
            for key, raw in expected.items()
            if key != PASSWORD and not same_meaning(BY_KEY[key], draft.raw(key), raw)
        ]
        draft.restore({key: raw for key, raw in wanted.items() if key not in kept})
        report = ", ".join(_changes(step, kept, draft, is_redo=is_redo))
        if is_redo:
            return f"Redone: {report}.", step.at
        file = f" {step.file} stays next to the settings file." if step.file else ""
        return f"Undone: {report}.{file}", step.at


def _without_password(state: DraftState) -> DraftState:
    return {key: raw for key, raw in state.items() if key != PASSWORD}


def _changes_place(step: EditStep) -> bool:
    """Whether a step with the password was about its place rather than its text."""
    before, after = step.before[PASSWORD], step.after[PASSWORD]
    if step.at is None and isinstance(before, PasswordState) and isinstance(after, PasswordState):
        return before.location is not after.location
    return step.at != PASSWORD


def _changes(
    step: EditStep, kept: list[str], draft: SettingsDraft, *, is_redo: bool
) -> Iterator[str]:
    again = "" if is_redo else " again"
    for key in step.before:
        label = BY_KEY[key].label
        if key == PASSWORD and not _changes_place(step):
            yield f"{label} is as it was {'typed' if is_redo else 'before'}"
        elif key == PASSWORD:
            yield f"{label} is kept in: {draft.password.location}{again}"
        elif key not in kept:
            yield f"{label} is {format_current(key, draft)}{again}"
    yield from (f"{BY_KEY[key].label} keeps your later change" for key in kept)
