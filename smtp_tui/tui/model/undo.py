"""Every change of the form as a step that can be taken back and made again. Pure.

A step is what was typed into one field until it was left, a choice, another place for the password,
or all that one fix changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import PASSWORD, Draft, same_meaning
from smtp_tui.tui.model.fixes import format_current
from smtp_tui.tui.model.password import PasswordDraft, PasswordState

Raws = Mapping[str, object | None]


@record
class EditStep:
    """A change: what each of its fields held before and after; `topic` is where a hand made it.

    `file` is what was written for it, which stays where it is.
    """

    before: Raws = field(default_factory=dict)
    after: Raws = field(default_factory=dict)
    topic: str | None = None
    password: PasswordChange | None = None
    file: str = ""

    @property
    def changes_something(self) -> bool:
        """Whether anything differs after it."""
        if self.password and self.password.before != self.password.after:
            return True
        return any(self.after[key] != raw for key, raw in self.before.items())


@record
class PasswordChange:
    """What became of the password; no repr shows it."""

    of: PasswordDraft = field(repr=False)
    before: PasswordState = field(repr=False)
    after: PasswordState = field(repr=False)


@record
class UndoResult:
    """What was taken back or made again, and what stays because it was changed otherwise since."""

    changed: tuple[str, ...]
    kept: tuple[str, ...] = ()
    topic: str | None = None
    file: str = ""


class UndoStack:
    """The steps that were made, to be taken back one by one, the last one first."""

    def __init__(self) -> None:
        self._done: list[EditStep] = []
        self._undone: list[EditStep] = []
        self._typing: str | None = None

    def __bool__(self) -> bool:
        return bool(self._done)

    def apply(
        self,
        draft: Draft,
        change: Mapping[str, object | None],
        edit_password: Callable[[], None] | None = None,
        *,
        topic: str | None = None,
        file: str = "",
    ) -> None:
        """Change several fields, and the password if `edit_password` does so, as one step.

        `file` is one that was written for it.
        """
        self.close()
        step = replace(_edited(draft, change), topic=topic, file=file)
        if edit_password is not None:
            edit = _edited_password(draft.password, PASSWORD, edit_password)
            step = replace(step, password=edit.password)
        self._add(step)

    def type(self, draft: Draft, key: str, text: str) -> None:
        """Change a field to what was typed; until it is left, all of that is one step."""
        if key == PASSWORD:
            password = draft.password
            self._add_typed(_edited_password(password, key, lambda: password.type(text)))
        else:
            self._add_typed(replace(_edited(draft, {key: text}), topic=key))

    def change_password(self, draft: Draft, topic: str, edit: Callable[[], None]) -> None:
        """Do something to the password other than type it."""
        self.close()
        self._add(_edited_password(draft.password, topic, edit))

    def close(self) -> None:
        """The field was left: what is typed there next is another step."""
        self._typing = None

    def keep_to(self, password: PasswordDraft) -> None:
        """Forget changes of a password that was saved since: the file holds it, not the form."""
        for steps in (self._done, self._undone):
            kept = [
                step
                if step.password is None or step.password.of is password
                else replace(step, password=None)
                for step in steps
            ]
            steps[:] = [step for step in kept if step.before or step.password]

    def undo(self, draft: Draft) -> UndoResult | None:
        """Take the last step back, but for what was set otherwise since; None where none is."""
        return self._move(draft, self._done, self._undone)

    def redo(self, draft: Draft) -> UndoResult | None:
        """Make again what was taken back last; None where nothing was, or something came since."""
        return self._move(draft, self._undone, self._done)

    def _move(
        self, draft: Draft, source: list[EditStep], target: list[EditStep]
    ) -> UndoResult | None:
        self.close()
        if not source:
            return None
        step, is_undo = source.pop(), source is self._done
        target.append(step)
        password = step.password
        if password:
            password.of.restore(password.before if is_undo else password.after)
        expected, wanted = (step.after, step.before) if is_undo else (step.before, step.after)
        # What was set otherwise since is the later decision: it stays, and is named.
        kept = tuple(
            key
            for key, raw in expected.items()
            if not same_meaning(BY_KEY[key], draft.raw(key), raw)
        )
        changed = tuple(key for key in wanted if key not in kept)
        for key in changed:
            draft.edit(key, wanted[key])
        return UndoResult(
            (*changed, PASSWORD) if password else changed, kept, step.topic, step.file
        )

    def _add(self, step: EditStep) -> None:
        if step.changes_something:
            self._done.append(step)
            self._undone.clear()

    def _add_typed(self, step: EditStep) -> None:
        if self._typing == step.topic and self._done:
            # A letter more in the same field is the same step.
            first = self._done.pop()
            if first.password and step.password:
                edit = replace(first.password, after=step.password.after)
                step = replace(first, password=edit)
            else:
                step = replace(first, after=step.after)
        self._typing = step.topic
        self._undone.clear()
        if step.changes_something:
            self._done.append(step)
        else:
            self._typing = None


def _edited(draft: Draft, change: Raws) -> EditStep:
    before = {key: draft.raw(key) for key in change}
    for key, raw in change.items():
        draft.edit(key, raw)
    return EditStep(before, {key: draft.raw(key) for key in change})


def _edited_password(password: PasswordDraft, topic: str, edit: Callable[[], None]) -> EditStep:
    before = password.state
    edit()
    return EditStep(topic=topic, password=PasswordChange(password, before, password.state))


def undone_words(undone: UndoResult, draft: Draft) -> str:
    """Say what was taken back."""
    stays = f" {undone.file} stays next to the settings file." if undone.file else ""
    return f"Undone: {_field_words(undone, draft, ' again', 'before')}.{stays}"


def redone_words(redone: UndoResult, draft: Draft) -> str:
    """Say what was made again."""
    return f"Redone: {_field_words(redone, draft, '', 'typed')}."


def _field_words(result: UndoResult, draft: Draft, again: str, as_it_was: str) -> str:
    words = []
    for key in result.changed:
        label = BY_KEY[key].label
        if key != PASSWORD:
            words.append(f"{label} is {format_current(key, draft)}{again}")
        elif result.topic == PASSWORD:
            words.append(f"{label} is as it was {as_it_was}")
        else:
            words.append(f"{label} is kept in: {draft.password.location}{again}")
    words += [f"{BY_KEY[key].label} keeps your later change" for key in result.kept]
    return ", ".join(words)
