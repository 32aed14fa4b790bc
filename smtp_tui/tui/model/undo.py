"""Every change of the form as a step that can be undone and redone.

A step is what was typed into one field until it was left, a choice, another place for the password,
or all that one fix changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import PASSWORD, Draft, DraftState, same_meaning
from smtp_tui.tui.model.fixes import format_current
from smtp_tui.tui.model.password import PasswordDraft

# What was done, and the row where the admin had made it.
UndoReport = tuple[str, str | None]


@record
class EditStep:
    """A change: what each of its fields held before and after.

    `at` is the row where the admin made it; `file` was written for it, and stays where it is.
    """

    before: DraftState
    after: DraftState
    at: str | None = None
    file: str = ""


class UndoStack:
    """The steps that were made, to be undone one by one, the last one first."""

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []
        self._typing: str | None = None
        self._password: PasswordDraft | None = None

    def __bool__(self) -> bool:
        return bool(self._done)

    def apply(
        self,
        draft: Draft,
        change: Mapping[str, object | None],
        edit_password: Callable[[], None] | None = None,
        *,
        at: str | None = None,
        file: str = "",
    ) -> None:
        """Change several fields, and the password if `edit_password` does so, as one step."""
        self.close()
        keys = [*change, PASSWORD] if edit_password else [*change]
        before = draft.state(keys)
        draft.restore(change)
        if edit_password:
            edit_password()
        self._add(EditStep(before, draft.state(keys), at, file), draft)

    def type(self, draft: Draft, key: str, text: str) -> None:
        """Change a field to what was typed; until it is left, all of that is one step."""
        before = draft.state([key])
        if key == PASSWORD:
            draft.password.type(text)
        else:
            draft.edit(key, text)
        if self._typing == key and self._done:
            before = self._done.pop().before
        self._undone.clear()
        # What was typed and deleted again is no step.
        is_step = self._add(EditStep(before, draft.state([key]), key), draft)
        self._typing = key if is_step else None

    def close(self) -> None:
        """The field was left: what is typed there next is another step."""
        self._typing = None

    def keep_to(self, password: PasswordDraft) -> None:
        """Forget changes of a password that was saved since: the file holds it, not the form."""
        if password is self._password:
            return
        if self._typing == PASSWORD:
            self.close()
        for steps in (self._done, self._undone):
            rest = [
                replace(step, before=_rest(step.before), after=_rest(step.after)) for step in steps
            ]
            steps[:] = [step for step in rest if step.before]

    def undo(self, draft: Draft) -> UndoReport | None:
        """Undo the last step, but for what was set otherwise since; None where none is."""
        return self._move(draft, self._done, self._undone)

    def redo(self, draft: Draft) -> UndoReport | None:
        """Redo what was undone last; None where nothing was, or something came since."""
        return self._move(draft, self._undone, self._done)

    def _add(self, step: EditStep, draft: Draft) -> bool:
        self._password = draft.password
        if step.before == step.after:
            return False
        self._done.append(step)
        self._undone.clear()
        return True

    def _move(
        self, draft: Draft, source: list[EditStep], target: list[EditStep]
    ) -> UndoReport | None:
        self.close()
        if not source:
            return None
        step, is_redo = source.pop(), source is self._undone
        target.append(step)
        expected, wanted = (step.before, step.after) if is_redo else (step.after, step.before)
        # What was set otherwise since is the later decision: it stays, and is named.
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


def _rest(state: DraftState) -> DraftState:
    return {key: raw for key, raw in state.items() if key != PASSWORD}


def _changes(step: EditStep, kept: list[str], draft: Draft, *, is_redo: bool) -> Iterator[str]:
    again = "" if is_redo else " again"
    for key in step.before:
        label = BY_KEY[key].label
        if key == PASSWORD and step.at == PASSWORD:
            yield f"{label} is as it was {'typed' if is_redo else 'before'}"
        elif key == PASSWORD:
            yield f"{label} is kept in: {draft.password.location}{again}"
        elif key not in kept:
            yield f"{label} is {format_current(key, draft)}{again}"
    yield from (f"{BY_KEY[key].label} keeps your later change" for key in kept)
