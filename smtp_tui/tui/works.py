"""What the keys set going: one test at a time, and what else takes its time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from typing import Any

from textual.screen import Screen

from smtp_tui.tui.deeds import BUSY, Deeds
from smtp_tui.tui.form.retracing import Retracing
from smtp_tui.tui.keys.hints import Moment
from smtp_tui.tui.terminal.typeahead import OPENING

TRIAL = "trial"  # the workers of which there is one at a time

# By command: a method of the deeds, or of a class that is made of them. Such a class is loaded when
# it is wanted first, for the form shall stand before what few keys need is read.
TRIALS: Mapping[str, str] = {
    "test": "test",
    "send": "send",
    "fix": "cures.cures:Cures.first",
    "fixes": "cures.cures:Cures.choose",
}
OTHERS: Mapping[str, str] = {
    "save": "save",
    "diff": "saving.storing:Storing.review",
    "private": "saving.storing:Storing.make_private",
    "tables": "tables.tables:Tables.choose",
    "dialect": "tables.dialects:Dialects.choose",
    "discover": "finding.finding:Finding.discover",
    "presets": "finding.finding:Finding.presets",
    "import": "exchange.deeds:Exchange.bring_in",
    "export": "exchange.deeds:Exchange.hand_out",
    "domain": "domain.deeds:Domain.show",
    "leave": "leave",
    "explain": "asides.asides:Asides.explain",
    "report": "asides.asides:Asides.report",
    "same": "asides.asides:Asides.same",
    "compare": "log.deeds:LogDeeds.compare",
    "copy": "log.deeds:LogDeeds.copy",
    "copy_test": "log.deeds:LogDeeds.copy_test",
    "save_text": "log.deeds:LogDeeds.save_text",
    "look_for_keyring": "look_for_keyring",
    "offer_kept": "saving.keeping:Keeping.offer",
}

Deed = Callable[[], Coroutine[Any, Any, object]]


def deed_of(place: str, deeds: Deeds) -> Deed:
    """Return the deed at a place of the tables above."""
    module, _, method = place.rpartition(":")
    if module:
        maker, _, method = method.partition(".")
        source = getattr(import_module(f"smtp_tui.tui.{module}"), maker)(deeds)
    else:
        source = deeds
    deed: Deed = getattr(source, method)
    return deed


class Works:
    """Runs deeds as workers of a screen, each by its command's name."""

    def __init__(self, screen: Screen[None], deeds: Deeds) -> None:
        self._screen = screen
        self._deeds = deeds
        self.retracing = Retracing(deeds)

    def begin(self, name: str) -> None:
        """Begin a deed; a second test waits for nobody, it is told that one is under way."""
        if name not in TRIALS:
            self._work(OTHERS[name], name)
        elif self._is_trying:
            self._deeds.words.say(BUSY)
        else:
            self._work(TRIALS[name], TRIAL)

    def moment(self, *, is_in_log: bool) -> Moment:
        """Tell what the hints depend on."""
        return Moment(self._has_fixes, bool(self._deeds.form.history), is_in_log)

    @property
    def _has_fixes(self) -> bool:
        if self._deeds.bench.last_test is None:
            return False
        from smtp_tui.tui.cures.cures import Cures

        return bool(Cures(self._deeds).available())

    @property
    def _is_trying(self) -> bool:
        return any(work.group == TRIAL and not work.is_finished for work in self._screen.workers)

    def _work(self, place: str, group: str) -> None:
        deed = deed_of(place, self._deeds)
        self._screen.run_worker(
            deed(), name=OPENING, group=group, exclusive=True, exit_on_error=False
        )
