"""What the keys set going: one test at a time, and what else takes its time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from typing import Any

from textual.screen import Screen

from smtp_tui.tui.controllers.form import BUSY, FormController
from smtp_tui.tui.controllers.undo import UndoController
from smtp_tui.tui.keys.hints import HintContext
from smtp_tui.tui.typeahead import OPENING

TRIAL = "trial"  # the workers of which there is one at a time

# By command: a method of the deeds, or of a class that is made of them. Such a class is loaded when
# it is wanted first, for the form shall stand before what few keys need is read.
TRIALS: Mapping[str, str] = {
    "test": "test",
    "send": "send",
    "fix": "controllers.fixes:FixController.first",
    "fixes": "controllers.fixes:FixController.choose",
}
OTHERS: Mapping[str, str] = {
    "save": "save",
    "diff": "controllers.save:SaveController.review",
    "private": "controllers.save:SaveController.make_private",
    "tables": "controllers.tables:TableController.choose",
    "dialect": "controllers.file_format:Dialects.choose",
    "discover": "controllers.discovery:DiscoveryController.discover",
    "presets": "controllers.discovery:DiscoveryController.presets",
    "import": "controllers.import_export:ImportExportController.bring_in",
    "export": "controllers.import_export:ImportExportController.hand_out",
    "domain": "controllers.domain_check:DomainController.show",
    "leave": "leave",
    "explain": "controllers.tools:ToolController.explain",
    "report": "controllers.tools:ToolController.report",
    "same": "controllers.tools:ToolController.same",
    "compare": "controllers.log:LogController.compare",
    "copy": "controllers.log:LogController.copy",
    "copy_test": "controllers.log:LogController.copy_test",
    "save_text": "controllers.log:LogController.save_text",
    "look_for_keyring": "look_for_keyring",
    "offer_kept": "controllers.recovery:CrashRecovery.offer",
}

Deed = Callable[[], Coroutine[Any, Any, object]]


def command_handler(place: str, context: FormController) -> Deed:
    """Return the deed at a place of the tables above."""
    module, _, method = place.rpartition(":")
    if module:
        maker, _, method = method.partition(".")
        source = getattr(import_module(f"smtp_tui.tui.{module}"), maker)(context)
    else:
        source = context
    deed: Deed = getattr(source, method)
    return deed


class CommandRunner:
    """Runs deeds as workers of a screen, each by its command's name."""

    def __init__(self, screen: Screen[None], context: FormController) -> None:
        self._screen = screen
        self._context = context
        self.undo_controller = UndoController(context)

    def run_command(self, name: str) -> None:
        """Begin a deed; a second test waits for nobody, it is told that one is under way."""
        if name not in TRIALS:
            self._work(OTHERS[name], name)
        elif self._is_trying:
            self._context.sidebar.show_message(BUSY)
        else:
            self._work(TRIALS[name], TRIAL)

    def hint_context(self, *, is_in_log: bool) -> HintContext:
        """Tell what the hints depend on."""
        return HintContext(self._has_fixes, bool(self._context.form.history), is_in_log)

    @property
    def _has_fixes(self) -> bool:
        if self._context.test_pane.last_test is None:
            return False
        from smtp_tui.tui.controllers.fixes import FixController

        return bool(FixController(self._context).available())

    @property
    def _is_trying(self) -> bool:
        return any(work.group == TRIAL and not work.is_finished for work in self._screen.workers)

    def _work(self, place: str, group: str) -> None:
        deed = command_handler(place, self._context)
        self._screen.run_worker(
            deed(), name=OPENING, group=group, exclusive=True, exit_on_error=False
        )
