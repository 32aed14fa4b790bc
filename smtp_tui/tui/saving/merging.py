"""The form's changes on top of a file that was read anew."""

from __future__ import annotations

from collections.abc import Collection

from smtp_tui.tui.form.model import PASSWORD, Draft
from smtp_tui.tui.form.situation import Situation


def merge_into(draft: Draft, situation: Situation, dropped: Collection[str]) -> None:
    """Have a draft begin with the file as it is now, and make its changes again.

    Those `dropped` are lost; what the file says already is no change any more.
    """
    kept = {key: draft.raw(key) for key in draft.changed if key not in dropped}
    state = draft.password.state if PASSWORD in kept else None
    situation.rebase(draft)
    for key, raw in kept.items():
        if key != PASSWORD:
            draft.edit(key, raw)
    if state is not None:
        draft.password.restore(state)
