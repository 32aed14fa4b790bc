"""Every change of the form as a step that can be undone and redone.

A step is what was typed into one field until it was left, a choice, another place for the password,
or all that one fix changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import PASSWORD, Draft, DraftState, same_meaning
from smtp_tui.tui.model.fixes import format_current
from smtp_tui.tui.model.password import PasswordDraft


@record
class EditStep:
    """A change: what each of its fields held before and after.

    `at` is the row where the admin made it; `file` was written for it, and stays where it is.
    """

    before: DraftState
    after: DraftState
    at: str | None = None
    file: str = ""


@record
class UndoResult:
    """What was undone or redone, and what stays because it was changed otherwise since."""

    step: EditStep
    is_redo: bool
    changed: tuple[str, ...]
    kept: tuple[str, ...]


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
        step = self._edit(draft, change, partial(draft.restore, change), edit_password)
        if step.before != step.after:
            self._done.append(replace(step, at=at, file=file))
            self._undone.clear()

    def type(self, draft: Draft, key: str, text: str) -> None:
        """Change a field to what was typed; until it is left, all of that is one step."""
        if key == PASSWORD:
            step = self._edit(draft, (), None, partial(draft.password.type, text))
        else:
            step = self._edit(draft, (key,), partial(draft.edit, key, text), None)
        if self._typing == key and self._done:
            step = replace(step, before=self._done.pop().before)
        self._undone.clear()
        # What was typed and deleted again is no step.
        self._typing = key if step.before != step.after else None
        if self._typing:
            self._done.append(replace(step, at=key))

    def close(self) -> None:
        """The field was left: what is typed there next is another step."""
        self._typing = None

    def keep_to(self, password: PasswordDraft) -> None:
        """Forget changes of a password that was saved since: the file holds it, not the form."""
        if password is self._password:
            return
        self._password = password
        if self._typing == PASSWORD:
            self.close()
        for steps in (self._done, self._undone):
            rest = [
                replace(step, before=_rest(step.before), after=_rest(step.after)) for step in steps
            ]
            steps[:] = [step for step in rest if step.before]

    def undo(self, draft: Draft) -> UndoResult | None:
        """Undo the last step, but for what was set otherwise since; None where none is."""
        return self._move(draft, self._done, self._undone)

    def redo(self, draft: Draft) -> UndoResult | None:
        """Redo what was undone last; None where nothing was, or something came since."""
        return self._move(draft, self._undone, self._done)

    def _edit(
        self,
        draft: Draft,
        keys: Iterable[str],
        edit: Callable[[], None] | None,
        edit_password: Callable[[], None] | None,
    ) -> EditStep:
        changed = (*keys, PASSWORD) if edit_password else tuple(keys)
        self._password, before = draft.password, draft.state(changed)
        for make in filter(None, (edit, edit_password)):
            make()
        return EditStep(before, draft.state(changed))

    def _move(
        self, draft: Draft, source: list[EditStep], target: list[EditStep]
    ) -> UndoResult | None:
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
        changes = {key: raw for key, raw in wanted.items() if key not in kept}
        draft.restore(changes)
        return UndoResult(step, is_redo, tuple(changes), tuple(kept))


def _rest(state: DraftState) -> DraftState:
    return {key: raw for key, raw in state.items() if key != PASSWORD}


def format_undo(result: UndoResult, draft: Draft) -> str:
    """Report what was undone or redone."""
    step, is_redo = result.step, result.is_redo
    again, changes = "" if is_redo else " again", []
    for key in result.changed:
        label = BY_KEY[key].label
        if key != PASSWORD:
            changes.append(f"{label} is {format_current(key, draft)}{again}")
        elif step.at == PASSWORD:
            changes.append(f"{label} is as it was {'typed' if is_redo else 'before'}")
        else:
            changes.append(f"{label} is kept in: {draft.password.location}{again}")
    changes += [f"{BY_KEY[key].label} keeps your later change" for key in result.kept]
    file = "" if is_redo or not step.file else f" {step.file} stays next to the settings file."
    return f"{'Redone' if is_redo else 'Undone'}: {', '.join(changes)}.{file}"
