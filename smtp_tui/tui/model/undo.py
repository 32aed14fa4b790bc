"""Every change of the form as a step that can be taken back and made again. Pure.

A step is what was typed into one field until it was left, a choice, another place for the password,
or all that one fix changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import PASSWORD, Draft, same_meaning
from smtp_tui.tui.model.fixes import now_words
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
        change: Mapping[str, object],
        deed: Callable[[], None] | None = None,
        *,
        file: str = "",
    ) -> None:
        """Make a change of several fields, all of it; `deed` is what it does to the password.

        `file` is one that was written for it.
        """
        self.close()
        step = replace(_made(draft, change), file=file)
        if deed is not None:
            step = replace(step, password=_of_password(draft.password, PASSWORD, deed).password)
        self._add(step)

    def choose(self, draft: Draft, key: str, raw: object | None) -> None:
        """Take a choice."""
        self.close()
        self._add(replace(_made(draft, {key: raw}), topic=key))

    def type(self, draft: Draft, key: str, text: str) -> None:
        """Take what is typed in a field; until it is left, all of it is one step."""
        self._add_typed(replace(_made(draft, {key: text}), topic=key))

    def type_password(self, draft: Draft, text: str) -> None:
        """Take what is typed as the password, or as its place."""
        step = _of_password(draft.password, PASSWORD, lambda: draft.password.type(text))
        self._add_typed(step)

    def change_password(self, draft: Draft, topic: str, deed: Callable[[], None]) -> None:
        """Do something else to the password."""
        self.close()
        self._add(_of_password(draft.password, topic, deed))

    def close(self) -> None:
        """The field was left: what is typed there next is another step."""
        self._typing = None

    def keep_to(self, password: PasswordDraft) -> None:
        """Forget changes of a password that was saved since: the file holds it, not the form."""
        for steps in (self._done, self._undone):
            kept = (_without_other(one, password) for one in steps)
            steps[:] = [one for one in kept if one.before or one.password]

    def undo(self, draft: Draft) -> UndoResult | None:
        """Take the last step back, but for what was set otherwise since; None where none is."""
        self.close()
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        if step.password:
            step.password.of.restore(step.password.before)
        return _retraced(draft, step, step.after, step.before)

    def redo(self, draft: Draft) -> UndoResult | None:
        """Make again what was taken back last; None where nothing was, or something came since."""
        self.close()
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        if step.password:
            step.password.of.restore(step.password.after)
        return _retraced(draft, step, step.before, step.after)

    def _add(self, step: EditStep) -> None:
        if _does_something(step):
            self._done.append(step)
            self._undone.clear()

    def _add_typed(self, step: EditStep) -> None:
        if self._typing != step.topic or not self._done:
            self._typing = step.topic
            self._done.append(step)
        else:
            self._done.append(_joined(self._done.pop(), step))
        self._undone.clear()
        if not _does_something(self._done[-1]):
            self._done.pop()
            self._typing = None


def _without_other(step: EditStep, password: PasswordDraft) -> EditStep:
    if step.password is None or step.password.of is password:
        return step
    return replace(step, password=None)


def _made(draft: Draft, change: Raws) -> EditStep:
    before = {key: draft.raw(key) for key in change}
    for key, raw in change.items():
        draft.edit(key, raw)
    return EditStep(before, {key: draft.raw(key) for key in change})


def _of_password(password: PasswordDraft, topic: str, deed: Callable[[], None]) -> EditStep:
    before = password.state
    deed()
    return EditStep(topic=topic, password=PasswordChange(password, before, password.state))


def _joined(first: EditStep, then: EditStep) -> EditStep:
    if first.password and then.password:
        return replace(first, password=replace(first.password, after=then.password.after))
    return replace(first, after=then.after)


def _does_something(step: EditStep) -> bool:
    if step.password and step.password.before != step.password.after:
        return True
    return any(step.after[key] != raw for key, raw in step.before.items())


def _retraced(draft: Draft, step: EditStep, expected: Raws, wanted: Raws) -> UndoResult:
    kept = tuple(
        key for key, raw in expected.items() if not same_meaning(BY_KEY[key], draft.raw(key), raw)
    )
    changed = tuple(key for key in wanted if key not in kept)
    for key in changed:
        draft.edit(key, wanted[key])
    with_password = (*changed, PASSWORD) if step.password else changed
    return UndoResult(with_password, kept, step.topic, step.file)


# In words


def undone_words(undone: UndoResult, draft: Draft) -> str:
    """Say what was taken back."""
    stays = f" {undone.file} stays next to the settings file." if undone.file else ""
    return f"Undone: {_told(undone, draft, ' again')}.{stays}"


def redone_words(redone: UndoResult, draft: Draft) -> str:
    """Say what was made again."""
    return f"Redone: {_told(redone, draft, '')}."


def _told(retraced: UndoResult, draft: Draft, again: str) -> str:
    return ", ".join(_each(retraced, draft, again))


def _each(retraced: UndoResult, draft: Draft, again: str) -> Iterable[str]:
    for key in retraced.changed:
        label = BY_KEY[key].label
        if key == PASSWORD and retraced.topic != PASSWORD:
            yield f"{label} is kept in: {draft.password.kept}{again}"
        elif key == PASSWORD:
            yield f"{label} is as it was {'before' if again else 'typed'}"
        else:
            yield f"{label} is {now_words(key, draft)}{again}"
    for key in retraced.kept:
        yield f"{BY_KEY[key].label} keeps your later change"
