"""The DNS report on a domain: a sentence for each fact, with its record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from smtp_tui.config.preferences import NAME
from smtp_tui.discovery.domain import SECONDS
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import hints_of, key_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import DOMAIN_COMMANDS
from smtp_tui.tui.messages import text
from smtp_tui.tui.style import CAUTION, DIM, OURS
from smtp_tui.tui.test_pane.domain_check import DomainCheckTask, page_blocks
from smtp_tui.tui.widgets.dialog import PromptDialog
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, plain

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.discovery import SenderDomain  # which opens this dialog

# RFC 6376, section 3.1: labels of a domain name. Underscores are not allowed there, but in use.
_SELECTOR = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,250}[A-Za-z0-9_])?")


class DomainScreen(PagerScreen):
    """A page that shows the DNS check's answers as they arrive."""

    place = "domain"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DOMAIN_COMMANDS)

    def __init__(self, check: DomainCheckTask, sender: SenderDomain) -> None:
        super().__init__(hints=())
        self._check = check
        self._sender = sender

    def on_mount(self) -> None:
        """Subscribe to changes of the check."""
        self._check.changed.subscribe(self, lambda _none: self.update())

    def blocks(self, _width: int) -> Iterator[TextBlock]:
        """Yield the facts found, or why there are none."""
        found, refusal = self._check.found, self._sender.refusal()
        if found is not None and not found.is_silent and not refusal:
            title, *facts = page_blocks(found, with_records=True)
            yield from (as_title(title), plain(text("dns", "why"), DIM, gap=False))
            yield from facts
            if not self._sender.has_shown_addresses:
                yield plain(text("dns", "untested", key=key_of("test")), DIM)
            return
        yield as_title(plain(text("dns", "none")))
        yield plain(text("dns", "why"), DIM, gap=False)
        if refusal:
            yield plain(refusal, CAUTION)
        elif self._check.is_asking:
            yield plain(text("dns", "asking", seconds=f"{SECONDS:g}"), OURS)
        else:
            keys = {command.action: command.first_key for command in DOMAIN_COMMANDS}
            names = {"key": keys["again"], "seconds": f"{SECONDS:g}"}
            yield plain(text("dns", "silent" if found else "stopped", **names), CAUTION)

    def update(self) -> None:
        """Show the facts found, and the key hints."""
        super().update()
        hidden = {"selectors", "again"} if self._sender.refusal() else ()
        *others, help_key, back = hints_of(DOMAIN_COMMANDS, hidden)
        self.hints.show((*others, ("PgDn", "Scroll"), help_key, back))

    def action_stop(self) -> None:
        """Stop the DNS queries, or go back if there are none."""
        if not self._check.stop():
            self.dismiss()

    def action_again(self) -> None:
        """Ask DNS again."""
        if not self._sender.refusal():
            self._sender.ask()

    def action_selectors(self, typed: str | None = None, problem: str = "") -> None:
        """Ask for DKIM selectors and query DNS for them; ask again if one is invalid."""
        if self._sender.refusal():
            return

        def take(typed: str | None) -> None:
            if typed is None:
                return
            selectors = typed.replace(",", " ").split()
            for selector in selectors:
                if not _SELECTOR.fullmatch(selector):
                    shown = escape_controls(selector[:40])
                    self.action_selectors(typed, text("dns", "bad-selector", selector=shown))
                    return
            self._check.selectors = tuple(dict.fromkeys(selectors))
            self._sender.ask()

        title, label = text("dns", "selectors", file=NAME), text("dns", "selectors-label")
        proposal = ", ".join(self._check.selectors) if typed is None else typed
        actions = "Ask DNS", "Back"
        prompt = PromptDialog(title, label, proposal, actions, problem, may_be_empty=True)
        self.app.push_screen(prompt, take)
