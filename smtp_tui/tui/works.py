"""What the keys set going: one test at a time, and what else takes its time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.screen import Screen

from smtp_tui.tui.asides.asides import Asides
from smtp_tui.tui.cures.cures import Cures
from smtp_tui.tui.deeds import BUSY, Deeds
from smtp_tui.tui.form.retracing import Retracing
from smtp_tui.tui.keys.hints import Moment
from smtp_tui.tui.log.deeds import LogDeeds
from smtp_tui.tui.saving.keeping import Keeping
from smtp_tui.tui.saving.storing import Storing
from smtp_tui.tui.tables.tables import Tables

TRIAL = "trial"  # the workers of which there is one at a time

Deed = Callable[[], Coroutine[Any, Any, object]]


class Works:
    """Runs deeds as workers of a screen, each by its command's name."""

    def __init__(self, screen: Screen[None], deeds: Deeds) -> None:
        self._screen = screen
        self._deeds = deeds
        self._cures = Cures(deeds)
        self.retracing = Retracing(deeds)
        asides, storing = Asides(deeds), Storing(deeds)
        log = LogDeeds(deeds, asides)
        self._trials: dict[str, Deed] = {
            "test": deeds.test,
            "send": deeds.send,
            "fix": self._cures.first,
            "fixes": self._cures.choose,
        }
        self._others: dict[str, Deed] = {
            "save": deeds.save,
            "diff": storing.review,
            "private": storing.make_private,
            "tables": Tables(deeds).choose,
            "leave": self._leave,
            "explain": asides.explain,
            "report": asides.report,
            "same": asides.same,
            "compare": log.compare,
            "copy": log.copy,
            "copy_test": log.copy_test,
            "save_text": log.save_text,
            "look_for_keyring": deeds.look_for_keyring,
            "offer_kept": Keeping(deeds).offer,
        }

    def begin(self, name: str) -> None:
        """Begin a deed; a second test waits for nobody, it is told that one is under way."""
        if name not in self._trials:
            self._work(self._others[name], name)
        elif self._is_trying:
            self._deeds.words.say(BUSY)
        else:
            self._work(self._trials[name], TRIAL)

    def moment(self, *, is_in_log: bool) -> Moment:
        """Tell what the hints depend on."""
        return Moment(bool(self._cures.available()), bool(self._deeds.form.history), is_in_log)

    @property
    def _is_trying(self) -> bool:
        return any(work.group == TRIAL and not work.is_finished for work in self._screen.workers)

    def _work(self, deed: Deed, group: str) -> None:
        self._screen.run_worker(deed(), group=group, exclusive=True, exit_on_error=False)

    async def _leave(self) -> None:
        if await self._deeds.may_leave():
            self._deeds.bench.stop()
            self._screen.app.exit(0)
